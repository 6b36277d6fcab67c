import assert from "node:assert/strict";
import { test } from "node:test";
import type { NamedDescriptor } from "../../src/command_line/option.ts";
import { configurable, LIMITS } from "../../src/commands/train_arguments.ts";
import { limitsOf, runSettings } from "../../src/training/runs/run_settings.ts";
import { TRAIN_DEFAULTS } from "../../src/training/runs/train_options.ts";

/** Values that the option takes, one of which at least is not its default. */
function valuesOf(descriptor: NamedDescriptor): unknown[] {
  if (descriptor.kind === "flag") return [true];
  const { completion, example, read } = descriptor.type;
  const words = typeof completion === "object" ? completion.words : [];
  return [example, "3", ...words].flatMap((text) => {
    try {
      return [read(text)];
    } catch {
      return [];
    }
  }).filter((value) => typeof value !== "object" || Array.isArray(value));
}

test("every option of seg train changes the settings of a run, and every limit those of a run that goes on", () => {
  const base = { ...TRAIN_DEFAULTS, dataset: "data", out: "run", version: "1" };
  const before = JSON.stringify(runSettings(base));
  for (const [property, descriptor] of Object.entries(configurable)) {
    const values = valuesOf(descriptor).filter((value) => !(property === "fold" && value === "all"));
    const changed = values.filter((value) => JSON.stringify(runSettings({ ...base, [property]: value })) !== before);
    assert.ok(changed.length > 0, property);
    if (!(LIMITS as readonly string[]).includes(property)) continue;
    assert.deepEqual(limitsOf({ [property]: changed[0] }), { [property]: changed[0] });
  }
});
