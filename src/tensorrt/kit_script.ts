/** The shell script of the kit: plain POSIX sh with sed, grep and awk, since a stock Nano has neither Node nor Deno. */
import type { OnnxModel } from "../graph/onnx/model.ts";
import { shellWord } from "../shell_words.ts";
import { kitCommands } from "./kit_commands.ts";
import type { TensorContract } from "./raw_input.ts";
import type { Precision } from "./targets.ts";

/** What the script is written for. */
export interface KitScriptOptions {
  /** The content of model.onnx: it decides which TensorRT can build it. */
  readonly model: OnnxModel;
  readonly precision: Precision;
  readonly workspacesMiB: readonly number[];
  readonly inputs: readonly TensorContract[];
  readonly outputs: readonly TensorContract[];
  /** Largest difference to the reference that passes. */
  readonly tolerance: number;
  /** A value on the other side of this threshold than the reference has flipped. */
  readonly threshold: number;
  /** Share of flipped values that passes, 0 to 1. */
  readonly flippedShare: number;
}

/** Warm-up of the bench in ms, which the reader of the result needs, too. */
export const KIT_WARM_UP_MS = 1000;
/** Time of each of the two timing runs. */
const KIT_DURATION_SECONDS = 10;
/** Interval of tegrastats during the bench in ms. */
export const KIT_POWER_INTERVAL_MS = 200;

const SCRIPT = String.raw`#!/bin/sh
# Builds, checks and times a network with the TensorRT of this device.
# Usage: sh run.sh [all|build|check|bench]
# Environment: TRTEXEC, the path of trtexec; WORKSPACES, the builder workspaces in MiB to try one after the other.
set -eu
cd "$(dirname "$0")"
mkdir -p result
workspaces="@WORKSPACES@"
if [ -n "@{WORKSPACES:-}" ]; then workspaces=$WORKSPACES; fi

fail() {
  echo "run.sh: $1" >&2
  exit 1
}

find_trtexec() {
  trtexec=@{TRTEXEC:-}
  if [ -z "$trtexec" ]; then trtexec=$(command -v trtexec || echo /usr/src/tensorrt/bin/trtexec); fi
  [ -x "$trtexec" ] || fail "cannot find trtexec; install TensorRT (sudo apt install tensorrt) or set TRTEXEC to its path"
  version=$("$trtexec" --help 2>/dev/null | sed -n 's/^&&&& .*\[TensorRT v\([0-9]*\)\].*/\1/p' | sed -n 1p)
  [ -n "$version" ] || fail "$trtexec does not tell the version of TensorRT; this kit needs TensorRT 8.0 or newer"
  require_version
}

@COMMANDS@

verify() {
  sha256sum -c SHA256SUMS >/dev/null 2>&1 || fail "a file of the kit is damaged; copy the whole folder again"
}

# note KEY VALUE: adds a line to the result, in place of an older one.
note() {
  if [ -f result/result.txt ]; then
    grep -v "^$1=" result/result.txt >result/result.tmp || true
    mv result/result.tmp result/result.txt
  fi
  echo "$1=$2" >>result/result.txt
}

note_device() {
  note format 1
  note model_sha256 "$(sha256sum model.onnx | cut -d ' ' -f 1)"
  if [ -r /proc/device-tree/model ]; then note board "$(tr -d '\000' </proc/device-tree/model)"; fi
  if [ -r /etc/nv_tegra_release ]; then note l4t "$(sed -n 1p /etc/nv_tegra_release)"; fi
  if command -v nvpmodel >/dev/null; then
    note power_mode "$(nvpmodel -q 2>/dev/null | sed -n 's/^NV Power Mode: *//p')"
  fi
}

# passed LOG: whether trtexec said so at the end of its log.
passed() {
  grep -q '^&&&& PASSED' "$1"
}

explain() {
  grep '\[E\]' "$1" | sed -n 1,5p >&2 || true
  fail "$2; read $1"
}

build() {
  for workspace in $workspaces; do
    echo "Building model.engine with a workspace of $workspace MiB; this takes minutes"
    status=0
    trtexec_build >result/build.log 2>&1 || status=$?
    if [ "$status" -eq 0 ] && passed result/build.log && [ -s model.engine.part ]; then
      mv model.engine.part model.engine
      note workspace_mib "$workspace"
      note engine_bytes "$(wc -c <model.engine | tr -d ' ')"
      note engine_sha256 "$(sha256sum model.engine | cut -d ' ' -f 1)"
      echo "Built model.engine"
      return
    fi
    rm -f model.engine.part
    if [ "$status" -ne 137 ] && ! grep -qi 'out of memory\|OutOfMemory' result/build.log; then
      explain result/build.log "the engine was not built (trtexec ended with $status)"
    fi
    echo "Memory ran out"
  done
  explain result/build.log "memory runs out; stop the desktop (sudo init 3), add swap, and try again"
}

need_engine() {
  [ -s model.engine ] || fail "there is no model.engine; run: sh run.sh build"
}

# compare NAME EXPECTED: differences of one output to its reference, by awk.
compare() {
  tr ',' '\n' <result/output.json | tr '[' '\n' | tr ']' '\n' |
    awk -v name="$1" -v tolerance=@TOLERANCE@ -v threshold=@THRESHOLD@ -v share=@SHARE@ '
    BEGIN { wanted = found = broken = largest = flipped = reading = 0 }
    FNR == NR { expected[wanted++] = $1; next }
    /"name" :/ { mine = index($0, "\"" name "\"") > 0; reading = 0; next }
    /"values" :/ { reading = mine; next }
    /}/ { reading = 0; next }
    reading && NF == 1 {
      if ($1 !~ /^-?[0-9.]+(e[-+][0-9]+)?$/) { broken++; found++; next }
      difference = $1 - expected[found]
      if (difference < 0) difference = -difference
      if (difference > largest) largest = difference
      if (($1 > threshold) != (expected[found] > threshold)) flipped++
      found++
    }
    END {
      good = found == wanted && broken == 0 && largest <= tolerance && flipped <= share * wanted
      printf "%s %d %g %d\n", good ? "passed" : "failed", found, largest, flipped
    }' "$2" -
}

check() {
  need_engine
  rm -f result/output.json
  trtexec_infer >result/check.log 2>&1 || explain result/check.log "the engine does not run"
  passed result/check.log || explain result/check.log "the engine does not run"
  [ -s result/output.json ] || explain result/check.log "the engine wrote no output"
  verdict=passed
@COMPARISONS@
  note check "$verdict"
  echo "Check against the reference: $verdict"
  [ "$verdict" = passed ]
}

record() {
  note "check_$1" "$2"
  case $2 in passed*) ;; *) verdict=failed ;; esac
}

bench() {
  need_engine
  rm -f result/times.json result/times_graph.json result/profile.json
  power=
  if command -v tegrastats >/dev/null; then
    tegrastats --interval @INTERVAL@ >result/tegrastats.txt 2>/dev/null &
    power=$!
    trap 'kill $power 2>/dev/null || true' EXIT
  fi
  trtexec_bench >result/bench.log 2>&1 || explain result/bench.log "the engine was not timed"
  passed result/bench.log || explain result/bench.log "the engine was not timed"
  # Not every engine can be captured as a CUDA graph: without it this run is left out.
  trtexec_bench_graph >result/bench_graph.log 2>&1 || rm -f result/times_graph.json
  if [ -n "$power" ]; then kill "$power" 2>/dev/null || true; fi
  trtexec_profile >result/profile.log 2>&1 || explain result/profile.log "the layers were not timed"
  grep 'Throughput\|GPU Compute Time: min' result/bench.log
}

[ $# -le 1 ] || fail "usage: sh run.sh [all|build|check|bench]"
case @{1:-all} in
  all | build | check | bench) ;;
  *) fail "usage: sh run.sh [all|build|check|bench]" ;;
esac
verify
find_trtexec
note_device
note tensorrt "$version"
case @{1:-all} in
  all)
    build
    agreed=yes
    check || agreed=no
    bench
    [ "$agreed" = yes ] || fail "the engine runs, but its outputs differ from the reference; see check_ in result/result.txt"
    ;;
  *) "$1" ;;
esac
echo "Copy the folder result back"
`;

/** The text of `run.sh`. @throws {Failure} where a tensor name cannot be written on trtexec's command line. */
export function kitScript(options: KitScriptOptions): string {
  const commands = kitCommands({
    model: options.model,
    precision: options.precision,
    inputs: options.inputs.map(({ name }) => name),
    warmUpMs: KIT_WARM_UP_MS,
    durationSeconds: KIT_DURATION_SECONDS,
  });
  const values: Readonly<Record<string, string>> = {
    COMMANDS: commands,
    WORKSPACES: options.workspacesMiB.join(" "),
    TOLERANCE: String(options.tolerance),
    THRESHOLD: String(options.threshold),
    SHARE: String(options.flippedShare),
    INTERVAL: String(KIT_POWER_INTERVAL_MS),
    COMPARISONS: options.outputs.map(({ name }, i) =>
      `  record ${i} "$(compare ${shellWord(name)} reference/expected_${i}.txt)"`
    ).join("\n"),
  };
  return SCRIPT.replace(/@([A-Z]+)@/g, (_token, name: string) => values[name] ?? "").replaceAll("@{", "${");
}
