import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { inFolder, runProgram } from "./run_program.ts";

const COMMANDS = ["train", "predict", "evaluate", "build", "check", "doctor"];

test("seg --help lists the commands, and each has help with an example", async () => {
  const { code, stdout, stderr } = await runProgram(["--help"]);
  assert.deepEqual([code, stderr], [0, ""]);
  for (const name of COMMANDS) assert.match(stdout, new RegExp(`^  ${name} `, "m"));
  const helps = await Promise.all(COMMANDS.map((name) => runProgram([name, "--help"])));
  helps.forEach((help, i) => {
    assert.equal(help.code, 0, COMMANDS[i]);
    assert.match(help.stdout, new RegExp(`seg ${COMMANDS[i]}`));
    assert.match(help.stdout, /EXAMPLES:/);
    assert.match(help.stdout, /--json/);
    assert.equal(help.stdout.includes("\x1b"), false);
  });
});

test("seg --version prints the version of package.json", async () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  assert.deepEqual(await runProgram(["--version"]), { code: 0, stdout: `${version}\n`, stderr: "" });
});

test("wrong command lines end with exit code 2 and a sentence", async () => {
  await inFolder(async (folder) => {
    const cases: [args: string[], stderr: string][] = [
      [["predct"], "seg: unknown command predct; did you mean predict?\nTry seg --help\n"],
      [["--json"], "seg: unknown option --json; options stand after the command\nTry seg --help\n"],
      [
        ["build", "--width", "wide", "--seed=-1"],
        'seg build: --width: found "wide", expected a whole number of 1 to 1024\n' +
        '  --seed: found "-1", expected a whole number of 0 to 4294967295\nTry seg build --help\n',
      ],
      [
        ["build", "--input-size", "50", "--out", join(folder, "x.onnx")],
        "Input size 50 must be a multiple of 16 for j-net\n",
      ],
    ];
    const ends = await Promise.all(cases.map(([args]) => runProgram(args)));
    ends.forEach((end, i) => assert.deepEqual(end, { code: 2, stdout: "", stderr: cases[i]?.[1] }));
    assert.equal(existsSync(join(folder, "x.onnx")), false);
  });
});

test("seg without a command shows its help on stderr and ends with exit code 2", async () => {
  const { code, stdout, stderr } = await runProgram([]);
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /Usage: seg <command>/);
});

test("SEG_DEBUG=1 shows where an error was raised", async () => {
  const plain = await runProgram(["nothing"]);
  const traced = await runProgram(["nothing"], { environment: { SEG_DEBUG: "1" } });
  assert.equal(traced.code, 2);
  assert.ok(traced.stderr.startsWith(plain.stderr.trimEnd()));
  assert.match(traced.stderr, /\n {4}at /);
});
