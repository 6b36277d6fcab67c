/** The flags of each simulated trtexec. */

/** Simulated TensorRT versions, oldest first; the columns of {@link FLAGS}. */
export const SIMULATED_VERSIONS = ["8.0.1", "8.2.1", "8.4.1", "8.5.1", "8.6.1", "10.3", "10.16", "11.1"] as const;

/** One of {@link SIMULATED_VERSIONS}. */
export type SimulatedVersion = typeof SIMULATED_VERSIONS[number];

/** A flag without a value, or one with a whole number, a number or a text. */
export type FlagKind = "boolean" | "integer" | "number" | "text";

/**
 * Flag, kind, and one letter per version: Y present, d present and deprecated (a warning), - absent. Read off
 * samples/common/sampleOptions.cpp of NVIDIA/TensorRT at the tags 8.0.1, 8.2.1, 8.4.1, 8.5.1, v8.6.1, v10.3.0, v10.16 and v11.1.
 */
const TABLE = `
--onnx              text    YYYYYYYY
--saveEngine        text    YYYYYYYY
--loadEngine        text    YYYYYYYY
--fp16              boolean YYYYYYd-
--int8              boolean YYYYYYd-
--best              boolean YYYYYYd-
--noTF32            boolean YYYYYYYY
--workspace         integer YYddd---
--memPoolSize       text    --YYYYYY
--minShapes         text    YYYYYYYY
--optShapes         text    YYYYYYYY
--maxShapes         text    YYYYYYYY
--shapes            text    YYYYYYYY
--timingCacheFile   text    YYYYYYYY
--noBuilderCache    boolean YYYYYYYY
--buildOnly         boolean YYYYd---
--skipInference     boolean ----YYYY
--explicitBatch     boolean Ydddd---
--inputIOFormats    text    YYYYYYYY
--outputIOFormats   text    YYYYYYYY
--precisionConstraints text -YYYYYd-
--layerPrecisions   text    --YYYYd-
--directIO          boolean -YYYYddd
--sparsity          text    YYYYYYYY
--tacticSources     text    YYYYYYYY
--minTiming         integer YYYYY---
--avgTiming         integer YYYYYYYY
--profilingVerbosity text   -YYYYYYY
--nvtxMode          text    Ydddd---
--useDLACore        integer YYYYYYYY
--allowGPUFallback  boolean YYYYYYYY
--device            integer YYYYYYYY
--loadInputs        text    YYYYYYYY
--iterations        integer YYYYYYYY
--duration          integer YY------
--duration          number  --YYYYYY
--warmUp            integer YY------
--warmUp            number  --YYYYYY
--avgRuns           integer YYYYYYYY
--percentile        text    YYYYYYYY
--streams           integer YYYYdddd
--threads           boolean YYYYYYYY
--exposeDMA         boolean YYYYYYYY
--sleepTime         integer YYYYYYYY
--idleTime          integer -YYYYYYY
--noDataTransfers   boolean YYYYYYY-
--includeDataTransfers boolean -------Y
--useManagedMemory  boolean -YYYYYYY
--useSpinWait       boolean YYYYYYY-
--noSpinWait        boolean -------Y
--useCudaGraph      boolean YYYYYYY-
--noCudaGraph       boolean -------Y
--separateProfileRun boolean YYYYYYY-
--dumpProfile       boolean YYYYYYYY
--exportProfile     text    YYYYYYYY
--exportTimes       text    YYYYYYYY
--exportOutput      text    YYYYYYYY
--dumpOutput        boolean YYYYYYYY
--dumpLayerInfo     boolean -YYYYYYY
--exportLayerInfo   text    -YYYYYYY
--dumpRawBindingsToFile boolean ----YYYY
--verbose           boolean YYYYYYYY
`;

/** The flags of `version` with their kinds. */
export function flagsOf(version: SimulatedVersion): Map<string, { kind: FlagKind; deprecated: boolean }> {
  const column = SIMULATED_VERSIONS.indexOf(version);
  const flags = new Map<string, { kind: FlagKind; deprecated: boolean }>();
  for (const line of TABLE.trim().split("\n")) {
    const [flag = "", kind = "", columns = ""] = line.split(/\s+/);
    const letter = columns[column];
    if (letter === "Y" || letter === "d") flags.set(flag, { kind: kind as FlagKind, deprecated: letter === "d" });
  }
  return flags;
}
