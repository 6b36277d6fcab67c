import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { parse } from "yaml";
import { cluster } from "../../src/commands/cluster.ts";
import type { Outcome } from "../../src/command_line/command.ts";
import { parseCommand } from "../../src/command_line/parse.ts";
import { silentReporter } from "../../src/reporter.ts";
import { inFolder } from "./run_program.ts";

async function write(line: readonly string[]): Promise<Outcome> {
  const job = await parseCommand(cluster, line);
  return await job.run({ reporter: silentReporter, signal: new AbortController().signal });
}

async function refused(line: readonly string[], message: string | RegExp): Promise<void> {
  await assert.rejects(write(line), (error: Error) => {
    assert.equal(error.name, "UsageFailure", error.stack);
    if (typeof message === "string") assert.equal(error.message, `seg cluster: ${message}\nTry seg cluster --help`);
    else assert.match(error.message, message);
    return true;
  });
}

const KUBERNETES = ["kubernetes", "--image", "seg:1", "--mount", "data:/data:ro", "--mount", "runs:/runs"];

test("seg cluster counts the tasks of a command, and gives it its threads", async () => {
  await inFolder(async (folder) => {
    const data = join(folder, "my data");
    mkdirSync(data);
    const splits = join(folder, "splits.json");
    const split = { train: ["a"], val: ["b"] };
    writeFileSync(splits, JSON.stringify([split, split, split]));
    const train = ["--", "seg", "train", data, "--out", "runs"];
    const cases: [line: string[], tasks: number, threads: string][] = [
      [[...train, "--fold", "auto"], 5, "4"],
      [["--cores", "2", ...train, "--fold", "auto", "--folds", "7"], 7, "2"],
      [[...train, "--fold", "auto", "--seed", "auto/3", "--threads", "9"], 15, "9"],
      [[...train, "--seed", "auto/3"], 3, "4"],
      [[...train, "--fold", "auto", "--split-file", splits], 3, "4"],
      [["--", "predict", splits, data, "--out", "masks", "--part", "auto/8"], 8, "4"],
      [["--tasks", "6", "--", "node", "sweep.js", "--out", "x"], 6, ""],
    ];
    for (const [line, tasks, threads] of cases) {
      const { json } = await write(["slurm", ...line]);
      const { command, ...found } = json as { tasks: number; command: string[]; text: string };
      assert.equal(found.tasks, tasks, line.join(" "));
      assert.ok(found.text.includes(`#SBATCH --array=0-${tasks - 1}\n`));
      const place = command.indexOf("--threads");
      assert.equal(place < 0 ? "" : command[place + 1], threads);
    }
  });
});

test("seg cluster writes a file, names how to hand it in, and overwrites nothing", async () => {
  await inFolder(async (folder) => {
    const [script, data] = [join(folder, "job.sh"), join(folder, "data")];
    mkdirSync(data);
    const line = [
      "slurm",
      "--out",
      script,
      "--program",
      "/opt/my seg",
      "--",
      "train",
      data,
      "--fold",
      "auto",
      "--out",
      "runs",
    ];
    const { text, next } = await write(line);
    assert.deepEqual([text, next], [`${script}: 5 tasks`, `sbatch ${script}`]);
    assert.match(readFileSync(script, "utf8"), /^'\/opt\/my seg' train .* --out runs --threads 4 &$/m);
    await assert.rejects(write(line), { name: "Failure", message: /job\.sh exists already/ });
    await write(["slurm", "--force", ...line.slice(1)]);
  });
});

test("seg cluster kubernetes takes the paths of the image, which are not here", async () => {
  const { json } = await write([...KUBERNETES, "--", "train", "/data/set", "--fold", "auto", "--out", "/runs/cv"]);
  const { text } = json as { text: string };
  const { spec } = parse(text);
  assert.equal(spec.completions, 5);
  assert.deepEqual(spec.template.spec.containers[0].command.slice(0, 3), ["seg", "train", "/data/set"]);
});

test("seg cluster refuses commands that have one task, are wrong, or lose what they write", async () => {
  const train = ["--", "train", "src", "--out", "runs"];
  await refused(["slurm"], "COMMAND is missing: give the command of a task behind --");
  await refused(["slurm", ...train], "the command has one task only: give it --fold auto, --seed auto/n or both");
  await refused(
    ["slurm", ...train, "--fold", "auto:1"],
    /auto:1 is for arrays that begin at 1, and this one begins at 0/,
  );
  await refused(["slurm", "--", "train", "src", "--fold", "auto"], "the command needs --out, the folder of all tasks");
  await refused(["slurm", "--tasks", "4", ...train], /--tasks does not go with train/);
  await refused(
    ["slurm", "--", "evaluate", "x"],
    /evaluate has no parts of its own: give the number of tasks with --tasks/,
  );
  await refused(
    ["slurm", ...train, "--fold", "auto", "--epoch", "3"],
    /^seg train: unknown option --epoch; did you mean/,
  );
  await refused(
    ["slurm", "--", "train", "absent", "--fold", "auto", "--out", "r"],
    /^seg train: there is no folder absent/,
  );
  await refused(
    ["slurm", "--time", "5m", ...train, "--fold", "auto"],
    "--time: found 300 s, expected 10 minutes or more",
  );
  await refused(
    ["slurm", "--image", "x", ...train, "--fold", "auto"],
    "--image has no effect for slurm: it is for kubernetes",
  );
  await refused(["kubernetes", ...train, "--fold", "auto"], "kubernetes needs --image, an image with seg in it");
  await refused([...KUBERNETES, "--time", "1h", ...train], "--time has no effect for kubernetes: it is for slurm");
  for (const out of ["/data/cv", "runs/cv", "/runs/../etc", "/runsaway"]) {
    const line = ["--", "train", "/data/set", "--fold", "auto", "--out", out];
    await refused(
      [...KUBERNETES, ...line],
      /--out .* of the command is in no volume that can be written to and outlives/,
    );
  }
  await refused(["slurm", "--name", "A_b", ...train], /--name: found "A_b", expected up to 40 letters of a to z/);
  await refused(["slurm", "--memory", "8", ...train], /--memory: found "8", expected a size such as 8G or 512M/);
  await refused(
    ["kubernetes", "--mount", "data:data", ...train],
    /--mount: found "data:data", expected a volume claim and/,
  );
  const twice = ["--mount", "a:/data", ...KUBERNETES.slice(1)];
  await refused(
    ["kubernetes", ...twice, "--", "train", "/data/set", "--fold", "auto", "--out", "/runs/cv"],
    "--mount: /data stands more than once",
  );
  assert.equal(process.exitCode ?? 0, 0);
});
