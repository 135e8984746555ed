#!/usr/bin/env bash
# timeout: 1200
# What lvscan claims, checked by single-stepping the programs it claims it of: the idioms' programs whole, then Debian's own programs
# (a sample, or all that ORACLE=full runs).
. "$(dirname "$0")/../lib.sh"
dynamic=$BUILD/oracle/dynamic/dynamic

# clean NAME LINE: passes when a TOTAL line of the oracle counts checks and no violation
clean() {
    if [[ $2 =~ checks=[1-9] && $2 == *" violations=0 "* ]]; then result 0 "$1"; else result 1 "$1"; fi
    say "$2"
}

if live "claims hold when single-stepped"; then
    tests/oracle/dynamic.sh $([ "${ORACLE-}" = full ] && echo --full) >"$work/log" 2>&1
    say "$(tail -n 1 "$work/log")"
    while read -r line; do
        set -- $line
        if [[ $line == *"status 124" ]]; then # too large to analyse whole in a test's time
            skip "$2" "not analysed in the oracle's time"
            continue
        fi
        clean "live: $2" "$line"
        if [[ $line != *" violations=0 "* ]]; then say "$(grep -a -m 5 -E 'VIOLATION|dynamic:' "$BUILD/oracle/dynamic/$2.log")"; fi
    done < <(grep '^TOTAL' "$work/log")
    if ! grep -q '^TOTAL' "$work/log"; then result 1 "live: the oracle ran" && say "$(tail -n 5 "$work/log")"; fi

    for compiler in gcc clang; do
        for level in O0 O1 O2 O3 Os; do
            program=$work/idioms-$compiler-$level
            $compiler -w -$level -o "$program" tests/fixtures/idioms.c
            cp "$program" "$program.whole" && strip "$program"
            "$LVSCAN" --json -n 0 "$program" >"$work/json"
            "$LVSCAN" functions --json "$program" >"$work/functions"
            line=$("$dynamic" --label "idioms-$compiler-$level" --json "$work/json" --functions "$program" "$work/functions" \
                --seconds 60 -- "$program" 2>&1 | tee "$work/violations" | grep -a '^TOTAL')
            clean "live: the idioms by $compiler -$level" "$line"
            say "$(grep -a -m 5 -E 'VIOLATION|dynamic:' "$work/violations")"
        done
    done
fi
done_testing
