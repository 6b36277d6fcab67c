/** Reads which symbol versions a 64-bit little-endian ELF file needs, such as GLIBC_2.27: what decides whether an old system can load it. */
import { closeSync, openSync, readSync } from "node:fs";

/** Section type of `.gnu.version_r` (Linux Standard Base Core, "Symbol Versioning"). */
const SHT_GNU_VERNEED = 0x6ffffffe;
const SECTION_LIMIT = 2 ** 24;

/** @throws {Error} where the file is no such ELF file or its tables are damaged. */
export function neededVersions(path: string): string[] {
  const file = openSync(path, "r");
  try {
    const read = (position: number, length: number): DataView => {
      if (length > SECTION_LIMIT) throw new Error(`${path} has a section of ${length} bytes`);
      const bytes = new Uint8Array(length);
      if (readSync(file, bytes, 0, length, position) !== length) throw new Error(`${path} ends early`);
      return new DataView(bytes.buffer);
    };
    const header = read(0, 64);
    if (header.getUint32(0) !== 0x7f454c46 || header.getUint8(4) !== 2 || header.getUint8(5) !== 1) {
      throw new Error(`${path} is no 64-bit little-endian ELF file`);
    }
    const sections = readSections(header, read);
    const versions = new Set<string>();
    for (const { type, link, offset, size, count } of sections) {
      const names = sections[link];
      if (type !== SHT_GNU_VERNEED || names === undefined) continue;
      const strings = read(names.offset, names.size);
      for (const name of versionNames(read(offset, size), count, strings)) versions.add(name);
    }
    return [...versions].sort();
  } finally {
    closeSync(file);
  }
}

interface Section {
  readonly type: number;
  readonly link: number;
  readonly offset: number;
  readonly size: number;
  /** sh_info: for `.gnu.version_r` the number of its entries. */
  readonly count: number;
}

// Elf64_Ehdr: e_shoff at 40, e_shentsize at 58, e_shnum at 60; Elf64_Shdr: sh_type at 4, sh_offset at 24, sh_size at 32, sh_link at 40.
function readSections(header: DataView, read: (position: number, length: number) => DataView): Section[] {
  const [start, entry, count] = [
    Number(header.getBigUint64(40, true)),
    header.getUint16(58, true),
    header.getUint16(60, true),
  ];
  const table = read(start, entry * count);
  return Array.from({ length: count }, (_, i) => ({
    type: table.getUint32(i * entry + 4, true),
    offset: Number(table.getBigUint64(i * entry + 24, true)),
    size: Number(table.getBigUint64(i * entry + 32, true)),
    link: table.getUint32(i * entry + 40, true),
    count: table.getUint32(i * entry + 44, true),
  }));
}

// Elf64_Verneed: vn_cnt at 2, vn_aux at 8, vn_next at 12; Elf64_Vernaux: vna_name at 8, vna_next at 12.
function* versionNames(table: DataView, libraries: number, strings: DataView): Generator<string> {
  for (let library = 0, at = 0; library < libraries; library++) {
    const count = table.getUint16(at + 2, true);
    for (let i = 0, aux = at + table.getUint32(at + 8, true); i < count; i++) {
      yield textAt(strings, table.getUint32(aux + 8, true));
      aux += table.getUint32(aux + 12, true);
    }
    at += table.getUint32(at + 12, true);
  }
}

function textAt(strings: DataView, start: number): string {
  let end = start;
  while (strings.getUint8(end) !== 0) end++;
  return new TextDecoder().decode(new Uint8Array(strings.buffer as ArrayBuffer, start, end - start));
}

/** The highest version of a family, e.g. [2, 27] of `GLIBC`; `undefined` where the file needs none. */
export function highestVersion(versions: readonly string[], family: string): number[] | undefined {
  return versions.filter((name) => new RegExp(`^${family}_\\d`).test(name))
    .map((name) => name.slice(family.length + 1).split(".").map(Number))
    .sort(compareVersions).at(-1);
}

/** Order of dotted versions: 2.4 comes before 2.27. */
export function compareVersions(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
