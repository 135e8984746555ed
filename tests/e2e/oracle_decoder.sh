#!/usr/bin/env bash
# timeout: 900
# The decoder against libzydis, the processor, objdump and llvm-mc: a sample of three minutes, or all that ORACLE=full runs.
# Nothing may differ but for what tests/oracle/x86_known.txt explains line by line.
. "$(dirname "$0")/../lib.sh"

if [ "${ORACLE-}" = full ]; then
    tests/oracle/x86.sh --full >"$work/log"
    same "all parts: no unexplained difference" "$?" 0
else
    tests/oracle/x86.sh >"$work/log" 2>&1
    for oracle in zydis cpu att intel; do
        same "$oracle: no unexplained difference" "$(cat "$BUILD/oracle/log/$oracle.status" 2>&1)" 0
    done
fi
say "$(tail -n 60 "$work/log")"
done_testing
