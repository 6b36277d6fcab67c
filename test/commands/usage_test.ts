import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join, normalize } from "node:path";
import { test } from "node:test";
import { COMMANDS } from "../../src/commands/catalog.ts";
import { HELP_TEXTS } from "../../src/commands/help_texts.ts";
import { helpText, parseCommand } from "../../src/commands/parse_command.ts";
import { inFolder, runProgram } from "./run_program.ts";

test("seg --help lists the commands", async () => {
  const { code, stdout, stderr } = await runProgram(["--help"]);
  assert.deepEqual([code, stderr], [0, ""]);
  for (const name of Object.keys(COMMANDS)) assert.match(stdout, new RegExp(`^  ${name} `, "m"));
  for (const argv of [["--help"], ["-h"], ["src", "--seed", "x", "--help"]]) {
    const help = await runProgram(["check", ...argv]);
    assert.deepEqual([help.code, help.stderr, help.stdout.includes("\x1b")], [0, "", false]);
    assert.match(help.stdout, /^seg check\n[^]*\$ seg check Task04_Hippocampus/);
  }
});

test("every command has --json and two examples at least, which it takes", async () => {
  for (const [name, { load }] of Object.entries(COMMANDS)) {
    const command = await load();
    const help = HELP_TEXTS[name] as string;
    assert.equal(help, await helpText(name, command), "npm run help writes the help anew");
    assert.match(help, /--json/, name);
    const examples = [...help.matchAll(/\$ (.*)/g)].map(([, line = ""]) => line);
    assert.ok(examples.length >= 2, `${name} has ${examples.length} examples`);
    for (const example of examples) {
      const words = [...example.replace(/^source <\(|\)$|\\? > .*/g, "").matchAll(/"([^"]*)"|\S+/g)].map((match) =>
        match[1] ?? match[0]
      );
      assert.deepEqual(words.slice(0, 2), ["seg", name], example);
      try {
        await parseCommand(name, command, words.slice(2));
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

test("help loads no library but the one of the command line: the others are loaded by jobs", () => {
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
  visit("src/main.ts");
  assert.deepEqual([...packages], [], "seg --help");
  for (const name of Object.keys(COMMANDS)) visit(`src/commands/${name}.ts`);
  assert.ok(seen.has("src/training/losses.ts"));
  assert.equal(seen.has("src/graph/graph.ts"), false, "names of networks are enough");
  assert.deepEqual([...packages].filter((name) => name !== "cmd-ts"), []);
});
