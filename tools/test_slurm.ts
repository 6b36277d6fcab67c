/**
 * Runs the array jobs of `seg cluster slurm` on a real Slurm of one node on this machine, with tasks that are warned, killed and
 * queued again, and compares everything with the same work without Slurm: `npm run test:slurm`.
 *
 * Nothing is installed: what is missing is named. Slurm's files are in a temporary folder, and its daemons end with this program.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { writePhantom } from "../src/data/phantom.ts";
import { missingPrograms, type Slurm, startSlurm, tail, until } from "./slurm/cluster.ts";

const FOLDS = 5;
const SETTINGS = "--width 4 --input-size 32 --output-size 64 --batch 4 --steps-per-epoch 10 --folds 5".split(" ");
// Slurm looks every 30 s whether the time of a task is nearly over: a fold has to last longer.
const FOLD_SECONDS = 60;
// Names that a shell must not change.
const [DATA, RUNS, MASKS] = ["data set", "it's $HOME's runs", "masks & more"] as const;

const missing = missingPrograms();
if (missing.length > 0) {
  console.log(`${missing.join(", ")} absent: sudo apt-get install slurm-wlm munge`);
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), "seg-slurm-"));
// munged trusts a folder that others may enter alone.
chmodSync(folder, 0o755);
const program = join(folder, "seg");
const command = "Deno" in globalThis
  ? [process.execPath, "run", "--quiet", "--no-check", "--allow-all", resolve("src/main.ts")]
  : [process.execPath, resolve("dist/src/main.js")];
writeFileSync(program, `#!/bin/sh\nexec ${command.map((word) => `'${word}'`).join(" ")} "$@"\n`, { mode: 0o755 });

let slurm: Slurm | undefined;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, async () => {
    await slurm?.stop();
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  });
}
try {
  slurm = await startSlurm(folder, { cores: 2 });
  console.log(slurm.run("sinfo", ["--version"]).trim());
  writePhantom(join(folder, DATA), { cases: 10, side: 48 });
  await trainFolds(slurm);
  await predictParts(slurm);
} catch (error) {
  console.log(`FAILED  ${(error as Error).message}`);
  for (const name of readdirSync(folder)) if (/\.(log|out)$/.test(name)) console.log(tail(join(folder, name)));
  process.exitCode = 1;
} finally {
  await slurm?.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function trainFolds(slurm: Slurm): Promise<void> {
  const epochs = epochsIn(FOLD_SECONDS);
  console.log(`${FOLDS} folds of ${epochs} epochs`);
  const line = ["seg", "train", DATA, ...SETTINGS, "--epochs", String(epochs)];
  seg(
    ["cluster", "slurm", "--program", program, "--name", "folds", "--at-once", "2", "--cores", "1", "--time", "30m"],
    [
      ...["--out", "folds.sh", "--", ...line, "--fold", "auto", "--out", RUNS],
    ],
  );
  const job = submit(slurm, "folds.sh");
  const checkpoint = (fold: number) => existsSync(join(folder, RUNS, `fold_${fold}`, "last.checkpoint"));
  await until("fold 0 has a checkpoint", () => checkpoint(0), 600);
  const log = (fold: number) => readFileSync(join(folder, `folds-${job}_${fold}.log`), "utf8");
  // Less time than the warning takes: Slurm sends it at its next look, then there is time again.
  slurm.run("scontrol", ["update", `JobId=${job}_0`, "TimeLimit=2"]);
  await until("fold 0 has saved", () => /Stopped in epoch \d+ /.test(log(0)), 180);
  slurm.run("scontrol", ["update", `JobId=${job}_0`, "TimeLimit=30"]);
  ok("fold 0 was warned by Slurm's --signal as its time was nearly over, and queued itself again");
  await until("fold 1 has a checkpoint", () => checkpoint(1), 600);
  slurm.run("scontrol", ["requeue", `${job}_1`]);
  ok("fold 1 was stopped by Slurm and queued again");
  await until("fold 2 has a checkpoint", () => checkpoint(2), 600);
  slurm.run("scancel", ["--full", "--signal=KILL", `${job}_2`]);
  await until("fold 2 has ended", () => /^(FAILED|CANCELLED)/.test(task(slurm, job, 2).state), 120);
  slurm.run("scontrol", ["requeue", `${job}_2`]);
  ok("fold 2 was killed without warning and queued again");
  await finish(slurm, job, FOLDS);
  const restarts = [0, 1, 2, 3, 4].map((fold) => task(slurm, job, fold).restarts);
  check(restarts.join() === "1,1,1,0,0", `starts after the first of each fold: ${restarts.join(", ")}`);
  check(/^SLURM_ARRAY_TASK_ID is 0: fold 0 of 5/m.test(log(0)), "the log names the variable of the number");
  check([0, 1, 2].every((fold) => /^Continuing /m.test(log(fold))), "folds 0, 1 and 2 continued where they were");

  const again = submit(slurm, "folds.sh");
  await finish(slurm, again, FOLDS);
  const skipped = [0, 1, 2, 3, 4].filter((fold) =>
    /is done already$/m.test(readFileSync(join(folder, `folds-${again}_${fold}.log`), "utf8"))
  );
  check(skipped.length === FOLDS, "the same job once more skips all folds");

  seg(["merge", RUNS]);
  for (let fold = 0; fold < FOLDS; fold++) {
    seg(line.slice(1), ["--threads", "1", "--fold", String(fold), "--out", `plain/fold_${fold}`, "--continue"]);
  }
  seg(["merge", "plain"]);
  for (let fold = 0; fold < FOLDS; fold++) same(join(`fold_${fold}`, "best.onnx"), RUNS, "plain");
  for (const name of ["metrics.csv", "summary.csv"]) same(name, RUNS, "plain");
}

/** Epochs that take so many seconds on this machine as it is now. */
function epochsIn(seconds: number): number {
  seg(["train", DATA, ...SETTINGS, "--threads", "1", "--epochs", "3", "--out", "measured"]);
  const lines = readFileSync(join(folder, "measured", "history.jsonl"), "utf8").trim().split("\n");
  const last = JSON.parse(lines.at(-1) as string) as { seconds: number };
  return Math.min(1000, Math.max(10, Math.ceil(seconds / last.seconds)));
}

async function predictParts(slurm: Slurm): Promise<void> {
  const line = ["predict", join(RUNS, "fold_0", "best.onnx"), DATA];
  seg(["cluster", "slurm", "--program", program, "--name", "parts", "--cores", "1", "--out", "parts.sh"], [
    ...["--", ...line, "--part", "auto/3", "--out", MASKS],
  ]);
  await finish(slurm, submit(slurm, "parts.sh"), 3);
  seg(["merge", MASKS]);
  seg(line, ["--threads", "1", "--out", "plain masks"]);
  for (const name of readdirSync(join(folder, "plain masks"))) same(name, MASKS, "plain masks");
}

function seg(args: readonly string[], others: readonly string[] = []): void {
  const end = spawnSync(program, [...args, ...others], { cwd: folder, encoding: "utf8" });
  if (end.status !== 0) {
    throw new Error(`seg ${[...args, ...others].join(" ")} ended with ${end.status}: ${end.stderr}`);
  }
}

function submit(slurm: Slurm, script: string): string {
  const job = slurm.run("sbatch", ["--parsable", script]).trim();
  console.log(`sbatch ${script}: job ${job}`);
  return job;
}

interface Task {
  readonly state: string;
  readonly restarts: number;
}

function task(slurm: Slurm, job: string, number: number): Task {
  const text = slurm.run("scontrol", ["show", "job", "--oneliner", `${job}_${number}`]);
  return { state: /JobState=(\S+)/.exec(text)?.[1] ?? "", restarts: Number(/Restarts=(\d+)/.exec(text)?.[1]) };
}

async function finish(slurm: Slurm, job: string, tasks: number): Promise<void> {
  const numbers = Array.from({ length: tasks }, (_, number) => number);
  await until(`all tasks of job ${job} are completed`, () => {
    const states = numbers.map((number) => task(slurm, job, number).state);
    const failed = states.findIndex((state) => /^(FAILED|CANCELLED|TIMEOUT|NODE_FAIL)/.test(state));
    if (failed >= 0) throw new Error(`Task ${failed} of job ${job} is ${states[failed]}`);
    return states.every((state) => state === "COMPLETED");
  }, 1800);
  ok(`job ${job}: all ${tasks} tasks are completed`);
}

function same(name: string, left: string, right: string): void {
  const [a, b] = [left, right].map((place) => readFileSync(join(folder, place, name)));
  check(a !== undefined && b !== undefined && a.equals(b), `${name} has the same bytes as without Slurm`);
}

function check(condition: boolean, what: string): void {
  if (!condition) throw new Error(`not so: ${what}`);
  ok(what);
}

function ok(what: string): void {
  console.log(`ok      ${what}`);
}
