import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join, normalize } from "node:path";
import { test } from "node:test";
import { COMMANDS } from "../../src/commands/catalog.ts";
import { helpText } from "../../src/command_line/help.ts";
import { parseCommand } from "../../src/command_line/parse.ts";
import { runInProcess } from "../commands/run_in_process.ts";
import { inFolder, runProgram } from "../commands/run_program.ts";

test("seg --help lists the commands", async () => {
  const { code, stdout, stderr } = await runInProcess(["--help"]);
  assert.deepEqual([code, stderr], [0, ""]);
  for (const name of Object.keys(COMMANDS)) assert.match(stdout, new RegExp(`^  ${name} `, "m"));
  for (const argv of [["--help"], ["-h"], ["src", "--seed", "x", "--help"]]) {
    const help = await runInProcess(["check", ...argv]);
    assert.deepEqual([help.code, help.stderr, help.stdout.includes("\x1b")], [0, "", false]);
    assert.match(help.stdout, /^Usage: seg check DATASET \[options\]\n[^]*\$ seg check Task04_Hippocampus/);
  }
});

test("every command has --json and two examples at least, which it takes", async () => {
  for (const [name, { load }] of Object.entries(COMMANDS)) {
    const command = await load();
    assert.equal(command.name, name);
    assert.match(helpText(command, 80), /--json/, name);
    const { examples } = command;
    assert.ok(examples.length >= 2, `${name} has ${examples.length} examples`);
    for (const { command: example } of examples) {
      const words = [...example.replace(/^source <\(|\)$|\\? > .*/g, "").matchAll(/"([^"]*)"|\S+/g)].map((match) =>
        match[1] ?? match[0]
      );
      assert.deepEqual(words.slice(0, 2), ["seg", name], example);
      try {
        await parseCommand(command, words.slice(2));
      } catch (error) {
        // Files of the examples do not exist here: nothing else may be wrong.
        for (const line of (error as Error).message.split("\n").slice(0, -1)) {
          assert.match(line, /there is no (file|folder|file or folder) /, example);
        }
      }
    }
  }
});

test("seg --version prints the version of package.json", async () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  assert.deepEqual(await runProgram(["--version"]), { code: 0, stdout: `${version}\n`, stderr: "" });
});

test("wrong command lines end with exit code 2 and a sentence", async () => {
  await inFolder(async (folder) => {
    const cases: [args: string[], stderr: string][] = [
      [["predct"], "seg: unknown command predct; did you mean seg predict?\nTry seg --help\n"],
      [["val", "x"], "seg: unknown command val; did you mean seg evaluate x?\nTry seg --help\n"],
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
    const ends = await Promise.all(cases.map(([args]) => runInProcess(args)));
    ends.forEach((end, i) => assert.deepEqual(end, { code: 2, stdout: "", stderr: cases[i]?.[1] }));
    assert.equal(existsSync(join(folder, "x.onnx")), false);
  });
});

test("names that a terminal would obey are shown by their numbers on stdout, stderr and in JSON", async () => {
  await inFolder(async (folder) => {
    const model = join(folder, "a\x1b[2J\x9b.onnx");
    const line = ["build", "--net", "elu-net", "--width", "2", "--input-size", "16", "--out", model];
    const [plain, refused] = [await runInProcess(line), await runInProcess(line)];
    const json = await runInProcess([...line, "--json", "--force"]);
    assert.deepEqual([plain.code, refused.code, json.code], [0, 1, 0]);
    const shown = `${folder}/a\\u001b[2J\\u009b.onnx`;
    assert.ok(plain.stdout.startsWith(`${shown}: `), plain.stdout);
    assert.ok(refused.stderr.startsWith(`${shown} exists already; `), refused.stderr);
    assert.equal(JSON.parse(json.stdout).model, model);
    for (const { stdout, stderr } of [plain, refused, json]) {
      // deno-lint-ignore no-control-regex
      assert.doesNotMatch(stdout + stderr, /[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
    }
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

/** The files that `files` load at once, and the packages. */
function loadedBy(
  files: readonly string[],
): { readonly files: ReadonlySet<string>; readonly packages: readonly string[] } {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const visit = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(file, "utf8");
    for (const [, clause = "", specifier = ""] of text.matchAll(/^(?:import|export) ([^;]*?) ?from "([^"]+)";/gm)) {
      if (clause.startsWith("type ")) continue;
      if (specifier.startsWith(".")) visit(normalize(join(file, "..", specifier)));
      else if (!specifier.startsWith("node:")) packages.add(specifier);
    }
  };
  files.forEach(visit);
  return { files: seen, packages: [...packages] };
}

test("help loads no package, and of the graph the names alone: all else is loaded by the command's work", () => {
  const names = Object.keys(COMMANDS).map((name) => `src/commands/${name}.ts`);
  const { files, packages } = loadedBy(["src/main.ts", "src/command_line/help.ts", ...names]);
  assert.deepEqual(packages, []);
  assert.deepEqual([...files].filter((file) => file.startsWith("src/graph/")), ["src/graph/nets/names.ts"]);
  const rooms = ["data", "evaluation", "model", "prediction", "report", "runtime"];
  const heavy = [...files].filter((file) =>
    rooms.includes(file.split("/")[1] as string) && !file.endsWith("/names.ts")
  );
  assert.deepEqual(heavy, []);
});

test("cmd-ts is loaded by what parses a command line alone", () => {
  assert.deepEqual(loadedBy(["src/command_line/parse.ts"]).packages, ["cmd-ts"]);
});
