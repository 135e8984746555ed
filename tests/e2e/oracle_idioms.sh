#!/usr/bin/env bash
# timeout: 300
# What lvscan claims of the idioms' programs, all functions and all variables, checked by single-stepping them.
. "$(dirname "$0")/../lib.sh"

check "the oracle builds" gcc -O2 -D_GNU_SOURCE -I. -o "$work/dynamic" tests/oracle/dynamic/*.c
for compiler in gcc clang; do
    for level in O0 O1 O2 O3 Os; do
        program=$work/$compiler-$level
        $compiler -w -$level -o "$program" tests/fixtures/idioms.c && strip "$program"
        "$LVSCAN" --json -n 0 "$program" >"$work/json"
        "$LVSCAN" functions --json "$program" >"$work/functions"
        "$work/dynamic" --label "$compiler-$level" --json "$work/json" --functions "$program" "$work/functions" --seconds 60 \
            -- "$program" >"$work/log" 2>&1
        total=$(grep -a '^TOTAL' "$work/log")
        checks=$(sed -n 's/.* checks=\([0-9]*\).*/\1/p' <<<"$total")
        check "$compiler -$level: over a thousand claims were checked" test "$checks" -gt 1000
        same "$compiler -$level: no claim is violated" "$(sed -n 's/.* violations=\([0-9]*\).*/\1/p' <<<"$total")" 0
        say "$total" "$(grep -a -m 5 VIOLATION "$work/log")"
    done
done
done_testing
