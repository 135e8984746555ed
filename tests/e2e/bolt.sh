#!/usr/bin/env bash
# timeout: 300
# A program that BOLT rewrote, or that mold linked: functions lie in several sections, cut in two, their blocks in another order, and what they were
# before is still there. The functions are found, the answers are the same, and what is claimed is true as the program runs.
. "$(dirname "$0")/../lib.sh"

cat >"$work/a.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
volatile int sink;
static int __attribute__((noinline)) action(long id, int *count)
{
    int kept = *count + 1;
    switch (id) {
    case 30000: kept += puts("exit"); break;
    case 30001: sink += 2; break;
    case 30002: sink += 5; kept ^= 7; break;
    case 30003: return printf("rare %d\n", kept);
    case 30004: sink -= kept; break;
    case 30005: sink <<= 1; break;
    default: if (id < 0) abort(); kept += 3;
    }
    *count = kept;
    return kept;
}
static int __attribute__((noinline)) item(const char *s, long limit)
{
    long n = strtol(s, NULL, 10);
    if (n == 41414 || n > limit) { fprintf(stderr, "much: %ld\n", n); sink++; return -1; }
    for (int i = 0; i < n % 9; i++) sink += i;
    return (int)n;
}
int main(int c, char **v)
{
    int count = 0, sum = 0;
    for (int i = 1; i < c; i++) sum += action(item(v[i], 50000), &count);
    printf("%d %d %d\n", sum, count, sink);
    return 0;
}
C
args='30000 30001 30002 30003 30004 30005 7 41 30001 41414'
bolt=$(command -v llvm-bolt llvm-bolt-16 llvm-bolt-19 | head -1)
strip_one=$(command -v llvm-strip llvm-strip-14 strip | head -1)
gcc -std=c11 -O2 -D_GNU_SOURCE -I. -o "$work/dynamic" tests/oracle/dynamic/*.c || exit 1

# answers NAME PROGRAM: held against the program that has symbols
answers() {
    "$strip_one" -o "$2.stripped" "$2" || exit 1
    local got start
    got=$(tests/oracle/starts.py "$LVSCAN" stripped "$2" | tee -a "$work/log" | sed -n 's/^all: .* F1 //p')
    same "$1: F1 of function starts at least 0.95" "$(awk -v a="${got:-0}" 'BEGIN { print (a >= 0.95 ? "yes" : a) }')" yes
    start=$(nm "$2" | sed -n 's/^0*\([0-9a-f]*\) [tT] action$/0x\1/p')
    json "$1: the variable, in the function as it is now" "$("$LVSCAN" --json -c 30000..30005 "$2.stripped")" \
        ".variables[0] | .function.start == \"$start\" and .matched == [30000, 30001, 30002, 30003, 30004, 30005] and .probe.proof != \"partial\""
    json "$1: its table" "$("$LVSCAN" functions --json "$2.stripped" | jq -s .)" ".[] | select(.start == \"$start\") | .closed and (.jumps | length <= 1)"
    start=$(nm "$2" | sed -n 's/^0*\([0-9a-f]*\) [tT] item\(.constprop.0\)*$/0x\1/p')
    json "$1: another" "$("$LVSCAN" --json -c 41414 "$2.stripped")" ".variables[0] | .function.start == \"$start\" and .probe.proof != \"partial\""
    # what the stripped one shows, as the whole one runs: strippers move what BOLT wrote so that it runs no more
    "$LVSCAN" --json -n 0 "$2.stripped" | jq -c --arg path "$2" '.binary.path = $path' >"$work/json"
    "$LVSCAN" functions --json "$2.stripped" >"$work/functions"
    # shellcheck disable=SC2086
    got=$("$work/dynamic" --label x --json "$work/json" --functions "$2" "$work/functions" --seconds 20 -- "$2" $args 2>&1 | grep '^TOTAL\|^VIOL')
    check "$1: as it runs: $got" grep -qE 'checks=[1-9][0-9]* violations=0 ' <<<"$got"
}

for cc in gcc clang; do
    whole=-w
    [ $cc = clang ] || whole=-fno-reorder-blocks-and-partition
    $cc -O2 -fPIE -pie -w -Wl,-q $whole -o "$work/a-$cc" "$work/a.c" || exit 1
    if [ -n "$bolt" ]; then
        "$bolt" "$work/a-$cc" -o "$work/moved" -reorder-blocks=reverse -split-functions -split-strategy=random2 -split-all-cold -jump-tables=move >"$work/bolt.log" 2>&1 ||
            { cat "$work/bolt.log"; exit 1; }
        answers "$cc, BOLT" "$work/moved"
    else
        skip "$cc, BOLT" 'llvm-bolt is not installed'
    fi
    if command -v mold >/dev/null && [ -e /usr/libexec/mold/ld ]; then
        $cc -O2 -fPIE -pie -w -B/usr/libexec/mold -o "$work/mold" "$work/a.c" || exit 1
        answers "$cc, mold" "$work/mold"
    else
        skip "$cc, mold" 'mold is not installed'
    fi
done
say "$(cat "$work/log" 2>/dev/null)"
done_testing
