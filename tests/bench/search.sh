#!/usr/bin/env bash
# tests/bench/search.sh - how long answers take, beside grep and objdump on the same file: medians of ROUNDS interleaved rounds; how many functions
# are analysed for them, and the memory. BENCH_FILES: other files than these.
set -u
lvscan=$(realpath -m "${BUILD:-build}")/lvscan rounds=${ROUNDS:-5}
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT

seconds() { # seconds COMMAND...: wall-clock time; the command may find nothing, but not crash
    local start=$EPOCHREALTIME status
    "$@" 2>/dev/null | cat >/dev/null # not to /dev/null itself: grep then stops at the first match
    status=${PIPESTATUS[0]}
    [ $status -le 1 ] || { echo "status $status: $*" >&2; exit 1; }
    awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.4f\n", b - a }'
}
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# versus NAME FILE OURS THEIRS [ROUNDS]: both are shell words, with $lvscan and $file
versus() {
    local name=$1 file=$2 ours=$3 theirs=$4 n=${5:-$rounds} round
    : >"$work/ours" && : >"$work/theirs"
    for round in $(seq "$n"); do
        eval "seconds $ours" >>"$work/ours" && eval "seconds $theirs" >>"$work/theirs" || exit 1
    done
    awk -v name="$name" -v file="$file" -v a="$(median "$work/ours")" -v b="$(median "$work/theirs")" \
        'BEGIN { printf "%-26s %-52s %9.4f s %9.4f s  ratio %.2f\n", name, file, a, b, a / b }'
}

echo "$(date -u +%F), $(nproc) x $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1); ours, theirs, ours / theirs"
# The address of a function in the middle of the file.
some_function() { "$lvscan" functions --json "$1" 2>/dev/null | sed -n '2000{s/.*"start":"\([^"]*\)".*/\1/p;q}'; }

# cost NAME FILE ARGUMENTS...: processor time, the private part of the memory at its peak (the file's own pages are not ours), functions analysed
cost() {
    local name=$1 file=$2 TIMEFORMAT='%U %S' peak
    shift 2
    peak=$(private_peak "$lvscan" -q -j1 --json "$@" "$file")
    { time "$lvscan" -q -j1 --json "$@" "$file" >/dev/null 2>&1; } 2>&1 | awk -v name="$name" -v file="$file" -v peak="$peak" \
        -v of="$(sed -n 's/.*"stats":{"functions":\([0-9]*\),"analyzed":\([0-9]*\).*/\2 of \1/p' "$work/answer")" \
        '{ printf "%-26s %-52s %9.4f s of processor time, %s KB private, %s functions\n", name, file, $1 + $2, peak, of }'
}

# The greatest RssAnon seen while the command runs; what it says is left in $work/answer.
private_peak() {
    "$@" >"$work/answer" 2>/dev/null &
    local pid=$! peak=0 now
    while now=$(sed -n 's/^RssAnon:[^0-9]*\([0-9]*\) kB/\1/p' /proc/$pid/status 2>/dev/null) && [ -n "$now" ]; do
        [ "$now" -gt "$peak" ] && peak=$now
        sleep 0.002
    done
    wait $pid
    echo "$peak"
}

# shellcheck disable=SC2206
files=(${BENCH_FILES:-/usr/bin/bpftrace /usr/lib/x86_64-linux-gnu/libLLVM-1[45].so.1 /usr/lib/chromium/chromium})
for file in "${files[@]}"; do
    [ -e "$file" ] || continue
    cat "$file" >/dev/null
    versus "rare constant / grep" "$file" '$lvscan -q -c 30000 $file' "grep -c -obUaP '\\x30\\x75\\x00\\x00' \$file"
    cost "rare constant" "$file" -c 30000
    cost "one function" "$file" -f "$(some_function "$file")"
    cost "common constant" "$file" -c 7
    cost "all functions" "$file"
    versus "common constant / objdump" "$file" '$lvscan -q -j1 -c 7 $file' 'objdump -d $file' 1
    versus "all functions / objdump" "$file" '$lvscan -q -j1 $file' 'objdump -d $file' 1
    versus "all, one / two threads" "$file" '$lvscan -q -j1 $file' '$lvscan -q -j2 $file' 1
done
