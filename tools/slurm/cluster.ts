/** A Slurm of one node on this machine, in a folder of its own: munged, slurmctld and slurmd, stopped together. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";

/** What a run of one of Slurm's commands printed. */
export interface CommandEnd {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A Slurm that runs. */
export interface Slurm {
  /** Runs one of Slurm's commands. @throws {Error} where it fails. */
  readonly run: (program: string, args: readonly string[], folder?: string) => string;
  readonly stop: () => Promise<void>;
}

const DAEMONS = ["munged", "slurmctld", "slurmd"];
const PROGRAMS = [...DAEMONS, "sbatch", "scontrol", "scancel", "sinfo", "squeue"];
const PATH = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];

/** Which of Slurm's programs this machine lacks. */
export function missingPrograms(): string[] {
  return PROGRAMS.filter((name) => !PATH.some((folder) => existsSync(join(folder, name))));
}

/** Starts a Slurm whose files are all in `folder`, with `cores` processors. @throws {Error} with the logs where it does not start. */
export async function startSlurm(folder: string, { cores }: { cores: number }): Promise<Slurm> {
  for (const name of ["state", "spool", "munge"]) mkdirSync(join(folder, name), { mode: 0o755 });
  const key = join(folder, "munge", "key");
  writeFileSync(key, randomBytes(1024), { mode: 0o400 });
  const configuration = join(folder, "slurm.conf");
  writeFileSync(configuration, slurmConfiguration(folder, cores));
  const environment = { ...process.env, PATH: PATH.join(delimiter), SLURM_CONF: configuration };
  const daemons: ChildProcess[] = [];
  const start = (name: string, args: readonly string[]) => {
    const daemon = spawn(name, args, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
    const log = createWriteStream(join(folder, `${name}.out`));
    daemon.stdout.pipe(log, { end: false });
    daemon.stderr.pipe(log, { end: false });
    daemons.push(daemon);
  };
  const run = (program: string, args: readonly string[], from = folder) => {
    const end = spawnSync(program, args, { env: environment, cwd: from, encoding: "utf8" });
    if (end.status !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${end.status}: ${end.stderr}`);
    return end.stdout;
  };
  const stop = async () => {
    // Tasks outlive slurmd.
    try {
      run("scancel", ["--full", "--signal=KILL", "--state=RUNNING", `--user=${userInfo().username}`]);
      run("scancel", [`--user=${userInfo().username}`]);
      await until("no task is left", () => run("squeue", ["--noheader"]).trim() === "", 30);
    } catch {
      // There is no Slurm that could be asked.
    }
    // The last started first: slurmd, slurmctld, munged.
    for (const daemon of [...daemons].reverse()) {
      const ended = new Promise((resolve) => daemon.exitCode !== null ? resolve(0) : daemon.once("exit", resolve));
      daemon.kill("SIGTERM");
      const timer = setTimeout(() => daemon.kill("SIGKILL"), 10_000);
      await ended;
      clearTimeout(timer);
    }
  };
  try {
    const munge = (name: string) => join(folder, "munge", name);
    start("munged", [
      "--foreground",
      `--key-file=${key}`,
      `--socket=${munge("socket")}`,
      `--pid-file=${munge("pid")}`,
      `--log-file=${munge("log")}`,
      `--seed-file=${munge("seed")}`,
    ]);
    await until("munged opens its socket", () => existsSync(munge("socket")), 20);
    start("slurmctld", ["-D"]);
    start("slurmd", ["-D"]);
    await until("the node is idle", () => {
      try {
        return run("sinfo", ["--noheader", "--format=%T"]).trim() === "idle";
      } catch {
        return false;
      }
    }, 60);
  } catch (error) {
    await stop();
    const logs = DAEMONS.map((name) => join(folder, `${name}.out`)).filter((path) => existsSync(path));
    throw new Error(`${(error as Error).message}\n${logs.map((path) => tail(path)).join("\n")}`, { cause: error });
  }
  return { run, stop };
}

/** Waits until `reached()`. @throws {Error} after `seconds`. */
export async function until(what: string, reached: () => boolean, seconds: number): Promise<void> {
  const end = performance.now() + 1000 * seconds;
  while (!reached()) {
    if (performance.now() > end) throw new Error(`Waited ${seconds} s, and still not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** The end of a log. */
export function tail(path: string): string {
  return `${path}:\n${readFileSync(path, "utf8").slice(-3000)}`;
}

function slurmConfiguration(folder: string, cores: number): string {
  const { username } = userInfo();
  const node = hostname().split(".")[0] as string;
  const port = 20000 + Math.floor(Math.random() * 10000);
  return `ClusterName=test
SlurmctldHost=${node}(127.0.0.1)
SlurmctldPort=${port}
SlurmdPort=${port + 1}
# A task that is queued again waits until its old credential has expired.
AuthInfo=socket=${folder}/munge/socket,cred_expire=5
AuthType=auth/munge
SlurmUser=${username}
SlurmdUser=${username}
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
MpiDefault=none
ReturnToService=2
KillWait=30
MinJobAge=3600
NodeName=${node} NodeAddr=127.0.0.1 CPUs=${cores} RealMemory=16000 State=UNKNOWN
PartitionName=main Nodes=${node} Default=YES MaxTime=INFINITE State=UP
`;
}
