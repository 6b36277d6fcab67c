/** Reads the file of `--exportOutput`: the outputs of the last inference. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import { Failure, messageOf } from "../failure.ts";
import { parseNumber } from "./times.ts";

/** One output; values in C order, with the six significant digits that trtexec prints. */
export interface EngineOutput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

const CHUNK_BYTES = 2 ** 20;
const NAME_LIMIT = 65536;

/**
 * Reads all outputs, piece by piece, so that the text is never in memory as a whole.
 *
 * The order in the file is arbitrary: take outputs by name. Names are not escaped by trtexec and may hold quotes.
 *
 * @throws {Failure} where the file is absent, ends early, or holds something else than numbers (trtexec prints INT8 outputs as characters).
 */
export function readOutputs(path: string): EngineOutput[] {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    throw new Failure(`Cannot read ${path}: ${messageOf(error)}; look at the log of trtexec`);
  }
  try {
    const fileBytes = fstatSync(file).size;
    const parser = new OutputParser(path, fileBytes);
    const decoder = new StringDecoder("utf8");
    const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, fileBytes + 1));
    for (let length = 0; (length = readSync(file, chunk, 0, chunk.length, null)) > 0;) {
      parser.push(decoder.write(chunk.subarray(0, length)));
    }
    return parser.end();
  } finally {
    closeSync(file);
  }
}

const HEADER = /"name"\s*:\s*"([^]*?)"\s*\n?\s*,\s*"dimensions"\s*:\s*"([\dx-]*)"\s*,\s*"values"\s*:\s*\[/;

/** Takes the text in pieces of any size. */
export class OutputParser {
  readonly #path: string;
  readonly #fileBytes: number;
  readonly #outputs: EngineOutput[] = [];
  #text = "";
  /** The output whose values are being read, and how many have been. */
  #current: EngineOutput | undefined;
  #filled = 0;

  /** @param fileBytes size of the file, which bounds the memory that its header may ask for */
  constructor(path: string, fileBytes: number) {
    this.#path = path;
    this.#fileBytes = fileBytes;
  }

  push(text: string): void {
    this.#text += text;
    while (this.#current ? this.#values() : this.#header());
  }

  /** @throws {Failure} where the text stopped early or held no output. */
  end(): EngineOutput[] {
    if (this.#current) throw this.#failure(`it ends inside output ${this.#current.name}`);
    if (this.#outputs.length === 0) throw this.#failure("it holds no output of trtexec");
    if (!/^\s*\}\s*\]\s*$/.test(this.#text)) {
      throw this.#failure(`it does not end behind output ${this.#outputs.at(-1)?.name} as it should`);
    }
    return this.#outputs;
  }

  /** Reads a header where it is complete. */
  #header(): boolean {
    const match = HEADER.exec(this.#text);
    if (!match) {
      if (this.#text.length > 2 * NAME_LIMIT) throw this.#failure("it holds no output of trtexec");
      return false;
    }
    const shape = (match[2] ?? "").split("x").filter(Boolean).map(Number);
    const count = shape.reduce((product, size) => product * size, 1);
    // A value takes two characters at least, a digit and a comma or space.
    if (!Number.isSafeInteger(count) || count < 0 || count > this.#fileBytes / 2 + 1) {
      throw this.#failure(`output ${match[1]} claims the shape ${match[2]}, for which the file is too short`);
    }
    this.#current = { name: match[1] ?? "", shape, values: new Float32Array(count) };
    this.#filled = 0;
    this.#text = this.#text.slice(match.index + match[0].length);
    return true;
  }

  /** Reads values up to the last complete one. */
  #values(): boolean {
    const output = this.#current as EngineOutput;
    const close = this.#text.indexOf("]");
    const end = close >= 0 ? close : this.#text.lastIndexOf(",");
    if (end < 0) {
      if (this.#text.length > NAME_LIMIT) {
        throw this.#failure(`output ${output.name} holds something else than numbers`);
      }
      return false;
    }
    for (const word of this.#text.slice(0, end).split(",")) {
      const text = word.trim();
      if (text === "") continue;
      const value = parseNumber(text);
      if (Number.isNaN(value) && !/^-?nan/i.test(text)) {
        throw this.#failure(
          `value ${this.#filled} of output ${output.name} is no number, as with INT8 outputs; build the engine with float outputs`,
        );
      }
      if (this.#filled === output.values.length) {
        throw this.#failure(`output ${output.name} has more values than its shape ${output.shape.join("x")}`);
      }
      output.values[this.#filled++] = value;
    }
    this.#text = this.#text.slice(end + 1);
    if (close < 0) return false;
    if (this.#filled !== output.values.length) {
      throw this.#failure(
        `output ${output.name} has ${this.#filled} values where its shape ${
          output.shape.join("x")
        } needs ${output.values.length}`,
      );
    }
    this.#outputs.push(output);
    this.#current = undefined;
    return true;
  }

  #failure(what: string): Failure {
    return new Failure(`Cannot read ${this.#path}: ${what}; run trtexec again`);
  }
}
