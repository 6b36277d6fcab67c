/** The shell script of the kit, with the values of its model. */
import type { OnnxModel } from "../graph/onnx/model.ts";
import { shellWord } from "../shell_words.ts";
import { kitCommands } from "./kit_commands.ts";
import type { KitRunner } from "./kit_runner.ts";
import { NO_RUNNER, RUNNER, SCRIPT } from "./kit_script_text.ts";
import type { TensorContract } from "./raw_input.ts";
import type { Precision } from "./targets.ts";

/** What the script is written for. */
export interface KitScriptOptions {
  /** The content of model.onnx: it decides which TensorRT can build it. */
  readonly model: OnnxModel;
  readonly precision: Precision;
  readonly workspacesMiB: readonly number[];
  readonly inputs: readonly TensorContract[];
  readonly outputs: readonly TensorContract[];
  /** Largest difference to the reference that passes. */
  readonly tolerance: number;
  /** A value on the other side of this threshold than the reference has flipped. */
  readonly threshold: number;
  /** Share of flipped values that passes, 0 to 1. */
  readonly flippedShare: number;
  readonly runner?: KitRunner | undefined;
}

/** Warm-up of the bench in ms, which the reader of the result needs, too. */
export const KIT_WARM_UP_MS = 1000;
/** Time of each of the two timing runs. */
const KIT_DURATION_SECONDS = 10;
/** Interval of tegrastats during the bench in ms. */
export const KIT_POWER_INTERVAL_MS = 200;

/** The text of `run.sh`. @throws {Failure} where a tensor name cannot be written on trtexec's command line. */
export function kitScript(options: KitScriptOptions): string {
  const commands = kitCommands({
    model: options.model,
    precision: options.precision,
    inputs: options.inputs.map(({ name }) => name),
    warmUpMs: KIT_WARM_UP_MS,
    durationSeconds: KIT_DURATION_SECONDS,
  });
  const { model, runner } = options;
  const plugins = usesPlugins(model);
  const values: Readonly<Record<string, string>> = {
    COMMANDS: commands,
    WORKSPACES: options.workspacesMiB.join(" "),
    TOLERANCE: String(options.tolerance),
    THRESHOLD: String(options.threshold),
    SHARE: String(options.flippedShare),
    INTERVAL: String(KIT_POWER_INTERVAL_MS),
    COMPARISONS: options.outputs.map(({ name }, i) =>
      `  record ${i} "$(compare ${shellWord(name)} reference/expected_${i}.txt)"`
    ).join("\n"),
    SIDES: `${runner?.frame.rows}x${runner?.frame.columns}`,
    SPACING: String(runner?.frame.spacingMm),
    PLUGINS: plugins ? "-DSEG_PLUGINS " : "",
    LIBRARIES: `-lnvinfer ${plugins ? "-lnvinfer_plugin " : ""}-lcudart`,
  };
  return SCRIPT.replace("@RUNNER@", () => runner === undefined ? NO_RUNNER : RUNNER)
    .replace(/@([A-Z]+)@/g, (_token, name: string) => values[name] ?? "").replaceAll("@{", "${");
}

/** InstanceNormalization is a plugin before TensorRT 10. */
function usesPlugins({ nodes }: OnnxModel): boolean {
  return nodes.some(({ opType }) => opType === "InstanceNormalization");
}
