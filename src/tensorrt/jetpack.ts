/** The releases of NVIDIA's software for Jetsons: L4T, JetPack, and the TensorRT that came with it. */
import type { TensorRtVersion } from "../graph/op.ts";

/** One release. */
export interface JetPack {
  readonly name: string;
  /** Release and revision of L4T in which it began, as `/etc/nv_tegra_release` writes them: R36, REVISION: 4.3. */
  readonly l4t: readonly [release: number, minor: number, patch: number];
  readonly tensorRt: TensorRtVersion;
}

/** All of them, oldest first (NVIDIA's JetPack archive; 7.2 as installations print it). Older ones have TensorRT 7. */
export const JETPACKS: readonly JetPack[] = [
  { name: "4.6", l4t: [32, 6, 1], tensorRt: 80001 },
  { name: "4.6.1", l4t: [32, 7, 1], tensorRt: 80201 },
  { name: "4.6.2", l4t: [32, 7, 2], tensorRt: 80201 },
  { name: "4.6.3", l4t: [32, 7, 3], tensorRt: 80201 },
  { name: "4.6.4", l4t: [32, 7, 4], tensorRt: 80201 },
  { name: "4.6.5", l4t: [32, 7, 5], tensorRt: 80201 },
  { name: "4.6.6", l4t: [32, 7, 6], tensorRt: 80201 },
  { name: "5.0.2", l4t: [35, 1, 0], tensorRt: 80401 },
  { name: "5.1", l4t: [35, 2, 1], tensorRt: 80502 },
  { name: "5.1.1", l4t: [35, 3, 1], tensorRt: 80502 },
  { name: "5.1.2", l4t: [35, 4, 1], tensorRt: 80502 },
  { name: "5.1.3", l4t: [35, 5, 0], tensorRt: 80502 },
  { name: "5.1.4", l4t: [35, 6, 0], tensorRt: 80502 },
  { name: "5.1.5", l4t: [35, 6, 1], tensorRt: 80502 },
  { name: "6.0", l4t: [36, 2, 0], tensorRt: 80602 },
  { name: "6.1", l4t: [36, 4, 0], tensorRt: 100300 },
  { name: "6.2", l4t: [36, 4, 3], tensorRt: 100300 },
  { name: "6.2.1", l4t: [36, 4, 4], tensorRt: 100300 },
  { name: "6.2.2", l4t: [36, 5, 0], tensorRt: 100300 },
  { name: "7.0", l4t: [38, 2, 0], tensorRt: 101303 },
  { name: "7.1", l4t: [38, 4, 0], tensorRt: 101303 },
  { name: "7.2", l4t: [39, 2, 0], tensorRt: 101601 },
];

/** The JetPack of an L4T release: the newest that is not newer than its revision; `undefined` before 4.6 and for releases not known. */
export function findJetPack(release: number, revision: string): JetPack | undefined {
  const [minor = 0, patch = 0] = revision.split(".").map(Number);
  return JETPACKS.findLast(({ l4t: [known, knownMinor, knownPatch] }) =>
    known === release && (knownMinor < minor || (knownMinor === minor && knownPatch <= patch))
  );
}

/** The JetPack called `name`. @throws {Error} where there is none: names come from the program's own tables. */
export function jetPackNamed(name: string): JetPack {
  const found = JETPACKS.find((jetPack) => jetPack.name === name);
  if (found === undefined) throw new Error(`JetPack ${name} is not in the table`);
  return found;
}
