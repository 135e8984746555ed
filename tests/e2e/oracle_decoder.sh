#!/usr/bin/env bash
# timeout: 900
# The decoder against libzydis, objdump, llvm-mc and the processor: a sample of three minutes, or all that ORACLE=full runs.
. "$(dirname "$0")/../lib.sh"

tests/oracle/x86.sh $([ "${ORACLE-}" = full ] && echo --full) >"$work/log" 2>&1
status=$?
for oracle in zydis cpu att intel; do
    same "$oracle: no unexplained difference" "$(cat "$BUILD/oracle/log/$oracle.status" 2>&1)" 0
done
same "all of them" $status 0
say "$(tail -n 60 "$work/log")"
done_testing
