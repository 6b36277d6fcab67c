import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

// A Deno that Deno starts gets all permissions.
const skip = "Deno" in globalThis && "only Node starts Deno without permissions";

test("Deno without permissions ends with one sentence that names them", { skip }, () => {
  for (const permissions of [[], ["--allow-read", "--allow-env"]]) {
    const line = ["run", "--no-prompt", "--no-check", "--quiet", ...permissions, "src/main.ts", "doctor"];
    const { status, stdout, stderr } = spawnSync("node_modules/.bin/deno", line, { encoding: "utf8" });
    assert.deepEqual([status, stdout], [1, ""], stderr);
    assert.match(
      stderr,
      /^Deno does not permit what is needed \(Requires [^\n]*\): start it with deno run --allow-env --allow-ffi [^\n]*\n$/,
    );
  }
});
