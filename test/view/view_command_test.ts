import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { chromiumPath } from "../../src/view/chromium.ts";
import { inFolder, runProgram } from "../commands/run_program.ts";
import { putFiles } from "./made_files.ts";

const noSignals = process.platform === "win32" && "a process of Windows cannot be sent Ctrl-C";

test("seg view prints its address, serves the page, and ends well with Ctrl-C", { skip: noSignals }, async () => {
  await inFolder(async (folder) => {
    const { volume, reference } = putFiles(folder);
    let page: Promise<{ status: number; text: string }> | undefined;
    const { code, stdout, stderr } = await runProgram(["view", volume, "--reference", reference], {
      when: {
        stderr: /Open http:\S+\n/,
        then: (program) => {
          page = readPage(/Open (\S+)/.exec(seen(program))?.[1] as string).finally(() =>
            process.kill(program.pid as number, "SIGINT")
          );
        },
      },
      started: (program) =>
        void program.stderr?.on("data", (text: string) => collected.set(program, seen(program) + text)),
    });
    assert.deepEqual(await page, { status: 200, text: "scan &lt;b&gt;&amp;.nii.gz" });
    assert.deepEqual([code, stdout], [0, ""]);
    assert.match(stderr, /^Open http:\/\/127\.0\.0\.1:\d+\/\S+\nThe address is good for one browser of this machine/);
    assert.equal(stderr.split("\n").length, 3);
  });
});

const collected = new WeakMap<object, string>();

function seen(program: object): string {
  return collected.get(program) ?? "";
}

/** Enters as a browser does: exchanges the token and follows. */
async function readPage(url: string): Promise<{ status: number; text: string }> {
  const entered = await fetch(url, { redirect: "manual" });
  await entered.body?.cancel();
  const cookie = entered.headers.get("set-cookie")?.split(";", 1)[0] as string;
  const response = await fetch(new URL(entered.headers.get("location") as string, url), { headers: { cookie } });
  return { status: response.status, text: /<h1>(.*)<\/h1>/.exec(await response.text())?.[1] ?? "" };
}

test("seg view says in one sentence what is wrong", async () => {
  await inFolder(async (folder) => {
    const { volume, reference, probabilities } = putFiles(folder);
    const picture = join(folder, "there.png");
    writeFileSync(picture, "kept");
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    const empty = { SEG_CHROMIUM: "", PATH: folder };
    const cases = [
      [["--prediction", probabilities], 1, /^Cannot show \S+ as --prediction: found 2 channels, [^\n]+\n$/],
      [["--port", String(port)], 1, /^Port \d+ is in use; choose another one or leave --port away\n$/],
      [["--screenshot", picture], 1, /there\.png exists already; [^\n]*--force[^\n]*\n$/],
      [["--screenshot", join(folder, "new.png")], 1, /^Cannot find Chromium for --screenshot; [^\n]+SEG_CHROMIUM\n$/],
      [["--screenshot", join(folder, "new.png"), "--open"], 2, /--open has no effect with --screenshot/],
      [["--port", "70000"], 2, /whole number of 1 to 65535/],
    ] as const;
    try {
      await Promise.all(cases.map(async ([args, expected, message]) => {
        const { code, stdout, stderr } = await runProgram(["view", volume, "--reference", reference, ...args], {
          environment: empty,
        });
        assert.match(stderr, message);
        assert.deepEqual([code, stdout], [expected, ""]);
      }));
    } finally {
      other.close();
    }
    assert.equal(readFileSync(picture, "utf8"), "kept");
  });
});

test("seg view --screenshot says that a program is no Chromium, and leaves nothing", { skip: noSignals }, async () => {
  await inFolder(async (folder) => {
    const { volume } = putFiles(folder);
    const [program, missing] = [join(folder, "false.sh"), join(folder, "missing")];
    writeFileSync(program, "#!/bin/sh\necho no display >&2\nexit 3\n", { mode: 0o755 });
    const temporary = join(folder, "temporary");
    mkdirSync(temporary);
    for (
      const [chromium, message] of [
        [program, /false\.sh made no picture \(exit code 3: no display\); name another Chromium by SEG_CHROMIUM\n$/],
        [missing, /^Cannot start \S*missing: [^\n]+; name Chromium by SEG_CHROMIUM\n$/],
      ] as const
    ) {
      const { code, stderr } = await runProgram(["view", volume, "--screenshot", join(folder, "scan.png")], {
        environment: { SEG_CHROMIUM: chromium, TMPDIR: temporary },
      });
      assert.match(stderr, message);
      assert.equal(code, 1);
    }
    assert.deepEqual([existsSync(join(folder, "scan.png")), readdirSync(temporary)], [false, []]);
  });
});

const skip = chromiumPath() === undefined && "there is no Chromium: install it, or name it by SEG_CHROMIUM";

test("seg view --screenshot writes a picture of the page", { skip }, async () => {
  await inFolder(async (folder) => {
    const { volume, reference } = putFiles(folder);
    const path = join(folder, "scan.png");
    const { code, stdout, stderr } = await runProgram(["view", volume, "--reference", reference, "--screenshot", path]);
    assert.deepEqual([code, stdout, stderr], [0, `Wrote ${path}\n`, ""]);
    const picture = readFileSync(path);
    assert.deepEqual([picture.readUInt32BE(16), picture.readUInt32BE(20)], [1400, 900]);
    // A page without slices compresses to less.
    assert.ok(picture.length > 40_000, String(picture.length));
    assert.deepEqual(readdirSync(folder).filter((name) => name.startsWith(".")), []);
  });
});
