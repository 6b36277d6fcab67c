/** What the scores of an evaluation follow: unit, empty rule, variant of HD95 and tolerances; in files, headings and comparisons. */
import { Failure } from "../failure.ts";
import type { CaseScores } from "../metrics/case_scores.ts";
import type { HeadingConventions } from "../metrics/score.ts";

/** What the cases of an evaluation share. */
export type Conventions = HeadingConventions & Pick<CaseScores, "emptyRule">;

/** What a document says of its scores; a list of tolerances where the cases have several. */
export type WrittenConventions =
  & Readonly<Record<string, unknown>>
  & { readonly [N in "unit" | "emptyRule" | "hd95Variant"]?: CaseScores[N] | undefined }
  & { readonly ignoredVoxels?: number | undefined; readonly tolerance?: number | readonly number[] | undefined };

/** Spacings are float32, and come from affines: tolerances made of them differ by rounding alone. */
const RELATIVE_ROUNDING = 1e-4;

/** Whether two tolerances are the same but for the rounding of spacings. */
function isSameTolerance(a: number, b: number): boolean {
  return Math.abs(a - b) <= RELATIVE_ROUNDING * Math.max(a, b);
}

/** The tolerances that differ by more than rounding, ascending. */
export function distinctTolerances(tolerances: readonly number[]): number[] {
  const ascending = [...tolerances].sort((a, b) => a - b);
  return ascending.reduce<number[]>((found, one) => {
    const last = found.at(-1);
    if (last === undefined || !isSameTolerance(last, one)) found.push(one);
    return found;
  }, []);
}

/** The conventions of scored cases. */
export function conventionsOf(cases: readonly { readonly conventions: Omit<CaseScores, "rows"> }[]): Conventions {
  const [first] = cases;
  return {
    unit: first?.conventions.unit ?? "mm",
    hd95Variant: first?.conventions.hd95Variant ?? "max",
    emptyRule: first?.conventions.emptyRule ?? "nnunet",
    tolerances: distinctTolerances(cases.map(({ conventions }) => conventions.tolerance)),
  };
}

/** The conventions that the document of an evaluation names. */
export function readConventions({ conventions }: { readonly conventions: WrittenConventions }): Conventions {
  const { unit = "mm", emptyRule = "nnunet", hd95Variant = "max", tolerance = [] } = conventions;
  return { unit, emptyRule, hd95Variant, tolerances: distinctTolerances([tolerance].flat()) };
}

/**
 * Compares scores of like conventions alone.
 *
 * @param path of the file that holds the other scores
 * @throws {Failure} where the other scores follow another empty rule, or an NSD or HD95 that both have is another one.
 */
export function refuseOtherConventions(
  own: Conventions,
  other: Conventions,
  { path, compares }: { path: string; compares: (group: "nsd" | "hd95") => boolean },
): void {
  const refuse = (what: string, theirs: string, ours: string, remedy: string) => {
    throw new Failure(`${path} was scored with ${what} ${theirs}, this evaluation with ${ours}; ${remedy}`);
  };
  if (own.emptyRule !== other.emptyRule) {
    refuse("the empty rule", other.emptyRule, own.emptyRule, `give --empty ${other.emptyRule}`);
  }
  if (compares("hd95") && own.hd95Variant !== other.hd95Variant) {
    refuse("HD95 as", other.hd95Variant, own.hd95Variant, `give --hd95 ${other.hd95Variant}`);
  }
  const same = own.tolerances.length === other.tolerances.length &&
    own.tolerances.every((one, i) => isSameTolerance(one, other.tolerances[i] as number));
  if (compares("nsd") && other.tolerances.length > 0 && !same) {
    const listed = ({ tolerances, unit }: Conventions) => `${tolerances.map(shortTolerance).join(", ")} ${unit}`;
    const [first] = other.tolerances as [number];
    refuse(
      "the NSD tolerance",
      listed(other),
      listed(own),
      other.tolerances.length === 1 ? `give --tolerance-mm ${shortTolerance(first)}` : "leave NSD out with --metrics",
    );
  }
}

function shortTolerance(tolerance: number): string {
  return String(Number(tolerance.toPrecision(4)));
}
