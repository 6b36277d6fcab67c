/**
 * A made-up head as functions of a point in mm; its axes are right, anterior, superior, with the origin in the middle of the brain.
 *
 * The picture is that of a T2-weighted FLAIR: fluid is dark, grey matter brighter than white, the lesion and the oedema around it
 * brighter still. Shapes and intensities are chosen by eye for a demo, not measured on people.
 */
import type { Random } from "../random.ts";

/** In mm. */
export type Point = readonly [number, number, number];

/** The head of one case. */
export interface Head {
  /** Intensity without noise; white matter has about {@link WHITE_MATTER}. */
  signal(point: Point): number;
  /** Whether the point lies in a lesion or in the oedema around it. */
  isLesion(point: Point): boolean;
}

/** Intensities. */
export const WHITE_MATTER = 600;
const AIR = 0;
const FAT = 640;
const BONE = 60;
const FLUID = 150;
const GREY_MATTER = 760;
const DEEP_GREY_MATTER = 715;

/** Depths below the skin at which the next layer begins, in mm. */
const BONE_DEPTH = 5;
const FLUID_DEPTH = 10.5;
const BRAIN_DEPTH = 12;
const CORTEX_MM = 3.5;

interface Ellipsoid {
  readonly centre: Point;
  readonly radii: Point;
}

interface Lesion {
  readonly centre: Point;
  readonly coreMm: number;
  readonly oedemaMm: number;
  readonly core: number;
  readonly oedema: number;
  /** Of dead tissue within the core; 0: none. */
  readonly necrosisMm: number;
  readonly lobes: Field;
}

/** A smooth random function of a point with values around −1 to 1. */
type Field = (point: Point) => number;

/** A head with so many lesions. */
export function makeHead(random: Random, { lesions }: { readonly lesions: number }): Head {
  const scale = random.uniform(0.94, 1.04);
  const skin: Ellipsoid = {
    centre: [random.normal(0, 1.5), random.normal(0, 1.5), 4 + random.normal(0, 1.5)],
    radii: [72 * scale, 90 * scale * random.uniform(0.97, 1.03), 86 * scale],
  };
  const folds = waves(random, { count: 5, wavelengthMm: 23 });
  const texture = waves(random, { count: 3, wavelengthMm: 25 });
  const bend = waves(random, { count: 2, wavelengthMm: 90 });
  const fluid = ventricles(random);
  const grey = deepNuclei(random);
  const coil = [random.normal(0, 0.0022), random.normal(0, 0.0022), random.normal(0, 0.0022)] as const;
  const found = Array.from({ length: lesions }, () => makeLesion(random, skin));
  const brain = (point: Point) => belowSurface(skin, point) - BRAIN_DEPTH;
  const cortex = (point: Point, depth: number) => {
    // The zero set of a smooth random function meanders like the furrows of a brain; its slope is about 0.27 per mm.
    const furrow = Math.abs(folds(point)) / 0.27 - Math.max(0, 1.3 - depth / 14) + Math.max(0, depth - 14) * 0.8;
    const fissure = Math.abs(point[0] + 2 * bend(point)) - 1.1 +
      Math.max(0, 34 - Math.hypot(point[1] / 1.2, point[2] - 6)) * 0.5;
    return Math.min(depth, furrow, fissure);
  };
  return {
    isLesion: (point) => {
      if (!found.some((lesion) => nearLesion(lesion, point))) return false;
      const depth = brain(point);
      return depth > 0 && !fluid.some((part) => distance(part, point) <= 1) &&
        found.some((lesion) => nearLesion(lesion, point) && fromCore(lesion, point) <= lesion.oedemaMm);
    },
    signal: (point) => {
      const depth = brain(point);
      if (depth < -BRAIN_DEPTH - 2) return AIR;
      const shading = Math.exp(coil[0] * point[0] + coil[1] * point[1] + coil[2] * point[2]) *
        (1 + 0.15 * Math.hypot(point[0] / 72, point[1] / 90, point[2] / 86) ** 2);
      if (depth < -1) return shading * envelope(depth + BRAIN_DEPTH);
      const within = cortex(point, depth);
      let signal = WHITE_MATTER * (1 + 0.03 * texture(point));
      for (const part of grey) signal = mix(signal, DEEP_GREY_MATTER, inside(part, point));
      signal = mix(signal, GREY_MATTER, step(CORTEX_MM - within));
      for (const lesion of found) {
        if (!nearLesion(lesion, point)) continue;
        const outside = fromCore(lesion, point);
        signal = mix(signal, Math.max(signal, lesion.oedema), step(lesion.oedemaMm - outside));
        signal = mix(signal, lesion.core * (1 + 0.08 * texture(point)), step(-outside));
        if (lesion.necrosisMm > 0) {
          signal = mix(signal, 0.75 * WHITE_MATTER, step(lesion.necrosisMm - lesion.coreMm - outside));
        }
      }
      for (const part of fluid) signal = mix(signal, FLUID, inside(part, point));
      return shading * mix(signal, FLUID, step(-within));
    },
  };
}

/** Skin and fat, bone, fluid by the depth below the skin in mm. */
function envelope(depth: number): number {
  let signal = mix(AIR, FAT, step(depth));
  signal = mix(signal, BONE, step(depth - BONE_DEPTH));
  return mix(signal, FLUID, step(depth - FLUID_DEPTH));
}

function ventricles(random: Random): Ellipsoid[] {
  const width = random.uniform(0.8, 1.3);
  const sides = [-1, 1].flatMap((side): Ellipsoid[] => [
    { centre: [side * 8.5, -4 + random.normal(0, 1), 14], radii: [4.5 * width, 25, 7] },
    { centre: [side * 11, 21 + random.normal(0, 1), 10], radii: [4 * width, 11, 7] },
    { centre: [side * 19, -32 + random.normal(0, 1), 6], radii: [5.5 * width, 12, 7] },
  ]);
  return [...sides, { centre: [0, -4, -2], radii: [1.8 * width, 14, 9] }];
}

function deepNuclei(random: Random): Ellipsoid[] {
  return [-1, 1].flatMap((side): Ellipsoid[] => [
    { centre: [side * 11, -11 + random.normal(0, 1), 2], radii: [7, 12, 8] },
    { centre: [side * 26, 5 + random.normal(0, 1), 1], radii: [5.5, 15, 9] },
    { centre: [side * 14.5, 20, 9], radii: [3.5, 9, 8] },
  ]);
}

/** In the white matter, half-way out; a quarter of them have dead tissue within. */
function makeLesion(random: Random, skin: Ellipsoid): Lesion {
  const coreMm = random.uniform(5, 14);
  const [longitude, height, out] = [random.uniform(0, 2 * Math.PI), random.uniform(-26, 34), random.uniform(0.35, 0.6)];
  return {
    centre: [skin.radii[0] * out * Math.cos(longitude), skin.radii[1] * out * Math.sin(longitude), height],
    coreMm,
    oedemaMm: random.uniform(2, 0.9 * coreMm + 2),
    core: WHITE_MATTER * random.uniform(1.6, 2.2),
    oedema: WHITE_MATTER * random.uniform(1.4, 1.7),
    necrosisMm: coreMm > 9 && random.uniform(0, 1) < 0.4 ? coreMm * random.uniform(0.4, 0.6) : 0,
    lobes: waves(random, { count: 3, wavelengthMm: 22 }),
  };
}

/** A bound that spares most points the waves. */
function nearLesion({ centre, coreMm, oedemaMm }: Lesion, [x, y, z]: Point): boolean {
  return Math.hypot(x - centre[0], y - centre[1], z - centre[2]) < 1.4 * (coreMm + oedemaMm) + 2;
}

/** mm outside of the lobed core, roughly; negative within. */
function fromCore({ centre, coreMm, lobes }: Lesion, point: Point): number {
  const radius = Math.hypot(point[0] - centre[0], point[1] - centre[1], point[2] - centre[2]);
  return radius - coreMm * (1 + 0.28 * lobes(point));
}

/** A sum of plane waves in random directions. */
function waves(random: Random, { count, wavelengthMm }: { count: number; wavelengthMm: number }): Field {
  const terms = Array.from({ length: count }, () => {
    const direction = [random.normal(0, 1), random.normal(0, 1), random.normal(0, 1)] as const;
    const factor = 2 * Math.PI / (wavelengthMm * random.uniform(0.8, 1.25) * Math.hypot(...direction));
    return {
      x: direction[0] * factor,
      y: direction[1] * factor,
      z: direction[2] * factor,
      phase: random.uniform(0, 2 * Math.PI),
    };
  });
  const share = 1 / Math.sqrt(count);
  return (point) => {
    let sum = 0;
    for (const { x, y, z, phase } of terms) sum += Math.sin(x * point[0] + y * point[1] + z * point[2] + phase);
    return share * sum;
  };
}

/** 1 on the surface of the ellipsoid, below 1 within. */
function distance({ centre, radii }: Ellipsoid, [x, y, z]: Point): number {
  return Math.hypot((x - centre[0]) / radii[0], (y - centre[1]) / radii[1], (z - centre[2]) / radii[2]);
}

/** mm below the surface of the ellipsoid, roughly; negative outside. */
function belowSurface(part: Ellipsoid, point: Point): number {
  return (1 - distance(part, point)) * Math.min(...part.radii);
}

function inside(part: Ellipsoid, point: Point): number {
  return step(belowSurface(part, point));
}

/** Near 0 below −1 mm and near 1 above 1 mm: voxels on a border hold some of both sides. */
function step(mm: number): number {
  return 1 / (1 + Math.exp(-3 * mm));
}

function mix(from: number, to: number, share: number): number {
  return from + share * (to - from);
}
