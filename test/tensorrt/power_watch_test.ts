import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { watchPower } from "../../src/tensorrt/power_watch.ts";
import { inScratch } from "./scratch.ts";

test("watchPower() integrates what tegrastats prints until it is stopped", async () => {
  await inScratch(async (folder) => {
    const program = join(folder, "tegrastats");
    const line = "RAM 1923/3964MB (lfb 2x2MB) GPU@40C POM_5V_IN 4000/1628";
    writeFileSync(program, `#!/bin/sh\nwhile :; do echo '${line}'; echo x >>${folder}/lines; sleep 0.05; done\n`);
    chmodSync(program, 0o755);
    const watch = watchPower(program);
    const lines = () => existsSync(join(folder, "lines")) ? readFileSync(join(folder, "lines"), "utf8").length / 2 : 0;
    while (lines() < 5) await new Promise((resolve) => setTimeout(resolve, 20));
    const summary = await watch.stop();
    assert.ok((summary?.samples ?? 0) >= 2);
    assert.ok(Math.abs((summary?.meanPowerMw ?? 0) - 4000) < 1e-6);
    assert.equal(summary?.peakTemperatureC, 40);
  });
});

test("watchPower() gives nothing where there is no tegrastats", async () => {
  assert.equal(await watchPower("/absent/tegrastats").stop(), undefined);
});
