import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { chromiumPath, rootArguments, SOFTWARE_WEBGL } from "../../src/view/chromium.ts";
import { readLayers, type ViewedFiles } from "../../src/view/layers.ts";
import { startView } from "../../src/view/start_view.ts";
import { inFolder } from "../commands/run_program.ts";
import { sharedPath } from "../shared.ts";
import { putFiles } from "./made_files.ts";

const executablePath = chromiumPath();
// The package reads /proc when it is loaded, which Deno allows with all permissions alone.
const noBrowser = "Deno" in globalThis
  ? "playwright-core is for Node"
  : executablePath === undefined && "there is no Chromium: install it, or name it by SEG_CHROMIUM";

async function inPage(files: ViewedFiles, use: (page: Page) => Promise<void>): Promise<void> {
  const { chromium } = await import("playwright-core");
  const complaints: string[] = [];
  const server = await startView(readLayers(files), { log: (text) => complaints.push(text) });
  let browser: Browser | undefined;
  try {
    const args = [...rootArguments(), ...SOFTWARE_WEBGL];
    browser = await chromium.launch({ executablePath: executablePath as string, args });
    const page = await browser.newPage({ viewport: { width: 900, height: 450 } });
    page.on("console", (message) => {
      // What the computed WebGL says of itself when the canvas is read for the test.
      if (!/GPU stall due to ReadPixels/.test(message.text())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("request", (request) => {
      if (!request.url().startsWith(new URL(server.url).origin) && !request.url().startsWith("data:")) {
        complaints.push(request.url());
      }
    });
    await page.goto(server.url);
    await page.waitForSelector("body[data-ready], body[data-fault]", { timeout: 60_000 });
    assert.equal(await page.getAttribute("body", "data-fault"), null);
    assert.ok(!page.url().includes("token"));
    await use(page);
    assert.deepEqual(complaints, []);
  } finally {
    await browser?.close();
    await server.close();
  }
}

/** Counts of pixels of the canvas as they are on the screen: grey ones, and those with a hue of the reference or the prediction. */
async function pixels(page: Page): Promise<{ grey: number; cool: number; warm: number }> {
  const bytes = await page.locator("#canvas").screenshot();
  return await page.evaluate(`(async () => {
    const bytes = Uint8Array.from(atob(${JSON.stringify(bytes.toString("base64"))}), (c) => c.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes]));
    const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    const count = { grey: 0, cool: 0, warm: 0 };
    for (let i = 0; i < data.length; i += 4) {
      const [red, green, blue] = data.slice(i, i + 3);
      if (red > 40 && Math.abs(red - blue) < 8) count.grey++;
      else if (blue - red > 30) count.cool++;
      else if (red - blue > 30) count.warm++;
    }
    return count;
  })()`);
}

/** Moves a slider as a reader does with the keyboard. */
async function slide(page: Page, label: string, { group, key }: { group: string; key: "Home" | "End" }): Promise<void> {
  await page.getByRole("group", { name: group }).getByLabel(label).press(key);
}

/** What is drawn once the next frames are over. */
async function afterFrames(page: Page): Promise<{ grey: number; cool: number; warm: number }> {
  await page.evaluate(
    "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50))))",
  );
  return await pixels(page);
}

test("the page shows layers, its controls switch them, and keys move the crosshair", { skip: noBrowser }, async () => {
  await inFolder(async (folder) => {
    await inPage(putFiles(folder), async (page) => {
      assert.equal(await page.title(), "scan <b>&.nii.gz – seg view");
      await page.getByLabel("Crosshair").uncheck();
      await page.getByLabel("Show probabilities").uncheck();
      const all = await afterFrames(page);
      assert.ok(all.grey > 2000 && all.cool > 300 && all.warm > 300, JSON.stringify(all));
      await page.getByLabel("Show reference").press("Space");
      const noReference = await afterFrames(page);
      assert.ok(noReference.cool < 30 && noReference.warm > 300, JSON.stringify(noReference));
      await slide(page, "Opacity", { group: "Prediction", key: "Home" });
      const volumeAlone = await afterFrames(page);
      assert.ok(
        volumeAlone.warm < 30 && volumeAlone.cool < 30 && volumeAlone.grey > all.grey,
        JSON.stringify(volumeAlone),
      );
      await page.getByLabel("Show probabilities").check();
      await slide(page, "Threshold", { group: "Probabilities", key: "Home" });
      const low = await afterFrames(page);
      assert.equal(await page.locator("output[for^=threshold]").textContent(), "0.01");
      await slide(page, "Threshold", { group: "Probabilities", key: "End" });
      const high = await afterFrames(page);
      assert.ok(low.cool + low.warm > 1000 && high.cool + high.warm < 100, JSON.stringify([low, high]));
      await page.getByLabel("Show volume").uncheck();
      assert.ok((await afterFrames(page)).grey < 200);
      await page.getByLabel("Show volume").check();
      const place = () => page.locator("#place").textContent();
      // The middle of 24×20×16 voxels of 1×1×2 mm.
      const before = await place() as string;
      const [x, y, z] = before.split(" mm")[0]?.split(", ").map(Number) as [number, number, number];
      assert.ok(Math.abs(x - 11.5) < 1.1 && Math.abs(y - 9.5) < 1.1 && Math.abs(z - 15) < 2.1, before);
      await page.locator("#canvas").press("ArrowUp");
      assert.match(await place() as string, /\nprobabilities: 0\.\d+\nprediction: (?:1|7)\nreference: (?:1|7)$/);
      for (let i = 0; i < 30; i++) await page.locator("#canvas").press("ArrowLeft");
      const right = await place() as string;
      assert.match(right, /^23\.\d, /);
      assert.match(right, /\nvolume: 0\n.*\nprediction: 0\nreference: 0$/);
      for (const view of ["Axial", "Coronal", "Sagittal", "3-D", "Three planes and 3-D"]) {
        await page.getByLabel("Show", { exact: true }).selectOption({ label: view });
      }
      for (const label of ["Patient’s left on the right", "Single voxels, not smoothed"]) {
        await page.getByLabel(label).click();
      }
      await page.getByLabel("Cut into the 3-D picture").press("End");
      await page.getByLabel("Class").selectOption("2");
      const shown = await afterFrames(page);
      assert.ok(shown.grey + shown.cool + shown.warm > 2000, JSON.stringify(shown));
    });
  });
});

const hippocampus = sharedPath("data", "Task04_Hippocampus");

test("the page shows a real hippocampus", {
  skip: noBrowser || (hippocampus === undefined && "shared data absent"),
}, async () => {
  const file = (part: string) => join(hippocampus as string, part, "hippocampus_003.nii.gz");
  await inPage({ volume: file("imagesTr"), reference: file("labelsTr") }, async (page) => {
    const { grey, cool } = await pixels(page);
    assert.ok(grey > 10_000 && cool > 1000, JSON.stringify({ grey, cool }));
  });
});

const brain = sharedPath("data", "BraTS2015", "brats_2013_pat0005_1");

test("the page shows a real brain of 240×240×155 voxels", {
  skip: noBrowser || (brain === undefined && "shared data absent"),
}, async () => {
  const file = (part: string) => join(brain as string, `brats_2013_pat0005_1_${part}.nii.gz`);
  await inPage({ volume: file("flair"), reference: file("seg") }, async (page) => {
    const { grey, cool } = await pixels(page);
    assert.ok(grey > 10_000 && cool > 500, JSON.stringify({ grey, cool }));
    assert.match(await page.locator("#panel").innerText(), /240×240×155 voxels of 1×1×1 mm/);
  });
});
