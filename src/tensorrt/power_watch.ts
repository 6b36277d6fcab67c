/** Measures the power of a Jetson while something else runs. */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { PowerMeter, type PowerSummary } from "./tegrastats.ts";

/** 250 ms or less keep the error of the integral small. */
const INTERVAL_MS = 200;

/** A running tegrastats. */
export interface PowerWatch {
  /** Ends it; `undefined` where tegrastats is absent, as on any machine but a Jetson, or printed no power. */
  stop(): Promise<PowerSummary | undefined>;
}

/** Starts tegrastats; it never fails, since the power is an addition to what is measured. */
export function watchPower(program = "tegrastats"): PowerWatch {
  const meter = new PowerMeter();
  const child = spawn(program, ["--interval", String(INTERVAL_MS)], { stdio: ["ignore", "pipe", "ignore"] });
  const closed = new Promise<void>((resolve) => {
    child.once("error", () => resolve());
    child.once("close", () => resolve());
  });
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = (lines.pop() ?? "").slice(-65536);
    for (const line of lines) meter.take(line, performance.now() / 1000);
  });
  const end = () => terminate(child);
  process.once("exit", end);
  return {
    async stop() {
      end();
      process.removeListener("exit", end);
      await closed;
      return meter.summary();
    },
  };
}

function terminate(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(child.pid, "SIGTERM");
  } catch {
    // It has ended in the meantime.
  }
}
