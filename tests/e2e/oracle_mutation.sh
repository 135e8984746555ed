#!/usr/bin/env bash
# timeout: 900
# lvscan made wrong on purpose is noticed by the dynamic oracle: one write, one edge, one clobber left out, or all that ORACLE=full has.
. "$(dirname "$0")/../lib.sh"

mutants='1 3 6 8'
[ "${ORACLE-}" != full ] || mutants=
# shellcheck disable=SC2086
tests/oracle/mutation.sh $mutants >"$work/log" 2>&1
status=$?
while read -r number verdict; do
    check "mutant $number: $verdict" test "${verdict#*FAILED}${verdict#*NOT NOTICED}" = "$verdict$verdict"
done < <(grep -E '^[0-9]+ ' "$work/log" | tr -s ' ')
same 'all of them' $status 0
say "$(cat "$work/log")"
done_testing
