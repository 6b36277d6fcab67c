/** The door for JSON from outside: what is refused, and in which words. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import * as v from "valibot";
import { readJson } from "../src/files.ts";
import { parseJson } from "../src/json.ts";
import { oneOf, realNumber, recordOf, someText, wholeNumber } from "../src/schemas.ts";
import { shown, shownText } from "../src/shown.ts";

const folder = mkdtempSync(join(tmpdir(), "json-"));
after(() => rmSync(folder, { recursive: true }));

const schema = v.object({
  batch: wholeNumber(1, 4096),
  optimizer: v.optional(oneOf(["adam", "sgd"])),
  levels: v.optional(v.array(v.object({ name: someText(), share: realNumber(0, 1) }))),
  // Lists have a map of their own.
  own: v.optional(v.object({ map: v.optional(someText()) })),
  scores: v.optional(recordOf(v.nullable(realNumber()))),
});

function refusal(text: string): string {
  try {
    parseJson(text, schema, { from: "config.json", remedy: "restore the file" });
  } catch (error) {
    assert(error instanceof Error && error.name === "Failure");
    return error.message;
  }
  return "";
}

test("parseJson names the first field that does not fit, with what was found and expected", () => {
  const start = "Cannot use config.json: ";
  const cases: readonly (readonly [string, string])[] = [
    ['{"batch": "2"}', 'batch is "2", expected a whole number from 1 to 4096'],
    ['{"batch": 2.5}', "batch is 2.5, expected a whole number from 1 to 4096"],
    ["{}", "batch is missing, expected a whole number from 1 to 4096"],
    ["[]", "it holds [], expected an object"],
    ['{"batch": 2, "own": []}', "own is [], expected an object"],
    ["null", "it holds null, expected an object"],
    ['{"batch": 2, "optimizer": "adm"}', 'optimizer is "adm", expected one of adam, sgd'],
    ['{"batch": 2, "levels": {}}', "levels is {}, expected a list"],
    ['{"batch": 2, "levels": [{"name": "a", "share": 1}, {"name": ""}]}', 'levels[1].name is "", expected a text'],
    ['{"batch": 2, "levels": [{"name": "a"}]}', "levels[0].share is missing, expected a number from 0 to 1"],
    ['{"batch": 2, "levels": [["a"]]}', 'levels[0] is ["a"], expected an object'],
    ['{"batch": 2, "scores": {"a": 1, "b": "c"}}', 'scores.b is "c", expected a number'],
    ['{"batch": 2, "scores": [1]}', "scores is [1], expected an object"],
    ['{"batch": 2, "scores": {"a": 1e999}}', "scores.a is Infinity, expected a number"],
  ];
  for (const [text, fault] of cases) assert.equal(refusal(text), `${start}${fault}; restore the file`);
});

test("parseJson gives what fits, with a byte order mark and with names that objects have of their own", () => {
  const text = '\uFEFF{"batch": 2, "scores": {"constructor": 1, "__proto__": null}}';
  const { batch, scores } = parseJson(text, schema, { from: "", remedy: "" });
  assert.equal(batch, 2);
  assert.deepEqual(Object.entries(scores ?? {}), [["constructor", 1], ["__proto__", null]]);
});

test("parseJson refuses what is no JSON in one short line", () => {
  assert.match(refusal('{"batch": 2'), /^Cannot read config\.json: it is no JSON \(.+\); restore the file$/);
  const long = refusal(`"${"\u001b[31mx".repeat(1000)}`);
  assert(long.length < 300, long);
  assert.doesNotMatch(long, /\p{Cc}/u);
});

test("parseJson refuses what is nested too deeply, but not brackets in texts", () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  const message = "Cannot read config.json: it is nested over 32 deep; restore the file";
  assert.equal(refusal(nested(33)), message);
  assert.equal(refusal(nested(1_000_000)), message);
  assert.match(refusal(nested(32)), /^Cannot use/);
  assert.equal(refusal(`{"batch": 2, "optimizer": "adam", "x": "\\"${nested(40)}"}`), "");
});

test("shown cuts values in length and depth, and escapes what a terminal obeys", () => {
  assert.equal(shown([1, [2, [3]], { a: { b: {} } }]), '[1, [2, […]], {"a": {…}}]');
  assert.equal(shown("a\u001b]0;b\u0007\u202e\r\u009bm"), '"a\\u001b]0;b\\u0007\\u202e\\r\\u009bm"');
  assert.equal(shown([1, 2, 3, 4, 5, 6, 7]), "[1, 2, 3, 4, 5, 6, …]");
  assert.equal(shown("x".repeat(100)), `"${"x".repeat(60)}…"`);
  assert(shown(Array.from({ length: 9 }, () => Array(9).fill("x".repeat(999)))).length <= 161);
  assert.equal(shownText("a\nb"), "a\\u000ab");
  assert.equal(shownText(`${"x".repeat(59)}😀`), `${"x".repeat(59)}…`);
});

test("readJson refuses files that are absent, folders, pipes, devices, too large or no UTF-8", () => {
  const path = (name: string) => join(folder, name);
  const refuses = (file: string, found: string) =>
    assert.throws(() => readJson(file, schema, "restore the file", { largestBytes: 1000 }), {
      name: "Failure",
      message: `Cannot read ${file}: ${found}; restore the file`,
    });
  refuses(path("none.json"), "there is no such file");
  refuses(folder, "this is a folder");
  execFileSync("mkfifo", [path("pipe.json")]);
  refuses(path("pipe.json"), "this is a named pipe");
  refuses("/dev/zero", "this is a device");
  writeFileSync(path("large.json"), "");
  truncateSync(path("large.json"), 2 ** 33);
  refuses(path("large.json"), "the file has 8589934592 bytes; files of up to 1000 bytes are read");
  writeFileSync(path("latin.json"), Uint8Array.of(0x22, 0xe9, 0x22));
  refuses(path("latin.json"), "it is no text in UTF-8");
  refuses(path("x".repeat(300)), "the name is longer than the file system allows");
});

test("readJson reads a file that fits", () => {
  const file = join(folder, "config.json");
  writeFileSync(file, '{"batch": 2, "other": 1}');
  assert.deepEqual(readJson(file, schema, ""), { batch: 2 });
});
