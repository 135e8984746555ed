#!/usr/bin/env bash
# timeout: 900
# The decoder against libzydis, the processor, objdump and llvm-mc: a sample of three minutes, or all that ORACLE=full runs.
# Lengths, operands, effects and what the processor does may not differ at all. The text differs in places from objdump's
# still (`make oracle` lists them): a ceiling keeps it from getting worse.
. "$(dirname "$0")/../lib.sh"

tests/oracle/x86.sh $([ "${ORACLE-}" = full ] && echo --full) >"$work/log" 2>&1
for oracle in zydis cpu; do
    same "$oracle: no unexplained difference" "$(cat "$BUILD/oracle/log/$oracle.status" 2>&1)" 0
done
# text ORACLE CEILING: unexplained differences, of some 2.5 million instructions and 300,000 random ones
text() {
    local got
    got=$(awk '/unexplained differences:/ { n += $NF; seen = 1 } END { print seen ? n : "none counted" }' "$BUILD/oracle/log/$1")
    if [ "$got" -le "$2" ] 2>/dev/null; then same "$1 text: at most $2 differ" yes yes; else same "$1 text: at most $2 differ" "$got" "at most $2"; fi
}
text att 100
text intel 21000
say "$(tail -n 60 "$work/log")"
done_testing
