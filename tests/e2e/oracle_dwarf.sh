#!/usr/bin/env bash
# timeout: 900
# lvscan on stripped programs against their debug information: a sample, or all that ORACLE=full runs.
. "$(dirname "$0")/../lib.sh"

tests/oracle/dwarf.sh $([ "${ORACLE-}" = full ] && echo --full) >"$work/log" 2>&1
status=$?
if grep -q 'nothing was scored' "$work/log" && grep -q 'no source' "$work/log"; then
    skip 'debug information' 'the sources cannot be fetched from Debian'
else
    same 'every limit is held' $status 0
fi
say "$(cat "$work/log")" "$(head -n 60 "$BUILD/oracle/dwarf/notes")"
done_testing
