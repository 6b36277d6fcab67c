import assert from "node:assert/strict";
import { test } from "node:test";
import { csvTable } from "../../src/evaluation/csv.ts";

test("csvTable() quotes by RFC 4180, and numbers stay numbers", () => {
  assert.equal(csvTable([["a,b", 'say "x"', -1.5, null, undefined, "plain"]]), '"a,b","say ""x""",-1.5,,,plain\r\n');
});

test("csvTable() disarms what a spreadsheet would take for a formula, and shows control characters", () => {
  const cases = {
    "=1+1": "'=1+1",
    "+1": "'+1",
    "-1": "'-1",
    "@SUM(A1)": "'@SUM(A1)",
    " =1": "' =1",
    "\t=1": "'\\u0009=1",
    "\r=1": "'\\u000d=1",
    "\n=1": "'\\u000a=1",
    "\x1b[2Jcase\x9b": "\\u001b[2Jcase\\u009b",
  };
  for (const [text, field] of Object.entries(cases)) assert.equal(csvTable([[text]]), `${field}\r\n`);
});
