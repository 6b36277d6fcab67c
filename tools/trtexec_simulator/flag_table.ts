/** The flags of each simulated trtexec. */

/** Simulated TensorRT versions, oldest first; the columns of {@link FLAGS}. */
export const SIMULATED_VERSIONS = ["8.0.1", "8.2.1", "8.4.1", "8.5.1", "8.6.1", "10.3", "11.1"] as const;

/** One of {@link SIMULATED_VERSIONS}. */
export type SimulatedVersion = typeof SIMULATED_VERSIONS[number];

/** A flag without a value, or one with a whole number, a number or a text. */
export type FlagKind = "boolean" | "integer" | "number" | "text";

/**
 * Flag, kind, and one letter per version: Y present, d present and deprecated (a warning), - absent. Read off
 * samples/common/sampleOptions.cpp of NVIDIA/TensorRT at the tags 8.0.1, 8.2.1, 8.4.1, 8.5.1, v8.6.1, v10.3.0 and v11.1.
 */
const TABLE = `
--onnx              text    YYYYYYY
--saveEngine        text    YYYYYYY
--loadEngine        text    YYYYYYY
--fp16              boolean YYYYYY-
--int8              boolean YYYYYY-
--best              boolean YYYYYY-
--noTF32            boolean YYYYYYY
--workspace         integer YYddd--
--memPoolSize       text    --YYYYY
--minShapes         text    YYYYYYY
--optShapes         text    YYYYYYY
--maxShapes         text    YYYYYYY
--shapes            text    YYYYYYY
--timingCacheFile   text    YYYYYYY
--noBuilderCache    boolean YYYYYYY
--buildOnly         boolean YYYYd--
--skipInference     boolean ----YYY
--explicitBatch     boolean Ydddd--
--inputIOFormats    text    YYYYYYY
--outputIOFormats   text    YYYYYYY
--precisionConstraints text -YYYYY-
--layerPrecisions   text    --YYYY-
--directIO          boolean -YYYYdd
--sparsity          text    YYYYYYY
--tacticSources     text    YYYYYYY
--minTiming         integer YYYYY--
--avgTiming         integer YYYYYYY
--profilingVerbosity text   -YYYYYY
--nvtxMode          text    Ydddd--
--useDLACore        integer YYYYYYY
--allowGPUFallback  boolean YYYYYYY
--device            integer YYYYYYY
--loadInputs        text    YYYYYYY
--iterations        integer YYYYYYY
--duration          integer YY-----
--duration          number  --YYYYY
--warmUp            integer YY-----
--warmUp            number  --YYYYY
--avgRuns           integer YYYYYYY
--percentile        text    YYYYYYY
--streams           integer YYYYddd
--threads           boolean YYYYYYY
--exposeDMA         boolean YYYYYYY
--sleepTime         integer YYYYYYY
--idleTime          integer -YYYYYY
--noDataTransfers   boolean YYYYYY-
--includeDataTransfers boolean ------Y
--useManagedMemory  boolean -YYYYYY
--useSpinWait       boolean YYYYYY-
--noSpinWait        boolean ------Y
--useCudaGraph      boolean YYYYYY-
--noCudaGraph       boolean ------Y
--separateProfileRun boolean YYYYYY-
--dumpProfile       boolean YYYYYYY
--exportProfile     text    YYYYYYY
--exportTimes       text    YYYYYYY
--exportOutput      text    YYYYYYY
--dumpOutput        boolean YYYYYYY
--dumpLayerInfo     boolean -YYYYYY
--exportLayerInfo   text    -YYYYYY
--dumpRawBindingsToFile boolean ----YYY
--verbose           boolean YYYYYYY
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
