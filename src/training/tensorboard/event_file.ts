/** The epochs of a run for TensorBoard: an event file that is appended to, so that TensorBoard can follow a training. */
import { closeSync, existsSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { writeFailure } from "../../files.ts";
import { encodePng } from "../../imaging/png.ts";
import type { EpochRecord } from "../runs/history.ts";
import type { ValidationPicture } from "../validation.ts";
import { decodeEvent, encodeEvent, type EventMessage, type SummaryValue } from "./event_message.ts";
import { frame, readRecords } from "./records.ts";

/** TensorBoard takes every file whose name holds "tfevents". */
export const EVENT_FILE = "events.out.tfevents.seg";

const VERSION = "brain.Event:2";

/** The event file of a run. Each epoch is one record: after a kill, no epoch appears twice or half. */
export class EventFile {
  readonly #path: string;
  #end = 0;

  /**
   * Opens or makes the file and brings it into line with the history: what was cut off by a kill, or is of epochs that the history
   * does not have, is removed; epochs that are missing are added.
   *
   * @throws {Failure} where the file cannot be written.
   */
  constructor(path: string, history: readonly EpochRecord[]) {
    this.#path = path;
    this.#change((file) => {
      const { end, lastEpoch } = usableRecords(file, history.length);
      ftruncateSync(file, end);
      this.#end = end;
      if (end === 0) this.#append(file, { wallTime: now(), fileVersion: VERSION });
      for (const record of history.slice(lastEpoch)) this.#append(file, epochEvent(record, []));
    });
  }

  /** Adds an epoch, with pictures of validation cases. @throws {Failure} where the file cannot be written. */
  append(record: EpochRecord, pictures: readonly ValidationPicture[]): void {
    this.#change((file) => this.#append(file, epochEvent(record, pictures)));
  }

  #append(file: number, event: EventMessage): void {
    const bytes = frame(encodeEvent(event));
    for (let written = 0; written < bytes.length;) {
      written += writeSync(file, bytes, written, bytes.length - written, this.#end + written);
    }
    this.#end += bytes.length;
  }

  #change(write: (file: number) => void): void {
    try {
      const file = openSync(this.#path, existsSync(this.#path) ? "r+" : "wx+");
      try {
        write(file);
      } finally {
        closeSync(file);
      }
    } catch (error) {
      throw writeFailure(this.#path, error);
    }
  }
}

/** The records from the first on that belong to epochs of the history, and the last of these epochs. */
function usableRecords(file: number, epochs: number): { end: number; lastEpoch: number } {
  let [usable, lastEpoch] = [0, 0];
  for (const { data, end } of readRecords(file)) {
    try {
      const { step, fileVersion } = decodeEvent(data);
      if (usable === 0 ? fileVersion !== VERSION : step !== lastEpoch + 1 || step > epochs) break;
      [usable, lastEpoch] = [end, step];
    } catch {
      break;
    }
  }
  return { end: usable, lastEpoch };
}

function epochEvent(record: EpochRecord, pictures: readonly ValidationPicture[]): EventMessage {
  const { epoch, learningRate, lossPerLevel, trainLoss, validationLoss, dice, iou, dicePerClass } = record;
  const numbers: [tag: string, value: number | null][] = [
    ["loss/all levels", trainLoss],
    ...lossPerLevel.map((loss, level): [string, number] => [`loss/level ${level}`, loss]),
    ["validation/loss", validationLoss ?? null],
    ["validation/Dice", dice],
    ["validation/IoU", iou],
    ...Object.entries(dicePerClass).map(([name, value]): [string, number | null] => [`Dice per class/${name}`, value]),
    ["learning rate", learningRate],
  ];
  const value: SummaryValue[] = [
    ...numbers.flatMap(([tag, value]) => value === null ? [] : [{ tag, simpleValue: value }]),
    ...pictures.map(({ name, picture }) => ({
      tag: `validation/${name}`,
      image: {
        height: picture.height,
        width: picture.width,
        colorspace: picture.channels,
        encodedImageString: encodePng(picture),
      },
    })),
  ];
  return { wallTime: now(), step: epoch, summary: { value } };
}

function now(): number {
  return Date.now() / 1000;
}
