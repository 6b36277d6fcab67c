/**
 * The text of the kit's script, for a POSIX shell with the programs of coreutils, sed, grep and awk: a stock Nano has neither Node nor
 * Deno. `@NAME@` stands for a value of kit_script.ts, and `@{` for the shell's own `${`.
 */
export const SCRIPT = String.raw`#!/bin/sh
# Builds, checks and times a network with the TensorRT of this device.
# Usage: sh run.sh [all|build|check|bench|runner]
# Environment: TRTEXEC, the path of trtexec; WORKSPACES, the builder workspaces in MiB to try one after the other.
# Of the runner: CXX, CXXFLAGS and LDFLAGS for the compiler; CUDA_HOME, the folder of CUDA.
if grep -q "$(printf '\r')" "$0" 2>/dev/null; then echo "run.sh: its lines end as on Windows (CRLF): something changed the files on the way; copy the folder again as it is, by scp or as an archive" >&2; exit 1; fi # Such a line ends here.
set -eu
cd "$(dirname "$0")"
workspaces="@WORKSPACES@"
if [ -n "@{WORKSPACES:-}" ]; then workspaces=$WORKSPACES; fi
power=

fail() {
  echo "run.sh: $1" >&2
  exit 1
}

clean_up() {
  if [ -n "$power" ]; then kill "$power" 2>/dev/null || true; fi
  rm -f result/*.tmp model.engine.part runner.part 2>/dev/null || true
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# need PROGRAM PACKAGE
need() {
  command -v "$1" >/dev/null || fail "the program $1 is missing; install it (sudo apt install $2)"
}

# room: whether a MiB can be written here.
room() {
  written=yes
  dd if=/dev/zero of=result/room.tmp bs=65536 count=16 2>/dev/null || written=no
  rm -f result/room.tmp
  [ "$written" = yes ]
}

full() {
  df -h . >&2 || true
  fail "the disk is full; free some space and run it again"
}

# cannot_write: says why, after something was not written.
cannot_write() {
  if (: >result/empty.tmp) 2>/dev/null; then room || full; fi
  fail "cannot write into $(pwd)/result: the folder is read-only or of another user; copy the kit to a folder of your own"
}

find_trtexec() {
  trtexec=@{TRTEXEC:-}
  if [ -z "$trtexec" ]; then trtexec=$(command -v trtexec || echo /usr/src/tensorrt/bin/trtexec); fi
  [ -x "$trtexec" ] || fail "cannot find trtexec; install TensorRT (sudo apt install tensorrt) or set TRTEXEC to its path"
  version=$("$trtexec" --help 2>/dev/null | sed -n 's/^&&&& .*\[TensorRT v\([0-9]*\)\].*/\1/p' | sed -n 1p)
  if [ -z "$version" ]; then
    "$trtexec" --help 2>&1 | sed -n 1,3p >&2
    fail "$trtexec does not tell the version of TensorRT; this kit needs TensorRT 8.0 or newer, and its libraries"
  fi
  require_version
}

@COMMANDS@

verify() {
  if grep -q "$(printf '\r')" SHA256SUMS; then fail "the lines of SHA256SUMS end as on Windows (CRLF): something changed the files on the way; copy the folder again as it is, by scp or as an archive"; fi
  if sums=$(sha256sum -c SHA256SUMS 2>&1); then return; fi
  echo "$sums" | grep -v ': OK$' | sed -n 1,5p >&2
  fail "a file of the kit is damaged; copy the whole folder again"
}

# note KEY VALUE: adds a line to the result, in place of an older one.
note() {
  if [ ! -f result/result.txt ]; then (: >result/result.txt) 2>/dev/null || cannot_write; fi
  { awk -v key="$1=" 'index($0, key) != 1' result/result.txt && echo "$1=$2"; } 2>/dev/null >result/result.tmp || cannot_write
  mv result/result.tmp result/result.txt || cannot_write
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

# explain LOG SENTENCE
explain() {
  room || full
  grep '\[E\]' "$1" | sed -n 1,5p >&2 || true
  fail "$2; read $1"
}

# whole FILE LOG: whether trtexec wrote its JSON to the last bracket; without the disk's space it says that all is well.
whole() {
  case $(tail -n 1 "$1" 2>/dev/null) in *]) return ;; esac
  room || full
  fail "$1 is cut off; run it again, and read $2"
}

build() {
  for workspace in $workspaces; do
    echo "Building model.engine with a workspace of $workspace MiB; this takes minutes"
    status=0
    trtexec_build >result/build.log 2>&1 || status=$?
    if [ "$status" -eq 0 ] && passed result/build.log && [ -s model.engine.part ]; then
      room || full
      mv model.engine.part model.engine
      note workspace_mib "$workspace"
      note engine_bytes "$(wc -c <model.engine | tr -d ' ')"
      note engine_sha256 "$(sha256sum model.engine | cut -d ' ' -f 1)"
      echo "Built model.engine"
      return
    fi
    room || full
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
  whole result/output.json result/check.log
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
  rm -f result/times.json result/times_graph.json result/profile.json result/tegrastats.txt
  if command -v tegrastats >/dev/null; then
    tegrastats --interval @INTERVAL@ >result/tegrastats.txt 2>/dev/null &
    power=$!
  fi
  trtexec_bench >result/bench.log 2>&1 || explain result/bench.log "the engine was not timed"
  passed result/bench.log || explain result/bench.log "the engine was not timed"
  whole result/times.json result/bench.log
  # Not every engine can be captured as a CUDA graph: without it this run is left out.
  if trtexec_bench_graph >result/bench_graph.log 2>&1; then
    whole result/times_graph.json result/bench_graph.log
  else
    room || full
    rm -f result/times_graph.json
  fi
  if [ -n "$power" ]; then kill "$power" 2>/dev/null || true; fi
  power=
  trtexec_profile >result/profile.log 2>&1 || explain result/profile.log "the layers were not timed"
  whole result/profile.json result/profile.log
  grep 'Throughput\|GPU Compute Time: min' result/bench.log
}

@RUNNER@

case @{1:-all} in
  all | build | check | bench | runner) ;;
  *) fail "usage: sh run.sh [all|build|check|bench|runner]" ;;
esac
[ $# -le 1 ] || fail "usage: sh run.sh [all|build|check|bench|runner]"
for program in cut dd sha256sum tail tr wc; do need "$program" coreutils; done
need awk mawk
need grep grep
need sed sed
mkdir -p result 2>/dev/null || fail "cannot make the folder result in $(pwd): it is read-only or of another user; copy the kit to a folder of your own"
room || cannot_write
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

/** The step `runner` of a kit whose model says how it is used. */
export const RUNNER = String.raw`# explain_compiler: says what the compiler lacks.
explain_compiler() {
  room || full
  grep 'error\|cannot find\|not found' result/runner_build.log | sed -n 1,5p >&2 || true
  lacks() { grep -q "$1" result/runner_build.log; }
  if lacks 'NvInfer.*\.h: No such file\|NvInfer.*\.h. file not found'; then
    fail "the headers of TensorRT are missing; install them (sudo apt install libnvinfer-dev libnvinfer-plugin-dev) or name their folder: CXXFLAGS=-I..."
  elif lacks 'cuda_runtime_api\.h: No such file\|cuda_runtime_api\.h. file not found'; then
    fail "the headers of CUDA are not in $cuda/include; set CUDA_HOME to the folder of CUDA"
  elif lacks 'cannot find -l\|unable to find library'; then
    fail "the compiler finds no library of TensorRT or CUDA; set CUDA_HOME, or name their folder: LDFLAGS=-L..."
  elif lacks 'c++17'; then
    fail "the compiler $compiler is too old; set CXX to g++ 7 or newer"
  fi
  fail "the runner was not compiled; read result/runner_build.log"
}

# start_runner LOG WORD...
start_runner() {
  runner_log=$1
  shift
  if ./runner --input reference/frame.raw --raw @SIDES@ --spacing @SPACING@ --format raw "$@" >"$runner_log" 2>&1; then return; fi
  room || full
  tail -n 3 "$runner_log" >&2
  fail "the runner does not run; read $runner_log"
}

runner() {
  need_engine
  need cmp diffutils
  compiler=@{CXX:-g++}
  command -v "$compiler" >/dev/null || fail "there is no C++ compiler $compiler; install it (sudo apt install g++) or set CXX"
  cuda=@{CUDA_HOME:-/usr/local/cuda}
  echo "Compiling the runner"
  # The flags are words of their own.
  # shellcheck disable=SC2086
  "$compiler" -std=c++17 -O2 -ffp-contract=off @PLUGINS@@{CXXFLAGS:-} "-I$cuda/include" runner.cpp -o runner.part \
    @{LDFLAGS:-} "-L$cuda/lib64" "-Wl,-rpath,$cuda/lib64" @LIBRARIES@ >result/runner_build.log 2>&1 || explain_compiler
  mv runner.part runner
  start_runner result/runner.log --output result
  bytes=$(wc -c <reference/frame_mask.raw | tr -d ' ')
  differing=$(cmp -l result/frame.raw reference/frame_mask.raw | wc -l | tr -d ' ')
  verdict=$(awk -v differing="$differing" -v bytes="$bytes" 'BEGIN { print differing <= @SHARE@ * bytes ? "passed" : "failed" }')
  note runner_check "$verdict $bytes $differing"
  echo "Mask of the runner against the reference: $verdict ($differing of $bytes bytes differ)"
  start_runner result/runner.log --repeat 300 --report result/runner.txt
  cat result/runner.log
  # Not every engine can be captured as a CUDA graph.
  if (start_runner result/runner_graph.log --repeat 300 --cuda-graph --report result/runner_graph.txt) 2>/dev/null; then
    echo "With a CUDA graph (--cuda-graph):"
    cat result/runner_graph.log
  else
    rm -f result/runner_graph.txt
  fi
  [ "$verdict" = passed ] || fail "the runner runs, but its mask differs from the reference"
  echo "Use it: ./runner --input FOLDER --output masks; ./runner --help lists the rest"
}`;

/** In place of {@link RUNNER} where the model does not say how it is used. */
export const NO_RUNNER = `runner() {
  fail "this kit has no runner, since its model does not say how images become its input; export a model that seg has trained"
}`;
