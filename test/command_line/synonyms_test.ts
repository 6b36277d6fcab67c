import assert from "node:assert/strict";
import { test } from "node:test";
import { argumentsOf } from "../../src/command_line/command.ts";
import { hintForAssignment, hintForOption, meantCommand } from "../../src/command_line/synonyms.ts";
import { COMMANDS } from "../../src/commands/catalog.ts";

async function argumentsOfCommand(name: string) {
  const entry = COMMANDS[name];
  assert.ok(entry !== undefined);
  return argumentsOf(await entry.load());
}

test("hintForOption() knows the names of other tools", async () => {
  const expected: [command: string, typed: string, hint: string][] = [
    ["train", "imgsz", "; did you mean --input-size?"],
    ["train", "lr", "; did you mean --learning-rate?"],
    ["train", "batch-size", "; did you mean --batch?"],
    ["train", "batch_size", "; did you mean --batch?"],
    ["train", "device", "; did you mean --provider?"],
    ["predict", "gpu", "; did you mean --provider?"],
    ["predict", "output", "; did you mean --out?"],
    ["train", "name", "; did you mean --out?"],
    ["predict", "model", "; MODEL stands without a name"],
    ["evaluate", "model", "; MODEL stands without a name"],
    ["train", "data", "; DATASET stands without a name"],
    ["train", "pretrained", "; did you mean --init?"],
    ["train", "weights", "; did you mean --init?"],
    ["export", "weights", "; MODEL stands without a name"],
    ["train", "workers", "; did you mean --threads?"],
    ["export", "half", "; did you mean --fp16?"],
    ["train", "amp", "; half precision is for engines: seg export --trt --fp16"],
    ["train", "verbose", "; progress and notes go to stderr in any case, and --json prints everything"],
    ["train", "frobnicate", ""],
    ["train", "x".repeat(900_000), ""],
  ];
  for (const [command, typed, hint] of expected) {
    assert.equal(hintForOption(typed, await argumentsOfCommand(command)), hint, `${command} --${typed.slice(0, 20)}`);
  }
});

test("hintForAssignment() turns epochs=10 into an option", async () => {
  const args = await argumentsOfCommand("train");
  assert.equal(hintForAssignment("epochs=10", args), "; did you mean --epochs 10?");
  assert.equal(hintForAssignment("imgsz=640", args), "; did you mean --input-size 640?");
  assert.equal(hintForAssignment("data=coco", args), "; DATASET stands without a name: write coco");
  assert.equal(hintForAssignment("tensorboard=True", args), "; did you mean --tensorboard?");
  for (const text of ["folder", "a=b", "runs/x=1"]) assert.equal(hintForAssignment(text, args), "", text);
});

test("meantCommand() knows the verbs of other tools", () => {
  const names = Object.keys(COMMANDS);
  const expected = {
    val: "evaluate",
    test: "evaluate",
    fit: "train",
    infer: "predict",
    segment: "predict",
    benchmark: "bench",
    plot: "report",
    resume: "train --resume",
    convert: "export",
    predct: "predict",
    toString: undefined,
  };
  for (const [typed, command] of Object.entries(expected)) assert.equal(meantCommand(typed, names), command, typed);
});

test("every command that a verb stands for exists", () => {
  for (const verb of ["val", "fit", "infer", "benchmark", "plot", "resume", "convert", "info", "show", "array"]) {
    const [name = ""] = (meantCommand(verb, []) ?? "").split(" ");
    assert.ok(name in COMMANDS, verb);
  }
});
