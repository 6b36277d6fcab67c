/**
 * Nets, heads, input sizes and recipes on the user's own data: patient-wise folds, one process per training, resumable.
 *
 * A recipe with @0.2 behind its name cuts the masks of the same training at 0.2.
 *
 * Each training validates once, at its last epoch: no weights are chosen by the patients that are scored. A run that is stopped goes on
 * where it was when it is started again with the same folder. Writes results.json, results.md and results.svg after every training.
 * --cell auto: the one cell of this task of an array job; the same line without it writes the results in the end.
 * --report: trains nothing, and writes the results of what is done.
 * --quick: one seed, two folds, 200 steps each.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { arrayIndex } from "../src/cluster/array_index.ts";
import { UsageFailure } from "../src/failure.ts";
import { writeFileAtomic } from "../src/files.ts";
import { armName, type Cell, cellName, cellsOf, recipeOf, RECIPES } from "./ablation/arms.ts";
import { runCell, Stopped } from "./ablation/run_cell.ts";
import { addCosts, type ArmCost } from "./ablation/costs.ts";
import { nestedChoices } from "./ablation/nested.ts";
import { plots } from "./ablation/plots.ts";
import { armResults, differences, markdown } from "./ablation/tables.ts";

const USAGE =
  `usage: ablation DATASET --out DIR [--nets elu-net] [--heads none,j] [--input-sizes 16] [--recipes authors] [--seeds 0]
  [--folds 4] [--only-folds 0] [--jobs 1] [--baselines none,j] [--nested-baseline none+authors] [--quick] [--report] [--cell auto]
  [-- options of seg train]
recipes: ${Object.keys(RECIPES).join(", ")}`;
const cut = process.argv.indexOf("--");
const own = process.argv.slice(2, cut < 0 ? undefined : cut);
const passed = cut < 0 ? [] : process.argv.slice(cut + 1);
const { values, positionals: [dataset] } = parse();
const { out } = values;
if (values.help || dataset === undefined || out === undefined) {
  (values.help ? console.log : console.error)(USAGE);
  process.exit(values.help ? 0 : 2);
}
const words = (text: string) => text.split(",").map((word) => word.trim()).filter((word) => word !== "");
const folds = values.quick ? 2 : Number(values.folds);
const allCells = cellsOf({
  nets: words(values.nets),
  heads: words(values.heads),
  inputSizes: words(values["input-sizes"]).map(Number),
  recipes: words(values.recipes),
  seeds: values.quick ? [0] : words(values.seeds).map(Number),
  folds,
});
// A set with many patients says enough in one fold.
const chosen = values["only-folds"] === undefined ? undefined : words(values["only-folds"]).map(Number);
const cells = allCells.filter(({ fold }) => chosen?.includes(fold) ?? true);
const unknown = words(values.recipes).find((name) => RECIPES[recipeOf(name).training] === undefined);
if (unknown !== undefined) {
  console.error(`No recipe is called ${unknown}: choose one of ${Object.keys(RECIPES).join(", ")}`);
  process.exit(2);
}
const defaults = {
  "--epochs": values.quick ? "2" : "10",
  "--validate-every": "1000000",
  "--threads": Number(values.jobs) > 1 ? "1" : "2",
};
const train = [...Object.entries(defaults).filter(([name]) => !passed.includes(name)).flat(), ...passed];
const program = [process.execPath, join(import.meta.dirname as string, "..", "src", "main.js")] as const;
mkdirSync(out, { recursive: true });

const costs = new Map<string, ArmCost>();
let done = 0;
let failed = 0;
const started = performance.now();
let stopped = false;
const queue = values.report ? [] : values.cell === undefined ? [...cells] : [cellOfTask()];
await Promise.all(Array.from({ length: Number(values.jobs) }, work));
if (values.cell === undefined) report();
process.exitCode = stopped ? 130 : failed > 0 ? 1 : 0;

function parse() {
  try {
    return parseArgs({
      args: own,
      allowPositionals: true,
      options: {
        out: { type: "string" },
        nets: { type: "string", default: "elu-net" },
        heads: { type: "string", default: "none,j,bilinear-loss,sub-pixel" },
        "input-sizes": { type: "string", default: "16" },
        recipes: { type: "string", default: "authors" },
        seeds: { type: "string", default: "0" },
        folds: { type: "string", default: "4" },
        "only-folds": { type: "string" },
        jobs: { type: "string", default: "1" },
        baselines: { type: "string", default: "none,j,bilinear-loss" },
        "nested-baseline": { type: "string", default: "none+authors" },
        cell: { type: "string" },
        report: { type: "boolean", default: false },
        quick: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    // What it says after the first sentence is about its own syntax.
    console.error((error as Error).message.split(". ")[0]);
    console.error(USAGE);
    process.exit(2);
  }
}

function cellOfTask(): Cell {
  try {
    if (values.cell !== "auto") throw new UsageFailure(`--cell: found ${values.cell}, expected auto`);
    const about = { count: cells.length, first: undefined, option: "--cell auto" };
    const { variable, value, index } = arrayIndex(process.env, about);
    const cell = cells[index] as Cell;
    console.log(`${variable} is ${value}: ${cellName(cell)}`);
    return cell;
  } catch (error) {
    console.error((error as Error).message);
    process.exit(2);
  }
}

async function work(): Promise<void> {
  for (let cell = queue.shift(); cell !== undefined; cell = queue.shift()) {
    try {
      await runCell(cell, { dataset: dataset as string, out: out as string, program, folds, train });
    } catch (error) {
      if (error instanceof Stopped) {
        stopped = true;
        queue.length = 0;
        return;
      }
      failed++;
      console.error(`${cellName(cell)}: ${(error as Error).message}`);
      // What is wrong with the first is most often wrong with all.
      if (failed === done + 1) queue.length = 0;
    }
    done++;
    if (values.cell === undefined) report();
    tell(cell);
  }
}

function report(): void {
  const results = armResults(cells, out as string);
  const compared = differences(results, words(values.baselines));
  addCosts(costs, cells, out as string);
  const nested = nestedChoices(cells, out as string, values["nested-baseline"]);
  writeFileAtomic(
    join(out as string, "results.json"),
    `${JSON.stringify({ results, differences: compared, costs: Object.fromEntries(costs), nested }, null, 2)}\n`,
  );
  writeFileAtomic(join(out as string, "results.md"), markdown(results, compared, { costs, nested }));
  const picture = plots(results, costs);
  if (picture !== undefined) writeFileAtomic(join(out as string, "results.svg"), picture);
}

function tell(cell: Cell): void {
  const minutes = (performance.now() - started) / 60_000;
  const left = (minutes / done) * (cells.length - done);
  console.log(
    `${done}/${cells.length}  ${armName(cell)} seed ${cell.seed} fold ${cell.fold}  ${minutes.toFixed(0)} min, ${
      left.toFixed(0)
    } min left`,
  );
}
