/** Assembles small WebAssembly modules (WebAssembly Core Specification 2.0, section 5: binary format). */

import { Failure, messageOf } from "../../failure.ts";

/** Instruction bytes. */
export type Code = readonly number[];

const I32 = 0x7f;
const F32 = 0x7d;
const F64 = 0x7c;
const V128 = 0x7b;

/** A block of memory that JavaScript and a module share. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

// The library types of ES2023 do not know WebAssembly, although Node and Deno have it.
const api = (globalThis as unknown as {
  WebAssembly: {
    Memory: new (size: { initial: number; maximum: number }) => WasmMemory;
    Module: new (bytes: Uint8Array) => object;
    Instance: new (module: object, imports: { env: { memory: WasmMemory } }) => { exports: object };
  };
}).WebAssembly;

const PAGE_BYTES = 65536;
const MOST_PAGES = 65536;

/** Memory of at least `bytes` bytes, all zero. @throws {RangeError} beyond WebAssembly's 4 GiB. @throws {Failure} where addresses are limited. */
export function createMemory(bytes: number): WasmMemory {
  const pages = Math.max(1, Math.ceil(bytes / PAGE_BYTES));
  if (pages > MOST_PAGES) throw new RangeError(`${bytes} bytes are more than the 4 GiB of WebAssembly`);
  try {
    return new api.Memory({ initial: pages, maximum: pages });
  } catch (error) {
    // V8 reserves 10 GiB of addresses, most of them guards, whatever the size; without guards it checks addresses by itself.
    throw new Failure(
      `Cannot reserve memory for the weights (${messageOf(error)}): this shell limits addresses; raise the limit ` +
        `(ulimit -v unlimited), or run the command with NODE_OPTIONS=--disable-wasm-trap-handler before it`,
      { cause: error },
    );
  }
}

/** The functions of an assembled module, working on `memory`. */
export function instantiate(module: Uint8Array<ArrayBuffer>, memory: WasmMemory): object {
  return new api.Instance(new api.Module(module), { env: { memory } }).exports;
}

/** A function of a module: all its parameters are pointers or float32 numbers. */
export interface WasmFunction {
  readonly name: string;
  /** Byte addresses, then the byte address where the first of them ends. */
  readonly pointers: number;
  /** float32 parameters behind the pointers. */
  readonly scalars: number;
  /** Vector locals behind the parameters. */
  readonly vectors: number;
  readonly body: Code;
  readonly result?: "f64";
}

/** The bytes of a module that works on the imported memory `env.memory`. */
export function assembleModule(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ pointers, scalars, result }) => [
    0x60,
    ...vector(
      [...new Array<number>(pointers).fill(I32), ...new Array<number>(scalars).fill(F32)].map((type) => [type]),
    ),
    ...vector(result === undefined ? [] : [[F64]]),
  ]);
  const code = functions.map(({ vectors, body }) => {
    const content = [...vector(vectors === 0 ? [] : [[...unsigned(vectors), V128]]), ...body, 0x0b];
    return [...unsigned(content.length), ...content];
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, types),
    ...section(2, [[...text("env"), ...text("memory"), 0x02, 0x00, 0x01]]),
    ...section(3, functions.map((_, i) => unsigned(i))),
    ...section(7, functions.map(({ name }, i) => [...text(name), 0x00, ...unsigned(i)])),
    ...section(10, code),
  ]);
}

function section(id: number, items: readonly Code[]): Code {
  const content = vector(items);
  return [id, ...unsigned(content.length), ...content];
}

function vector(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()];
}

function text(value: string): Code {
  return vector([...new TextEncoder().encode(value)].map((byte) => [byte]));
}

function unsigned(value: number): Code {
  const bytes: number[] = [];
  for (let rest = value;; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** Reads a local. */
export function get(local: number): Code {
  return [0x20, ...unsigned(local)];
}

/** Sets a local to the value of `code`. */
export function set(local: number, code: Code): Code {
  return [...code, 0x21, ...unsigned(local)];
}

/** Four float32 at the address in `pointer`. */
export function load(pointer: number): Code {
  return [...get(pointer), 0xfd, 0x00, 0x02, 0x00];
}

/** Stores four float32 at the address in `pointer`. */
export function store(pointer: number, code: Code): Code {
  return [...get(pointer), ...code, 0xfd, 0x0b, 0x02, 0x00];
}

/** A float32 parameter in all four lanes. */
export function splat(local: number): Code {
  return [...get(local), 0xfd, 0x13];
}

function lanes(opcode: number, ...operands: Code[]): Code {
  return [...operands.flat(), 0xfd, ...unsigned(opcode)];
}

/** a + b, four float32 at a time. */
export function plus(a: Code, b: Code): Code {
  return lanes(0xe4, a, b);
}

/** a − b, four float32 at a time. */
export function minus(a: Code, b: Code): Code {
  return lanes(0xe5, a, b);
}

/** a · b, four float32 at a time. */
export function times(a: Code, b: Code): Code {
  return lanes(0xe6, a, b);
}

/** a / b, four float32 at a time. */
export function over(a: Code, b: Code): Code {
  return lanes(0xe7, a, b);
}

/** √a, four float32 at a time. */
export function root(a: Code): Code {
  return lanes(0xe3, a);
}

/** a + the squares of the four float32 in b, summed in pairs as two float64. */
export function plusSquares(a: Code, b: Code): Code {
  const low = lanes(0x5f, b);
  const high = lanes(0x5f, [...b, ...b, 0xfd, 0x0d, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15]);
  return lanes(0xf0, lanes(0xf0, a, lanes(0xf2, low, low)), lanes(0xf2, high, high));
}

/** The sum of the two float64 of a vector local. */
export function sumOfPair(local: number): Code {
  return [...get(local), 0xfd, 0x21, 0, ...get(local), 0xfd, 0x21, 1, 0xa0];
}

/** Repeats `body` for every 16 bytes until the first of `pointers` reaches the address in local `end`. */
export function loop(pointers: readonly number[], end: number, body: Code): Code {
  const advance = pointers.flatMap((pointer) => set(pointer, [...get(pointer), 0x41, 16, 0x6a]));
  return [
    ...[0x02, 0x40, 0x03, 0x40],
    ...get(pointers[0] as number),
    ...get(end),
    ...[0x4f, 0x0d, 0x01],
    ...body,
    ...advance,
    ...[0x0c, 0x00, 0x0b, 0x0b],
  ];
}
