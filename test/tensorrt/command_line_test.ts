import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../../src/failure.ts";
import { assumedCapabilities, type Capabilities, hasFlag, parseHelp } from "../../src/tensorrt/capabilities.ts";
import {
  benchArguments,
  buildArguments,
  type BuildOptions,
  inferArguments,
  profileArguments,
  renderCommandLine,
} from "../../src/tensorrt/command_line.ts";
import { decodeVersionNumber } from "../../src/tensorrt/version.ts";
import { parseArguments } from "../../tools/trtexec_simulator/arguments.ts";
import { flagsOf, SIMULATED_VERSIONS } from "../../tools/trtexec_simulator/flag_table.ts";
import { generationOf } from "../../tools/trtexec_simulator/generation.ts";

const VERSIONS = SIMULATED_VERSIONS.map((name) => {
  const version = decodeVersionNumber(generationOf(name)?.number ?? 0);
  const probed: Capabilities = { version, flags: new Set(flagsOf(name).keys()), simulated: true };
  return { name, assumed: assumedCapabilities(version), probed };
});

const BUILD: BuildOptions = { onnx: "net.onnx", engine: "net.engine", precision: "fp32", workspaceMiB: 512 };
const SHAPE = { name: "image", optimum: [1, 3, 64, 64] };
const RANGE = { ...SHAPE, minimum: [1, 3, 32, 32], maximum: [4, 3, 64, 64] };
const INPUTS = [{ name: "image", path: "in.bin" }];

/** Every set of options with which the program builds a command line. */
function allLines(capabilities: Capabilities): string[][] {
  const lines: string[][] = [];
  for (const timingCache of [undefined, "cache"]) {
    for (const shapes of [[], [SHAPE], [RANGE]]) {
      for (const precision of ["fp32", "fp16"] as const) {
        if (precision === "fp16" && capabilities.version >= 110000) continue;
        for (const verbose of [false, true]) {
          lines.push(buildArguments(capabilities, {
            ...BUILD,
            precision,
            shapes,
            verbose,
            layerInfo: "layers.json",
            ...(timingCache !== undefined && { timingCache }),
          }));
        }
      }
      for (const spinWait of [false, true]) {
        for (const cudaGraph of [false, true]) {
          lines.push(benchArguments(capabilities, {
            engine: "net.engine",
            times: "times.json",
            warmUpMs: 1000,
            durationSeconds: 10,
            inputs: timingCache === undefined ? [] : INPUTS,
            shapes: shapes.slice(0, 1),
            spinWait,
            cudaGraph,
          }));
        }
      }
      lines.push(profileArguments(capabilities, { engine: "e", profile: "p.json", layerInfo: "l.json", shapes }));
      lines.push(inferArguments(capabilities, { engine: "e", inputs: INPUTS, output: "o.json", shapes }));
    }
  }
  return lines;
}

for (const { name, assumed, probed } of VERSIONS) {
  test(`all command lines hold only flags that TensorRT ${name} has, each once`, () => {
    const known = flagsOf(name);
    const lines = [...allLines(assumed), ...allLines(probed)];
    assert.ok(lines.length > 30);
    for (const line of lines) {
      const flags = line.map((argument) => argument.split("=", 1)[0] ?? "");
      assert.equal(new Set(flags).size, flags.length, line.join(" "));
      for (const flag of flags) assert.ok(known.has(flag), `${flag} in ${line.join(" ")}`);
      // The parser of that version takes the line, without a warning about a deprecated flag; for half precision there is no
      // other word than --fp16, which 10.16 deprecates in favour of networks that are typed throughout.
      const warnings = parseArguments(name, line).warnings.filter((text) => !/^--(fp16|int8) has/.test(text));
      assert.deepEqual(warnings, [], line.join(" "));
    }
  });

  test(`hasFlag() knows the flags of TensorRT ${name} without asking it`, () => {
    assert.deepEqual(allLines(assumed), allLines(probed));
    for (const flag of ["--workspace", "--memPoolSize", "--buildOnly", "--skipInference", "--fp16", "--nvtxMode"]) {
      assert.equal(hasFlag(assumed, flag), hasFlag(probed, flag), flag);
    }
  });
}

test("buildArguments() takes the spelling of each generation", () => {
  const line = (version: number) => buildArguments(assumedCapabilities(version), BUILD).slice(2);
  assert.deepEqual(line(80001), ["--workspace=512", "--buildOnly", "--nvtxMode=verbose"]);
  assert.deepEqual(line(80201), ["--workspace=512", "--buildOnly", "--profilingVerbosity=detailed"]);
  assert.deepEqual(line(80401), ["--memPoolSize=workspace:512", "--buildOnly", "--profilingVerbosity=detailed"]);
  assert.deepEqual(line(80601), ["--memPoolSize=workspace:512", "--skipInference", "--profilingVerbosity=detailed"]);
  assert.deepEqual(line(110100), ["--memPoolSize=workspace:512", "--skipInference", "--profilingVerbosity=detailed"]);
});

test("buildArguments() refuses FP16 where TensorRT has no flag for it", () => {
  assert.throws(
    () => buildArguments(assumedCapabilities(110100), { ...BUILD, precision: "fp16" }),
    (error) => error instanceof Failure && /TensorRT 11\.1\.0 has no --fp16.*--no-fp16/.test(error.message),
  );
});

test("benchArguments() undoes the new defaults of TensorRT 11", () => {
  const line = benchArguments(assumedCapabilities(110100), {
    engine: "e",
    times: "t",
    warmUpMs: 0,
    durationSeconds: 1,
  });
  assert.deepEqual(line.slice(-3), ["--includeDataTransfers", "--noSpinWait", "--noCudaGraph"]);
});

test("buildArguments() passes paths with spaces, quotes, commas, colons and equal signs as they are", () => {
  const path = `my "net", it's: a=b.onnx`;
  assert.equal(buildArguments(assumedCapabilities(80201), { ...BUILD, onnx: path })[0], `--onnx=${path}`);
});

/** Options that cannot be put on the command line, and what the message says. */
const REFUSED: readonly (readonly [string, () => unknown, RegExp])[] = [
  ["an empty path", () => buildArguments(assumedCapabilities(80201), { ...BUILD, onnx: "" }), /must be non-empty/],
  ["a path of two lines", () => buildArguments(assumedCapabilities(80201), { ...BUILD, engine: "a\nb" }), /one line/],
  [
    "half a MiB",
    () => buildArguments(assumedCapabilities(80201), { ...BUILD, workspaceMiB: 0.5 }),
    /whole number.*0\.5/,
  ],
  [
    "half a second",
    () => benchArguments(assumedCapabilities(80201), { engine: "e", times: "t", warmUpMs: 1, durationSeconds: 0.5 }),
    /whole/,
  ],
  ["a comma in an input's path", () =>
    inferArguments(assumedCapabilities(80201), {
      engine: "e",
      inputs: [{ name: "x", path: "a,b" }],
      output: "o",
    }), /commas and colons/],
  ["a colon in a tensor name", () =>
    inferArguments(assumedCapabilities(80201), {
      engine: "e",
      inputs: [{ name: "x:0", path: "a" }],
      output: "o",
    }), /"x:0".*rename it/],
  [
    "a dimension of 0",
    () => buildArguments(assumedCapabilities(80201), { ...BUILD, shapes: [{ name: "x", optimum: [0, 3] }] }),
    /0x3 of x/,
  ],
];

for (const [what, build, message] of REFUSED) {
  test(`command lines refuse ${what}`, () => {
    assert.throws(build, (error) => error instanceof Failure && message.test(error.message));
  });
}

test("renderCommandLine() quotes what a shell would change", () => {
  assert.equal(
    renderCommandLine("/opt/trt exec", ["--onnx=it's.onnx", "--workspace=512", "--loadInputs=a:b,c:d"]),
    `'/opt/trt exec' '--onnx=it'\\''s.onnx' --workspace=512 --loadInputs=a:b,c:d`,
  );
});

test("parseHelp() reads version and flags", () => {
  const help = `&&&& RUNNING TensorRT.trtexec [TensorRT v101602] [b11] # trtexec --help
=== Model Options ===
  --onnx=<file>               ONNX model
  --help, -h                  Print this message
                              --notAFlag is explained here`;
  const capabilities = parseHelp(help);
  assert.equal(capabilities.version, 101602);
  assert.deepEqual([...capabilities.flags ?? []], ["--onnx", "--help"]);
  assert.equal(capabilities.simulated, false);
});

test("parseHelp() refuses TensorRT 7, which prints no version", () => {
  assert.throws(() => parseHelp("&&&& RUNNING TensorRT.trtexec # trtexec --help\n  --onnx=<file>"), Failure);
});
