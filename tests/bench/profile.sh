#!/usr/bin/env bash
# tests/bench/profile.sh - which steps take the time, of one thread: perf's shares of a build that keeps frame pointers. A step that another one
# needs (a callee's summary, within analysis) counts in both.
set -u
build=$(realpath -m "${BUILD:-build}")/profile data=$(mktemp) && trap 'rm -f "$data"' EXIT
command -v perf >/dev/null || { echo 'profile.sh: there is no perf (linux-perf)'; exit 0; }
make -s BUILD="$build" OPT='-O2 -g -fno-omit-frame-pointer -fno-inline-functions-called-once' "$build/lvscan" || exit 1

# The steps, by the function that does each.
steps='program_open=opening gaps_rows=gaps prescan=pre-scan thread_glance=glance prescan_callers=callers worker_function=analysis
    body_build=bodies values_open=frames,slots summary_of=summaries variables_find=variables insn_decode=decoding'

shares() { # shares FILE ARGUMENTS...
    local file=$1
    shift
    perf record -q -o "$data" -g -F 1999 "$build/lvscan" -q -j1 "$@" "$file" >/dev/null 2>&1 # it may find nothing
    printf '%-24s %-10s' "$(basename "$file")" "${*:-all}"
    perf report -i "$data" --children -g none 2>/dev/null | awk -v steps="$steps" '
        { share[$NF] = $1 }
        END { n = split(steps, s); for (i = 1; i <= n; i++) { split(s[i], p, "="); if (p[1] in share) printf "  %s %s", p[2], share[p[1]] } print "" }'
}

echo "$(date -u +%F), $(nproc) x $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1); shares of the processor time"
# shellcheck disable=SC2206
files=(${BENCH_FILES:-/usr/bin/bpftrace /usr/bin/gdb /usr/lib/x86_64-linux-gnu/libLLVM-1[45].so.1})
for file in "${files[@]}"; do
    [ -e "$file" ] || continue
    shares "$file" -c 30000
    shares "$file" -c 7
    shares "$file"
done
