import assert from "node:assert/strict";
import { linkSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { writeFileAtomic } from "../src/files.ts";
import { withFolder } from "./data/made_folders.ts";

test("writeFileAtomic() puts a new file in the place of the old one, which stays whole until then", () => {
  withFolder((folder) => {
    const path = join(folder, "history.jsonl");
    writeFileAtomic(path, "old and longer");
    // Whoever has the old file keeps it: it was not written over.
    linkSync(path, join(folder, "kept"));
    writeFileAtomic(path, Uint8Array.of(110, 101, 119));
    assert.equal(readFileSync(path, "utf8"), "new");
    assert.equal(readFileSync(join(folder, "kept"), "utf8"), "old and longer");
    assert.deepEqual(readdirSync(folder).sort(), ["history.jsonl", "kept"]);
  });
});

test("writeFileAtomic() ends with a sentence and leaves nothing behind where it cannot write", () => {
  withFolder((folder) => {
    assert.throws(() => writeFileAtomic(join(folder, "no", "file"), "x"), {
      name: "Failure",
      message: `Cannot write ${join(folder, "no", "file")}: its folder does not exist; create the folder first`,
    });
    writeFileAtomic(join(folder, "file"), "x");
    assert.throws(() => writeFileAtomic(join(folder, "file", "below"), "x"), /a part of the path is a file/);
    assert.deepEqual(readdirSync(folder), ["file"]);
  });
});
