/**
 * Runs commands of the program, one after the other, within one process, where an emulator runs it: children are then started by the
 * emulator too, through the script that SEG_ARM64_RUNTIME names, since the kernel cannot start the arm64 program itself.
 */
import { join } from "node:path";
import process from "node:process";

process.execPath = process.env["SEG_ARM64_RUNTIME"] ?? process.execPath;
const { run } = await import("../src/commands/run.ts");

/** A command with what must stand on its standard output, and what it shows to work. */
interface Step {
  readonly covers: string;
  readonly args: readonly string[];
  readonly expected: RegExp;
}

/** What is run, in the order in which each takes what the one before has written. */
function steps(folder: string): Step[] {
  const [model, scans, exported] = [join(folder, "net.onnx"), join(folder, "data", "imagesTr"), join(folder, "export")];
  const size = "--width 4 --input-size 16 --output-size 32".split(" ");
  return [
    {
      covers: "the machine and a sum in ONNX Runtime",
      args: ["doctor", "--json"],
      expected: /"architecture": "arm64"[^]*"inference": "works"/,
    },
    { covers: "networks", args: ["build", ...size, "--out", model], expected: /parameters/ },
    {
      covers: "the command line of a build",
      args: ["export", model, "--trt", "--target", "nano", "--dry-run", "--out", exported],
      expected: /--fp16 --workspace=512/,
    },
    {
      covers: "a kit with its reference",
      args: ["export", model, "--kit", join(folder, "kit"), "--out", exported],
      expected: /run\.sh/,
    },
    {
      covers: "the lint and the estimate",
      args: ["inspect", join(exported, "net.onnx"), "--target", "nano"],
      expected: /TensorRT of nano runs it[^]*images per second: an estimate/,
    },
    {
      covers: "masks of a volume",
      args: ["predict", model, scans, "--out", join(folder, "masks"), "--json"],
      expected: /"output": /,
    },
    {
      covers: "timing in a process of its own",
      args: ["bench", model, "--duration", "10s", "--threads", "1", "--json"],
      expected: /"latencyMs": /,
    },
  ];
}

/** Runs one command; whether it ended well and said what is expected. */
async function covered({ args, expected }: Step): Promise<boolean> {
  const started = performance.now();
  let [output, messages] = ["", ""];
  const code = await run(args, {
    stdout: { write: (text: string) => (output += text, true) },
    stderr: { write: (text: string) => (messages += text, true) },
  });
  const taken = `${((performance.now() - started) / 1000).toFixed(0)} s`;
  const command = ["seg", ...args].join(" ");
  if (code === 0 && expected.test(output)) {
    console.log(`ok      ${command} (${taken})`);
    return true;
  }
  console.log(`FAILED  ${command}: exit code ${code} after ${taken}, expected ${expected} on stdout`);
  console.log(output.slice(-4000) + messages.slice(-4000));
  return false;
}

const all = steps(process.argv[2] ?? ".");
const good: string[] = [];
for (const step of all) if (await covered(step)) good.push(step.covers);
console.log(`Covered by ${good.length} of ${all.length} commands: ${good.join("; ")}`);
// ONNX Runtime's threads keep the process alive otherwise.
process.exit(good.length === all.length ? 0 : 1);
