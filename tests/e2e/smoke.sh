#!/usr/bin/env bash
# timeout: 600
# Large real programs of several languages: sensible results or a clear reason, in bounded time, and never a crash.
. "$(dirname "$0")/../lib.sh"

# survives NAME STATUSES COMMAND...: exit status among STATUSES, the output JSON objects of the right shape.
survives() {
    local name=$1 statuses=$2 status
    shift 2
    timeout 240 "$@" >"$work/out" 2>"$work/err"
    status=$?
    if [[ " $statuses " != *" $status "* ]]; then
        result 1 "$name"
        say "status $status, not one of $statuses: $*" "$(tail -5 "$work/err")"
    else
        result 0 "$name"
    fi
    same "$name: as CONTRACT.md says" "$([ -s "$work/out" ] && jq -r -L tests 'include "shape"; object_faults' "$work/out" 2>&1 | head -5)" ""
}

survives "127 in python" "0" "$LVSCAN" --json -c 127 /usr/bin/python3.11
json "127 in python: every site is of a constant asked for or of the same variable" "$(cat "$work/out")" \
    '.variables | length > 0 and all(.matched == [127])'
survives "the ELF magic in all of /usr/bin" "0 3" "$LVSCAN" --json -c 0x464c457f /usr/bin
json "the ELF magic: some programs of binutils and others compare with it" "$(jq -s . "$work/out")" \
    'map(select(.variables | length > 0)) | length >= 1'

for program in git gdb node rg gron bpftrace; do # C, C++, C++, Rust, Go, C++
    path=$(command -v $program) || { skip "the default on $program" "not installed"; continue; }
    path=$(readlink -f "$path")
    survives "the default on $program" "0 1" "$LVSCAN" --json "$path"
    json "the default on $program: variables, ranked by their constants" "$(cat "$work/out")" \
        '.variables | length == 10 and (map(.score) | . == (sort | reverse)) and all(.constants | length > 1)'
done
survives "all of perl" "0" "$LVSCAN" --json -n 0 /usr/bin/perl
json "all of perl: its interpreter's largest functions are within the budget" "$(jq -c '{warnings, n: (.variables | length)}' "$work/out")" \
    '.n > 10000 and all(.warnings[]; .text | contains("budget") | not)'

# Constants are listed as numbers ascend, whatever their bits look like.
cat >"$work/order.c" <<'C'
__attribute__((noinline)) int real(double x) { return x < -2.5 ? 1 : x < -1.5 ? 2 : x < 0.5 ? 3 : 4; }
__attribute__((noinline)) int big(unsigned long x) { return x > 0x9000000000000000 ? 1 : x > 0x1000 ? 2 : 3; }
int main(int argc, char **argv) { (void)argv; return real(argc) + big((unsigned long)argc); }
C
gcc -O1 -o "$work/order" "$work/order.c"
json "floats ascend" "$("$LVSCAN" --json -f real "$work/order")" '.variables[0].constants == [-2.5, -1.5, 0.5]'
json "large unsigned numbers come last" "$("$LVSCAN" --json -f big "$work/order")" '.variables[0] | .sign == "unsigned" and (.constants | length == 2 and .[0] < .[1])'
done_testing
