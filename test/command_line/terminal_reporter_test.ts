import assert from "node:assert/strict";
import { test } from "node:test";
import { terminalReporter } from "../../src/command_line/terminal_reporter.ts";

function recorded(options: { isTTY: boolean; columns?: number; colour?: boolean }) {
  let time = 0;
  const calls: { call: () => void; at: number }[] = [];
  const written: string[] = [];
  const stream = { isTTY: options.isTTY, columns: options.columns ?? 80, write: (text: string) => written.push(text) };
  const later = (call: () => void, ms: number) => void calls.push({ call, at: time + ms });
  const reporter = terminalReporter(stream, { colour: options.colour ?? false, now: () => time, later });
  const wait = (ms: number) => {
    time += ms;
    for (const { call } of calls.splice(0).filter(({ at }) => at <= time)) call();
  };
  return { reporter, written, wait };
}

const ERASE = "\r\x1b[2K";

test("terminalReporter() writes plain lines and no progress into a log", () => {
  const { reporter, written } = recorded({ isTTY: false });
  reporter.progress("case 1 of 3");
  reporter.note("a note");
  reporter.warn("a warning");
  reporter.clear();
  assert.deepEqual(written, ["a note\n", "Warning: a warning\n"]);
});

test("terminalReporter() has one live line, whose place a line that stays takes", () => {
  const { reporter, written, wait } = recorded({ isTTY: true });
  reporter.progress("case 1 of 3");
  wait(50);
  reporter.progress("case 2 of 3");
  assert.deepEqual(written, [`${ERASE}case 1 of 3`], "drawn ten times a second at most");
  reporter.note("a note");
  assert.deepEqual(written.slice(1), [ERASE, "a note\n"]);
  reporter.progress("case 3 of 3");
  assert.deepEqual(written.slice(3), [`${ERASE}case 3 of 3`], "at once after a note");
  reporter.clear();
  reporter.clear();
  assert.deepEqual(written.slice(4), [ERASE]);
  wait(1000);
  assert.equal(written.length, 5, "nothing comes after the end");
});

test("terminalReporter() shows the last text, however fast it came", () => {
  const { reporter, written, wait } = recorded({ isTTY: true });
  for (let done = 1; done <= 30; done++) reporter.progress(`batch ${done}`);
  assert.deepEqual(written, [`${ERASE}batch 1`]);
  wait(100);
  assert.deepEqual(written.slice(1), [`${ERASE}batch 30`]);
  reporter.progress("batch 31");
  reporter.note("a note");
  wait(100);
  assert.deepEqual(written.slice(2), [ERASE, "a note\n"], "the note is newer");
});

test("terminalReporter() cuts the live line to the width of the terminal, where it says one", () => {
  const { reporter, written } = recorded({ isTTY: true, columns: 12 });
  reporter.progress("a text that is too long");
  assert.deepEqual(written, [`${ERASE}a text tha…`]);
  const unknown = recorded({ isTTY: true, columns: 0 });
  unknown.reporter.progress("a text that is too long");
  assert.deepEqual(unknown.written, [`${ERASE}a text that is too long`]);
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

test("terminalReporter() shows what a terminal would obey, on terminals and in logs", () => {
  for (const isTTY of [true, false]) {
    const { reporter, written } = recorded({ isTTY });
    reporter.note("two\nlines of \x1b]0;title\x07 and \u202e");
    reporter.warn("\x9b2J");
    reporter.progress("case \x1b[2J\n1 of 3");
    assert.deepEqual(written.slice(0, 2), [
      "two\nlines of \\u001b]0;title\\u0007 and \\u202e\n",
      "Warning: \\u009b2J\n",
    ]);
    assert.deepEqual(written.slice(2), isTTY ? [`${ERASE}case \\u001b[2J\\u000a1 of 3`] : []);
  }
});
