import assert from "node:assert/strict";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { decode } from "fast-png";
import type { EpochRecord } from "../../src/training/runs/history.ts";
import { EVENT_FILE, EventFile } from "../../src/training/tensorboard/event_file.ts";
import { frame, maskedCrc32c } from "../../src/training/tensorboard/records.ts";
import { bestModel, filesOf, historyOf, RUN_FILES, trainTiny, trainUntil, withTinyRuns } from "./tiny_runs.ts";
import { inFolder } from "../commands/run_program.ts";
import { crc32c, masked, type ReadEvent, readEvents } from "./read_events.ts";

const text = (value: string) => new TextEncoder().encode(value);

function epoch(number: number): EpochRecord {
  return {
    epoch: number,
    learningRate: 0.1 / number,
    lossPerLevel: [0.5 / number, 0.25],
    trainLoss: 0.5 / number + 0.25,
    dice: number === 2 ? null : 0.1 * number,
    iou: 0.05 * number,
    dicePerClass: { tumour: 0.1 * number, cyst: null },
    seconds: 1,
  };
}

const history = (epochs: number) => Array.from({ length: epochs }, (_, i) => epoch(i + 1));
const stepsOf = (path: string) => readEvents(new Uint8Array(readFileSync(path))).map(({ step }) => step);
const numbersOf = ({ values }: ReadEvent) =>
  Object.fromEntries(values.flatMap(({ tag, number }) => number === undefined ? [] : [[tag, number]]));

test("maskedCrc32c() is the checksum of RFC 3720", () => {
  // Appendix B.4: 32 bytes of zeros, of ones, rising, and "123456789" (Koopman's check value).
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(255)), 0x62a8ab43);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
  assert.equal(crc32c(text("123456789")), 0xe3069283);
  for (const data of [text(""), text("123456789"), Uint8Array.from({ length: 5000 }, (_, i) => i * 7)]) {
    assert.equal(maskedCrc32c(data), masked(data));
  }
});

test("EventFile writes one event per epoch that another reader understands", async () => {
  await inFolder((folder) => {
    const path = join(folder, "events");
    const file = new EventFile(path, history(1));
    const picture = { width: 2, height: 1, channels: 4 as const, data: Uint8Array.of(255, 0, 0, 255, 0, 0, 255, 255) };
    file.append(epoch(2), [{ name: "case 1", picture }]);
    const events = readEvents(new Uint8Array(readFileSync(path)));
    assert.deepEqual(events.map(({ step, version }) => [step, version]), [[0, "brain.Event:2"], [1, ""], [2, ""]]);
    assert.ok(events.every(({ wallTime }) => Math.abs(wallTime - Date.now() / 1000) < 600));
    const single = (numbers: Record<string, number>) =>
      Object.fromEntries(Object.entries(numbers).map(([tag, number]) => [tag, Math.fround(number)]));
    assert.deepEqual(
      numbersOf(events[1] as ReadEvent),
      single({
        "loss/all levels": 0.75,
        "loss/level 0": 0.5,
        "loss/level 1": 0.25,
        "validation/Dice": 0.1,
        "validation/IoU": 0.05,
        "Dice per class/tumour": 0.1,
        "learning rate": 0.1,
      }),
    );
    assert.equal("validation/Dice" in numbersOf(events[2] as ReadEvent), false, "there is none");
    const { tag, image } = events[2]?.values.at(-1) ?? {};
    assert.deepEqual([tag, image?.width, image?.height, image?.channels], ["validation/case 1", 2, 1, 4]);
    assert.deepEqual([...decode(image?.png as Uint8Array).data], [...picture.data]);
    return Promise.resolve();
  });
});

test("EventFile removes what is cut off or of epochs to come, and adds what is missing", async () => {
  await inFolder((folder) => {
    const path = join(folder, "events");
    const open = (epochs: number) => new EventFile(path, history(epochs));
    open(3);
    const whole = new Uint8Array(readFileSync(path));
    assert.deepEqual(stepsOf(path), [0, 1, 2, 3]);
    // Killed at any byte of the last record.
    for (const missing of [1, 4, 5, 100, 150]) {
      writeFileSync(path, whole.subarray(0, whole.length - missing));
      open(3).append(epoch(4), []);
      assert.deepEqual(stepsOf(path), [0, 1, 2, 3, 4], `${missing} bytes less`);
    }
    open(2).append(epoch(3), []);
    assert.deepEqual(stepsOf(path), [0, 1, 2, 3]);
    open(5);
    assert.deepEqual(stepsOf(path), [0, 1, 2, 3, 4, 5]);
    appendFileSync(path, frame(text("\xff\xff")));
    appendFileSync(path, new Uint8Array(40));
    open(5);
    assert.deepEqual(stepsOf(path), [0, 1, 2, 3, 4, 5]);
    writeFileSync(path, "another file");
    open(1);
    assert.deepEqual(stepsOf(path), [0, 1]);
    return Promise.resolve();
  });
});

test("train() with tensorboard writes every epoch once, also when it is stopped and resumed, and the same model", async () => {
  await withTinyRuns(async ({ options }) => {
    await trainTiny(options("plain", { epochs: 2 }));
    const { out } = options("run");
    assert.ok(await trainUntil(options("run", { epochs: 2, tensorboard: true }), "epoch 2/2  batch 1/"));
    await trainTiny({ resume: out, version: "0.0.0" });
    assert.deepEqual(filesOf(out), [...RUN_FILES, EVENT_FILE].sort());
    assert.deepEqual(bestModel(out), bestModel(options("plain").out));
    const events = readEvents(new Uint8Array(readFileSync(join(out, EVENT_FILE))));
    assert.deepEqual(events.map(({ step }) => step), [0, 1, 2]);
    const records = historyOf(out) as unknown as EpochRecord[];
    events.slice(1).forEach((event, i) => {
      const { trainLoss, dice, learningRate } = records[i] as EpochRecord;
      const numbers = numbersOf(event);
      assert.equal(numbers["loss/all levels"], Math.fround(trainLoss));
      assert.equal(numbers["validation/Dice"], Math.fround(dice as number));
      assert.equal(numbers["learning rate"], Math.fround(learningRate));
      const images = event.values.filter(({ image }) => image !== undefined);
      assert.deepEqual(images.length, 2, "a picture of each validation case");
      for (const { image } of images) assert.equal(decode(image?.png as Uint8Array).width, image?.width);
    });
    // It may be switched on later.
    const plain = options("plain").out;
    await trainTiny({ resume: plain, version: "0.0.0", tensorboard: true });
    assert.deepEqual(stepsOf(join(plain, EVENT_FILE)), [0, 1, 2]);
  });
});
