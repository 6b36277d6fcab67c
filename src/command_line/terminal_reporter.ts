/** Progress and notes on stderr: one live line on a terminal, plain lines in a log. */
import type { Reporter } from "../reporter.ts";
import { printable, printableLine } from "../shown.ts";
import { environmentVariable } from "./environment.ts";
import { formatDuration } from "../text.ts";

/** Where the lines go; `process.stderr` is one. */
export interface LineStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** A reporter with a line that has to be cleared in the end. */
export interface TerminalReporter extends Reporter {
  /** Removes the live line, so that other output may follow. */
  clear(): void;
}

const REDRAW_MS = 100;
/** Where a terminal does not say how wide it is. */
const USUAL_COLUMNS = 80;
const ERASE_LINE = "\r\x1b[2K";

/**
 * A reporter for a stream.
 *
 * The live line is drawn ten times a second at most; the last text always comes. A line that stays takes its place.
 *
 * A progress text with "3 of 20" in it gets the time that is left, by the speed since the first text with the same words.
 *
 * @param options.later calls back after so many ms, and does not keep the process.
 * @param options.colour as `NO_COLOR` and `TERM` of the environment say, unless given.
 */
export function terminalReporter(
  stream: LineStream,
  { colour = wantsColour(), now = Date.now, later = unheldTimer }: {
    colour?: boolean;
    now?: () => number;
    later?: (call: () => void, ms: number) => void;
  } = {},
): TerminalReporter {
  const live = stream.isTTY === true && environmentVariable("TERM") !== "dumb";
  let [shown, waiting, lastDrawn] = ["", "", -Infinity];
  const pace = new Pace(now);
  const draw = (text: string) => {
    const width = (stream.columns || USUAL_COLUMNS) - 1;
    stream.write(ERASE_LINE + (text.length > width ? `${text.slice(0, width - 1)}…` : text));
    [shown, waiting, lastDrawn] = [text, "", now()];
  };
  const clear = () => {
    if (shown !== "") stream.write(ERASE_LINE);
    [shown, waiting, lastDrawn] = ["", "", -Infinity];
  };
  const line = (text: string) => {
    clear();
    stream.write(`${text}\n`);
  };
  return {
    clear,
    progress(text) {
      const left = pace.timeLeft(text);
      if (!live) return;
      const whole = printableLine(left === undefined ? text : `${text}, ${left} left`);
      const pause = lastDrawn + REDRAW_MS - now();
      if (pause <= 0) return draw(whole);
      if (waiting === "") later(() => waiting !== "" && draw(waiting), pause);
      waiting = whole;
    },
    note: (text) => line(printable(text)),
    warn: (text) => line(`${live && colour ? "\x1b[33mWarning:\x1b[0m" : "Warning:"} ${printable(text)}`),
  };
}

function unheldTimer(call: () => void, ms: number): void {
  setTimeout(call, ms).unref();
}

/** https://no-color.org: any value but the empty one. */
function wantsColour(): boolean {
  return !environmentVariable("NO_COLOR");
}

/** Measures how fast the "k of n" of a progress text grows. */
class Pace {
  readonly #now: () => number;
  #words = "";
  #startMs = 0;
  #first = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Undefined where the text has no "k of n", or too little is done to tell. */
  timeLeft(text: string): string | undefined {
    const match = /^(.*?)(\d+) of (\d+)/.exec(text);
    if (match === null) return undefined;
    const [, words, done, all] = [match[0], `${match[1]} of ${match[3]}`, Number(match[2]), Number(match[3])] as const;
    if (words !== this.#words || done < this.#first) {
      [this.#words, this.#startMs, this.#first] = [words, this.#now(), done];
    }
    const seconds = (this.#now() - this.#startMs) / 1000;
    if (done - this.#first < 1 || seconds < 2) return undefined;
    // "3 of 20" says that the third is being worked on: it is not done yet.
    return formatDuration(seconds / (done - this.#first) * (all - done + 1));
  }
}
