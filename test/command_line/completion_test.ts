import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { COMMANDS } from "../../src/commands/catalog.ts";
import { type CommandShape, commandShape } from "../../src/command_line/command_shape.ts";
import { completionScript, type Shell } from "../../src/command_line/completion_scripts.ts";
import { inFolder } from "../commands/run_program.ts";

async function commandShapes(): Promise<CommandShape[]> {
  const shapes = Object.values(COMMANDS).map(async ({ summary, load }) => commandShape(await load(), summary));
  return await Promise.all(shapes);
}

function absent(shell: string): string | false {
  return spawnSync(shell, ["-c", "exit 0"]).status === 0 ? false : `${shell} absent`;
}

/** What bash offers for the last of the words, in `folder`. */
async function offered(lines: readonly (readonly string[])[], folder = "."): Promise<string[][]> {
  const script = completionScript("bash", await commandShapes());
  const calls = lines.map((words) => {
    const quoted = words.map((word) => `'${word}'`).join(" ");
    return `COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _seg; printf '%s\\t' "\${COMPREPLY[@]}"; echo`;
  });
  const { status, stdout, stderr } = spawnSync("bash", ["--norc", "-u", "-c", [script, ...calls].join("\n")], {
    cwd: folder,
    encoding: "utf8",
  });
  assert.deepEqual([status, stderr], [0, ""]);
  return stdout.split("\n").slice(0, -1).map((line) => line.split("\t").filter((word) => word !== ""));
}

test("commandShape() knows every command and what its values are", async () => {
  const shapes = new Map((await commandShapes()).map((shape) => [shape.name, shape]));
  assert.deepEqual([...shapes.keys()], Object.keys(COMMANDS));
  const optionOf = (command: string, name: string) => {
    const { name: _, description: __, ...rest } = shapes.get(command)?.options.find((one) => one.name === name) ?? {};
    return rest;
  };
  assert.deepEqual(optionOf("train", "plane"), {
    takesValue: true,
    completion: { words: ["axial", "coronal", "sagittal"] },
  });
  assert.deepEqual(optionOf("train", "out"), { takesValue: true, completion: "folder" });
  assert.deepEqual(optionOf("train", "epochs"), { takesValue: true, completion: undefined });
  assert.deepEqual(optionOf("train", "json"), { takesValue: false, completion: undefined });
  assert.deepEqual([shapes.get("train")?.operands, shapes.get("predict")?.operands, shapes.get("doctor")?.operands], [
    "folder",
    "file",
    undefined,
  ]);
});

test("the bash script completes commands, options, choices, lists and files", { skip: absent("bash") }, async () => {
  await inFolder(async (folder) => {
    mkdirSync(join(folder, "data set"));
    writeFileSync(join(folder, "data.onnx"), "");
    writeFileSync(join(folder, "-odd.onnx"), "");
    const expected: [words: string[], offers: string[]][] = [
      [["seg", "tr"], ["train"]],
      [["seg", "help", "eval"], ["evaluate"]],
      [["seg", "train", "--pla"], ["--plane"]],
      [["seg", "train", "data set", "--plane", ""], ["axial", "coronal", "sagittal"]],
      [["seg", "train", "--plane", "=", "c"], ["coronal"]],
      [["seg", "train", "--plane", "="], ["axial", "coronal", "sagittal"]],
      [["seg", "train", "--epochs", ""], []],
      [["seg", "train", "--fold", "a"], ["all", "auto"]],
      [["seg", "train", "da"], ["data set"]],
      [["seg", "train", "--init", "da"], ["data set", "data.onnx"]],
      [["seg", "train", "--json", "--out", "da"], ["data set"]],
      [["seg", "predict", "da"], ["data set", "data.onnx"]],
      [["seg", "evaluate", "--metrics", "dice,hd9"], ["dice,hd95"]],
      [["seg", "evaluate", "--metrics", "dice,iou,as"], ["dice,iou,assd"]],
      [["seg", "evaluate", "--metrics", "--for"], ["--force"]],
      [["seg", "doctor", ""], []],
      [["seg", "completion", "z"], ["zsh"]],
      [["seg", "nothing", ""], []],
    ];
    const found = await offered(expected.map(([words]) => words), folder);
    expected.forEach(([words, offers], i) => assert.deepEqual(found[i]?.sort(), offers, words.join(" ")));
    const [commands] = await offered([["seg", ""]]);
    assert.deepEqual(
      commands?.filter((name) => !name.startsWith("-")).sort(),
      [...Object.keys(COMMANDS), "help"].sort(),
    );
  });
});

for (const shell of ["bash", "zsh", "fish"] as const satisfies readonly Shell[]) {
  test(`the script for ${shell} is well-formed`, { skip: absent(shell) }, async () => {
    const script = completionScript(shell, await commandShapes());
    const { status, stderr } = spawnSync(shell, ["-n"], { input: script, encoding: "utf8" });
    assert.deepEqual([status, stderr], [0, ""]);
  });

  test(`the script for ${shell} has every option of every command`, async () => {
    const shapes = await commandShapes();
    const script = completionScript(shell, shapes);
    for (const { name, options } of shapes) {
      for (const option of options) {
        const expected = { bash: `--${option.name}`, zsh: `'--${option.name}`, fish: ` -l ${option.name} ` }[shell];
        assert.ok(script.includes(expected), `${name} --${option.name}`);
      }
    }
  });
}
