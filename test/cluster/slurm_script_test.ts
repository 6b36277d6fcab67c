import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import type { ArrayJob } from "../../src/cluster/array_job.ts";
import { shellLine } from "../../src/shell_words.ts";
import { slurmScript } from "../../src/cluster/slurm_script.ts";

const absent = (program: string) =>
  spawnSync(program, ["--version"]).error === undefined ? false : `${program} is absent`;

/** Words with everything in them that a shell could take for something else. */
const ODD = [
  "my data",
  "it's",
  '"quoted"',
  "$HOME",
  "`id`",
  "$(id)",
  "a\\b",
  "*",
  "~",
  "#x",
  "a=b",
  "",
  "-n",
  "new\nline",
  "ä;&|<>",
];

const JOB: ArrayJob = {
  name: "folds",
  command: ["seg", "train", ...ODD],
  tasks: 5,
  atOnce: 2,
  cores: 3,
  memoryMib: 4096,
  gpus: 1,
  afterwards: ["seg", "merge", "runs\n#SBATCH --array=0-999"],
};

/** Runs `use` with a folder in which `seg` and `scontrol` are these scripts, and `job.sh` is that of `job`. */
async function withPrograms(
  job: ArrayJob,
  { seg, scontrol = "exit 1" }: { seg: string; scontrol?: string },
  use: (folder: string, environment: Record<string, string>) => void | Promise<void>,
): Promise<void> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "seg-slurm-script-")));
  try {
    for (const [name, body] of Object.entries({ seg, scontrol })) {
      writeFileSync(join(folder, name), `#!/bin/bash\n${body}\n`, { mode: 0o755 });
    }
    writeFileSync(join(folder, "job.sh"), slurmScript(job));
    const environment = { PATH: `${folder}${delimiter}${process.env["PATH"]}`, SLURM_JOB_ID: "17" };
    await use(folder, environment);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("shellLine() writes words that a shell reads as they are", { skip: absent("bash") }, () => {
  const { stdout } = spawnSync("bash", ["-c", `printf '%s\\0' ${shellLine(ODD)}`], { encoding: "utf8" });
  assert.deepEqual(stdout.split("\0").slice(0, -1), ODD);
});

test("slurmScript() has its directives above the first command, and none but its own", () => {
  const lines = slurmScript(JOB, { timeSeconds: 90061.5, setup: "module load nodejs" }).split("\n");
  assert.equal(lines[0], "#!/bin/bash");
  const directives = lines.filter((line) => line.startsWith("#SBATCH"));
  assert.deepEqual(directives.map((line) => line.slice("#SBATCH ".length)), [
    "--job-name=folds",
    "--array=0-4%2",
    "--nodes=1",
    "--ntasks=1",
    "--cpus-per-task=3",
    "--mem=4096M",
    "--gres=gpu:1",
    "--time=1-01:01:02",
    "--output=folds-%A_%a.log",
    "--open-mode=append",
    "--requeue",
    "--signal=B:USR1@120",
  ]);
  const first = lines.findIndex((line) => line !== "" && !line.startsWith("#"));
  assert.ok(lines.lastIndexOf(directives.at(-1) as string) < first);
  assert.ok(lines.indexOf("module load nodejs") > first);
});

test("slurmScript() is clean under shellcheck", { skip: absent("shellcheck") }, () => {
  for (const script of [slurmScript(JOB), slurmScript({ ...JOB, gpus: 0 }, { setup: "module load nodejs" })]) {
    // SC2016: the words have $ in single quotes on purpose.
    const { status, stdout } = spawnSync("shellcheck", ["--exclude=SC2016", "-"], { input: script, encoding: "utf8" });
    assert.deepEqual([status, stdout], [0, ""]);
  }
});

test("slurmScript() passes the words and the exit code on", { skip: absent("bash") }, async () => {
  await withPrograms(JOB, { seg: `printf '%s\\0' "$@"; exit 7` }, (folder, environment) => {
    const { status, stdout } = spawnSync("bash", [join(folder, "job.sh")], { env: environment, encoding: "utf8" });
    assert.deepEqual([stdout.split("\0").slice(0, -1), status], [["train", ...ODD], 7]);
  });
});

test(
  "slurmScript() queues the task again after a warning, and only if it was saved",
  { skip: absent("bash") },
  async () => {
    const cases: [signal: NodeJS.Signals, code: number, requeued: boolean, status: number][] = [
      ["SIGUSR1", 130, true, 0],
      ["SIGUSR1", 1, false, 1],
      ["SIGTERM", 130, false, 130],
    ];
    await Promise.all(cases.map(async ([signal, code, requeued, status]) => {
      const programs = {
        // Saving takes a moment, in which the signal comes once more.
        seg: `trap 'echo "$0 got ${signal}" > got; sleep 0.3; exit ${code}' ${signal.slice(3)}
        touch started
        while :; do sleep 0.05; done`,
        scontrol: 'printf "%s " "$@" > requeued',
      };
      await withPrograms({ ...JOB, command: ["seg"] }, programs, async (folder, environment) => {
        const script = spawn("bash", ["job.sh"], { cwd: folder, env: environment, stdio: "ignore" });
        const ended = new Promise((resolve) => script.once("exit", resolve));
        const reached = async (name: string) => {
          while (!existsSync(join(folder, name))) await new Promise((resolve) => setTimeout(resolve, 10));
        };
        await reached("started");
        process.kill(script.pid as number, signal);
        await reached("got");
        process.kill(script.pid as number, signal);
        assert.equal(await ended, status, signal);
        const file = join(folder, "requeued");
        assert.equal(existsSync(file) && readFileSync(file, "utf8"), requeued ? "requeue 17 " : false);
      });
    }));
  },
);
