import assert from "node:assert/strict";
import { test } from "node:test";
import { formatDuration, terminalReporter } from "../../src/commands/terminal_reporter.ts";

function recorded(options: { isTTY: boolean; columns?: number; colour?: boolean }) {
  let time = 0;
  const written: string[] = [];
  const stream = { isTTY: options.isTTY, columns: options.columns ?? 80, write: (text: string) => written.push(text) };
  const reporter = terminalReporter(stream, { colour: options.colour ?? false, now: () => time });
  return { reporter, written, wait: (ms: number) => time += ms };
}

const ERASE = "\r\x1b[2K";

test("terminalReporter() writes plain lines and no progress into a log", () => {
  const { reporter, written } = recorded({ isTTY: false });
  reporter.progress("case 1 of 3");
  reporter.note("a note");
  reporter.warn("a \x1b[1mwarning\x1b[0m");
  reporter.clear();
  assert.deepEqual(written, ["a note\n", "Warning: a warning\n"]);
});

test("terminalReporter() keeps one live line below the lines that stay", () => {
  const { reporter, written, wait } = recorded({ isTTY: true });
  reporter.progress("case 1 of 3");
  wait(50);
  reporter.progress("case 2 of 3");
  assert.deepEqual(written, [`${ERASE}case 1 of 3`], "drawn ten times a second at most");
  reporter.note("a note");
  assert.deepEqual(written.slice(1), [ERASE, "a note\n", `${ERASE}case 1 of 3`]);
  reporter.clear();
  reporter.clear();
  assert.deepEqual(written.slice(4), [ERASE]);
});

test("terminalReporter() cuts the live line to the width of the terminal", () => {
  const { reporter, written } = recorded({ isTTY: true, columns: 12 });
  reporter.progress("a text that is too long");
  assert.deepEqual(written, [`${ERASE}a text tha…`]);
});

test("terminalReporter() tells the time left by the pace of k of n", () => {
  const { reporter, written, wait } = recorded({ isTTY: true });
  for (let done = 1; done <= 3; done++) {
    reporter.progress(`case ${done} of 10: x${done}`);
    wait(5000);
  }
  // Two cases took 10 s when the third began: eight are left.
  assert.equal(written.at(-1), `${ERASE}case 3 of 10: x3, 40 s left`);
  reporter.progress("slice 1 of 10");
  assert.equal(written.at(-1), `${ERASE}slice 1 of 10`);
});

test("terminalReporter() colours warnings on a terminal where colour is wanted", () => {
  const colourful = recorded({ isTTY: true, colour: true });
  colourful.reporter.warn("x");
  assert.deepEqual(colourful.written, ["\x1b[33mWarning:\x1b[0m x\n"]);
  const plain = recorded({ isTTY: true });
  plain.reporter.warn("x");
  assert.deepEqual(plain.written, ["Warning: x\n"]);
});

test("formatDuration() gives two units at most", () => {
  assert.deepEqual(
    [0.2, 59, 99, 150, 5999, 7500].map(formatDuration),
    ["0 s", "59 s", "99 s", "3 min", "100 min", "2 h 5 min"].map((text) => text === "100 min" ? "1 h 40 min" : text),
  );
});
