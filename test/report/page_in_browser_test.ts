import assert from "node:assert/strict";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { writeReport } from "../../src/report/write_report.ts";
import { silentReporter } from "../../src/reporter.ts";
import { chromiumPath, rootArguments } from "../../src/view/chromium.ts";
import { inFolder } from "../commands/run_program.ts";
import { trainTiny, withTinyRuns } from "../training/tiny_runs.ts";
import { HOSTILE, putHostileEvaluation } from "./made_evaluation.ts";

const executablePath = chromiumPath();
// The package reads /proc when it is loaded, which Deno allows with all permissions alone.
const skip = "Deno" in globalThis
  ? "playwright-core is for Node"
  : executablePath === undefined && "there is no Chromium: install it, or name it by SEG_CHROMIUM";

async function inBrowser(use: (browser: Browser) => Promise<void>): Promise<void> {
  const { chromium } = await import("playwright-core");
  // Chromium's sandbox does not start for root.
  const args = rootArguments();
  const browser = await chromium.launch({ executablePath: executablePath as string, args });
  try {
    await use(browser);
  } finally {
    await browser.close();
  }
}

/** Opens the report of a folder; `complaints` gets what the console says. */
async function openReport(browser: Browser, folder: string, complaints: string[]): Promise<Page> {
  const signal = new AbortController().signal;
  const { path } = await writeReport(folder, { programs: ["seg test"] }, { reporter: silentReporter, signal });
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => {
    if (!/^(?:file|data):/.test(request.url())) complaints.push(request.url());
  });
  await page.goto(pathToFileURL(path).href);
  return page;
}

function firstColumn(page: Page): Promise<string[]> {
  return page.locator("table[data-sortable] tbody th").allTextContents();
}

const GROUND = "getComputedStyle(document.body).backgroundColor";

test("the report of an evaluation sorts by mouse and keyboard, and runs no foreign script", { skip }, async () => {
  await inFolder(async (folder) => {
    putHostileEvaluation(folder);
    await inBrowser(async (browser) => {
      const complaints: string[] = [];
      const page = await openReport(browser, folder, complaints);
      assert.deepEqual(await firstColumn(page), ["case 10", HOSTILE.other, HOSTILE.case, "case 9"]);
      const heading = (name: string) => page.getByRole("columnheader", { name, exact: true });
      const sorted = (name: string) => heading(name).getAttribute("aria-sort");
      assert.equal(await sorted("Dice"), "ascending");
      await heading("Dice").getByRole("button").click();
      assert.deepEqual(await firstColumn(page), [HOSTILE.case, HOSTILE.other, "case 10", "case 9"]);
      await heading("case").getByRole("button").focus();
      await page.keyboard.press("Enter");
      // Numbers within names are in their order.
      const names = await firstColumn(page);
      assert.ok(names.indexOf("case 9") < names.indexOf("case 10"));
      assert.deepEqual([await sorted("case"), await sorted("Dice")], ["ascending", "none"]);
      assert.equal(await page.evaluate("globalThis.taken"), undefined);
      assert.ok((await page.title()).includes(HOSTILE.subject));
      assert.deepEqual(complaints, []);
      // The policy forbids what hostile text might still bring in.
      await page.evaluate(
        `document.body.insertAdjacentHTML("beforeend", '<img src="x" onerror="globalThis.taken = 1">')`,
      );
      await page.waitForFunction("[...document.images].every((image) => image.complete)");
      assert.equal(await page.evaluate("globalThis.taken"), undefined);
    });
  });
});

test("the report of a run shows charts and pictures with text, in every width and scheme", { skip }, async () => {
  await withTinyRuns(async ({ options }) => {
    const { out } = options("run");
    await trainTiny(options("run", { epochs: 2, learningRate: 0.02 }));
    await inBrowser(async (browser) => {
      const complaints: string[] = [];
      const page = await openReport(browser, out, complaints);
      const charts = page.getByRole("img", {
        name: /^(Loss of each level|Dice of the|Learning rate|Dice by class|Layers)/,
      });
      assert.equal(await charts.count(), 5);
      const pictures = page.locator("figure > img");
      assert.equal(await pictures.count(), 2);
      for (const picture of await pictures.all()) {
        assert.ok(await picture.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth > 100));
        assert.match(await picture.getAttribute("alt") ?? "", /^Slices of case phantom_\d+, the (best|worst) case/);
      }
      for (const link of await page.locator("nav a").all()) {
        assert.equal(await page.locator(await link.getAttribute("href") as string).count(), 1);
      }
      const grounds: string[] = [];
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        grounds.push(await page.evaluate(GROUND));
        for (const width of [1280, 760, 360]) {
          await page.setViewportSize({ width, height: 800 });
          assert.equal(await page.evaluate("document.documentElement.scrollWidth - innerWidth"), 0, `${width} px`);
        }
      }
      await page.emulateMedia({ media: "print", colorScheme: "dark" });
      grounds.push(await page.evaluate(GROUND));
      assert.deepEqual(grounds, ["rgb(255, 255, 255)", "rgb(20, 24, 29)", "rgb(255, 255, 255)"]);
      assert.deepEqual(complaints, []);
      assert.ok((await page.pdf({ format: "A4" })).length > 10_000);
    });
  });
});
