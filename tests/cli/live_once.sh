#!/usr/bin/env bash
# timeout: 300
# live: several compares test the variable, on different ways, in loops, or not at all: each value it gets is met exactly once, at one
# place or at several together; where that cannot be, it is said, and true.
. "$(dirname "$0")/../lib.sh"
cat >"$work/target.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
static volatile long sink, hold;
static long given[8];
__attribute__((noinline)) static long source(long i) { given[i & 7]++; return 30000 + (i & 7); }
__attribute__((noinline)) static long other(long i) { hold++; return source(i); }
/* compared here or there, or three times, or not at all */
__attribute__((noinline)) long ways(long how, long n)
{
    long v = source(n);
    if (how == 1) { if (v == 30001) sink++; }
    else if (how == 2) { for (long i = 0; i < 3; i++) { if (v == 30002) sink += i; if (v == 30003) sink--; } }
    return v;
}
/* two defs; the first compare sees one of them, the second, which is asked for, both */
__attribute__((noinline)) long joined(long how, long n)
{
    long v = source(n);
    if (v == 30001) sink++;
    if (how & 1) v = other(n + 1);
    if (v == 30004) sink += 2;
    return v;
}
/* a new value in each turn, compared twice in some */
__attribute__((noinline)) long turns(long how, long n)
{
    long all = 0;
    for (long i = 0; i < how; i++) {
        long v = i & 1 ? other(n + i) : source(n + i);
        if (v == 30005) sink++;
        if (n & 1 && v == 30006) sink--;
        all += v;
    }
    return all;
}
int main(int c, char **v)
{
    long n = c > 2 ? atol(v[2]) : 0;
    for (long i = 0; i < n; i++) {
        if (v[1][0] == 'w') ways(i % 4, i / 4);
        if (v[1][0] == 'j') joined(i % 4, i / 4);
        if (v[1][0] == 't') turns(i % 4, i / 4);
    }
    for (int i = 0; i < 8; i++) printf("%d %ld\n", 30000 + i, given[i]);
    return 0;
}
C
gcc -O1 -o "$work/without" tests/cli/without.c || exit 1
if ! live "once"; then done_testing; exit 0; fi
several=0 once=0
for cc in gcc clang; do
    for level in -O0 -O1 -O2 -Os; do
        $cc $level -o "$work/target" "$work/target.c" && strip "$work/target" || exit 1
        for way in "w 30001,30002,30003" "j 30004" "t 30005,30006"; do
            name="live: $cc $level, ${way% *}"
            "$LVSCAN" trace --json --count -c "${way#* }" "$work/target" -- "$work/target" "${way% *}" 4000 >"$work/out" 2>"$work/err"
            [ "$(grep -c '^  and ' "$work/err")" -gt 0 ] && several=$((several + 1))
            jq -r 'select(.count) | "\(.value) \(.count)"' "$work/out" | sort >"$work/met"
            grep -E '^3000[0-7] [1-9]' "$work/err" | sort >"$work/given"
            # the compiler may have made two variables of one, or left a way out of sight: then it is said
            if ! grep -q 'some values are not met\|more in this function' "$work/err" || [ "${way% *}" != j ]; then
                check "$name: each value is met once" grep -q 'each value is met once' "$work/err"
                same "$name: as often as the program says" "$(cat "$work/met")" "$(cat "$work/given")"
                once=$((once + 1))
            else
                check "$name: as said, some are not met" sh -c "join '$work/met' '$work/given' | awk '\$2 > \$3 { bad = 1 } END { exit bad || NR != 8 }'"
            fi
            same "$name: none lost" "$(jq -c 'select(.summary) | [.lost, .hits == .recorded]' "$work/out")" "[0,true]"
            "$work/without" 321=1 -- "$LVSCAN" trace --json --count -c "${way#* }" "$work/target" -- "$work/target" "${way% *}" 4000 >"$work/out2" 2>/dev/null
            same "$name: the same by samples" "$(jq -c 'select(.count)' "$work/out2" | sort)" "$(jq -c 'select(.count)' "$work/out" | sort)"
        done
    done
done
check "most are met once ($once of 24)" test $once -ge 20
check "some of them are read at several places ($several)" test $several -gt 3

# A real program: Debian's bpftrace, whose printf_id is compared a dozen times in a row.
if command -v bpftrace >/dev/null; then
    script='BEGIN { print("a"); print("b"); printf("c\n"); print("d"); cat("/dev/null"); exit() }'
    "$LVSCAN" trace --json --count -e tests/fixtures/async_action.h:AsyncAction /usr/bin/bpftrace -- bpftrace -e "$script" >"$work/out" 2>"$work/err"
    check "live: bpftrace: each value is met once" grep -q 'each value is met once' "$work/err"
    same "live: bpftrace: every action of the script, once" "$(jq -r 'select(.count) | "\(.name) \(.count)"' "$work/out" | sort | xargs)" \
        "cat 1 exit 1 print_non_map 3 printf 1"
else
    skip "live: bpftrace" "bpftrace is not installed"
fi
done_testing
