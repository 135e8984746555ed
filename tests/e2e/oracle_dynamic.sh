#!/usr/bin/env bash
# timeout: 600
# What lvscan claims about Debian's programs, checked while they run: minutes, or all that ORACLE=full runs.
. "$(dirname "$0")/../lib.sh"

tests/oracle/dynamic.sh $([ "${ORACLE-}" = full ] && echo --full) >"$work/log" 2>&1
status=$?
sum=$(tail -n 1 "$work/log")
field() { printf '%s\n' "$sum" | sed -n "s/.* \([0-9]*\) $1.*/\1/p"; }
same 'no claim is violated' "$(field violations)" 0
check 'at least 10 programs ran' test "$(field 'programs,')" -ge 10
check 'at least 100000 checks' test "$(field checks)" -ge 100000
same 'all of it' $status 0
say "$(cat "$work/log")" "$(cat "$BUILD"/oracle/dynamic/*.log | grep -a -E '^(VIOLATION|COVERAGE)' | head -60)"
done_testing
