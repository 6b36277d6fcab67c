import assert from "node:assert/strict";
import { test } from "node:test";
import { command } from "../../src/command_line/command.ts";
import { helpColumns, helpText } from "../../src/command_line/help.ts";
import { flag, grouped, operand, option, repeatedOption, restOperands } from "../../src/command_line/option.ts";
import { duration, existingFile, oneWordOf, plainText, wholeNumber } from "../../src/command_line/types.ts";
import { COMMANDS } from "../../src/commands/catalog.ts";

const paint = command({
  name: "paint",
  description: "Paint a picture in the colours that are given, or in all of them where none is",
  arguments: {
    picture: operand({ name: "PICTURE", type: existingFile, description: "what is painted" }),
    colours: restOperands({ name: "COLOUR", type: plainText("COLOUR", "red"), description: "colours", least: 0 }),
    ...grouped("Brush", {
      width: option({ long: "width", type: wholeNumber(1), default: 3, description: "width of the brush, in pixels" }),
      tip: option({
        long: "tip",
        type: oneWordOf(["round", "flat"]),
        description: "its tip",
        otherwise: "by the width",
      }),
    }),
    out: option({ long: "out", type: plainText("FILE", "a.png"), required: true, description: "file to write" }),
    dry: option({ long: "drying-time-of-the-whole-picture", type: duration, default: 90, description: "time" }),
    layers: repeatedOption({ long: "layer", type: plainText("NAME", "sky"), description: "a layer" }),
    force: flag({ long: "force", description: "overwrite" }),
  },
  examples: [
    { description: "in red", command: "seg paint a.png red --out b.png" },
    {
      description: "in many",
      command: "seg paint a.png red green blue yellow violet --width 8 --out b.png --layer sky",
    },
  ],
  run: () => ({ json: {}, text: "" }),
});

test("helpText() shows usage, arguments, options by group with defaults, and examples", () => {
  assert.equal(
    helpText(paint, 60),
    `Usage: seg paint PICTURE [COLOUR...] --out FILE [options]

Paint a picture in the colours that are given, or in all of
them where none is.

Arguments:
  PICTURE           what is painted
  [COLOUR...]       colours

Brush:
  --width N         width of the brush, in pixels (3)
  --tip round|flat  its tip (by the width)

General:
  --out FILE        file to write (required)
  --drying-time-of-the-whole-picture TIME
                    time (90s)
  --layer NAME      a layer
  --force           overwrite
  --json            print one JSON document to stdout

Examples:
  in red
    $ seg paint a.png red --out b.png
  in many
    $ seg paint a.png red green blue yellow violet \\
      --width 8 --out b.png --layer sky`,
  );
});

test("helpText() keeps within the columns of all commands, but for words and quoted examples that are longer", async () => {
  for (const { load } of Object.values(COMMANDS)) {
    for (const columns of [60, 80, 120]) {
      const text = helpText(await load(), columns);
      for (const line of text.split("\n")) {
        assert.ok(line.length <= columns || /['"]|^Usage|^ {7}seg/.test(line), `${columns}: ${line}`);
        assert.equal(line, line.trimEnd());
      }
    }
  }
});

test("helpColumns() follows the terminal within bounds", () => {
  const columns = (isTTY: boolean, columns?: number) =>
    helpColumns({ isTTY, ...(columns !== undefined && { columns }) });
  assert.deepEqual([columns(true, 97), columns(true, 300), columns(true, 10), columns(true, 0)], [97, 120, 40, 80]);
  assert.equal(columns(false, 300), 100);
});
