/**
 * Lets TensorBoard's own reader read the event file of a run that was killed and continued: every epoch once, with the numbers of the
 * history, and pictures that open.
 *
 *     deno run -A tools/check_with_tensorboard.ts [python = python3]
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { EpochRecord } from "../src/training/runs/history.ts";
import { EVENT_FILE, EventFile } from "../src/training/tensorboard/event_file.ts";

const READ = `
import json, sys, tensorboard
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator, IMAGES, SCALARS
folder = sys.argv[1]
history = json.load(open(folder + "/history.json"))
events = EventAccumulator(folder, size_guidance={SCALARS: 0, IMAGES: 0})
events.Reload()
tags = events.Tags()
faults = []
def same(tag, wanted):
    found = [(event.step, event.value) for event in events.Scalars(tag)] if tag in tags["scalars"] else []
    wanted = [(epoch, value) for epoch, value in wanted if value is not None]
    if [s for s, _ in found] != [s for s, _ in wanted] or any(abs(a - b) > 1e-6 for (_, a), (_, b) in zip(found, wanted)):
        faults.append(f"{tag}: {found} is not {wanted}")
same("loss/all levels", [(r["epoch"], r["trainLoss"]) for r in history])
for level in range(2):
    same(f"loss/level {level}", [(r["epoch"], r["lossPerLevel"][level]) for r in history])
same("validation/Dice", [(r["epoch"], r["dice"]) for r in history])
same("validation/IoU", [(r["epoch"], r["iou"]) for r in history])
same("Dice per class/tumour", [(r["epoch"], r["dicePerClass"]["tumour"]) for r in history])
same("learning rate", [(r["epoch"], r["learningRate"]) for r in history])
images = events.Images("validation/case 1")
if [(i.step, i.width, i.height) for i in images] != [(2, 3, 2), (4, 3, 2)]:
    faults.append(f"images: {[(i.step, i.width, i.height) for i in images]}")
if any(i.encoded_image_string[:8] != b"\\x89PNG\\r\\n\\x1a\\n" for i in images):
    faults.append("an image is no PNG")
print(f"TensorBoard {tensorboard.version.VERSION}: {len(tags['scalars'])} scalars, {len(images)} images, {len(faults)} faults")
print("\\n".join(faults))
sys.exit(1 if faults else 0)
`;

const python = process.argv[2] ?? "python3";
if (spawnSync(python, ["-c", "import tensorboard"]).status !== 0) {
  console.log(`Not run: ${python} has no tensorboard; install it or give another Python`);
  process.exit(0);
}
const folder = mkdtempSync(join(tmpdir(), "tensorboard-"));
try {
  const history = [1, 2, 3, 4, 5].map((epoch): EpochRecord => ({
    epoch,
    learningRate: 1e-3 / epoch,
    lossPerLevel: [0.5 / epoch, 0.25],
    trainLoss: 0.5 / epoch + 0.25,
    dice: epoch === 3 ? null : 0.15 * epoch,
    iou: 0.1 * epoch,
    dicePerClass: { tumour: epoch === 3 ? null : 0.15 * epoch },
    seconds: 1,
  }));
  const record = (epoch: number) => history[epoch - 1] as EpochRecord;
  const data = Uint8Array.from({ length: 2 * 3 * 4 }, (_, i) => i % 4 === 3 ? 255 : 40 * i);
  const pictures = [{ name: "case 1", picture: { width: 3, height: 2, channels: 4 as const, data } }];
  const path = join(folder, EVENT_FILE);
  const first = new EventFile(path, []);
  first.append(record(1), []);
  first.append(record(2), pictures);
  first.append(record(3), pictures);
  truncateSync(path, readFileSync(path).length - 10);
  // The third epoch was cut off, and comes back from the history without its picture.
  const second = new EventFile(path, history.slice(0, 3));
  second.append(record(4), pictures);
  second.append(record(5), []);
  writeFileSync(join(folder, "history.json"), JSON.stringify(history));
  execFileSync(python, ["-c", READ, folder], { stdio: "inherit" });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
