#!/usr/bin/env bash
# timeout: 900
# lvscan on stripped programs against their debug information: a sample, or all that ORACLE=full runs.
# tests/oracle/dwarf.sh holds all totals against issue 4's limits; here are those that belong to the analysis of a function. No wrong or
# missing jump target is ever allowed. Where the constants meet the variable otherwise than by a plain compare there is no limit, but
# a floor, so that what was reached is not lost.
. "$(dirname "$0")/../lib.sh"

tests/oracle/dwarf.sh $([ "${ORACLE-}" = full ] && echo --full) >"$work/log" 2>&1
if grep -q 'nothing was scored' "$work/log" && grep -q 'no source' "$work/log"; then
    skip 'debug information' 'the sources cannot be fetched from Debian'
else
    # columns of the totals: right wrong none unknown right2 wrong2 imm imm3 real cover F1 tables missing
    read -r _ _ _ asked right wrong _ _ right2 _ imm _ real cover f1 tables missing < <(grep '^all of' "$work/log")
    atleast() { same "$1: at least $3" "$(awk -v a="$2" -v b="$3" 'BEGIN { print (a >= b ? "yes" : a) }')" yes; }
    atmost() { same "$1: at most $3" "$(awk -v a="${2:-99}" -v b="$3" 'BEGIN { print (a <= b ? "yes" : a) }')" yes; }
    atleast 'questions asked' "$asked" 300
    atleast 'right answers, percent' "$right" 97
    atmost 'wrong answers, percent' "$wrong" 0.3
    atleast 'compares found, percent' "$imm" 99.5
    atleast 'compares of floats found, percent' "$real" 99.5
    atleast 'places covered, percent' "$cover" 90
    atleast 'jump tables, percent' "$(awk -v t="$tables" 'BEGIN { split(t, n, "/"); print 100 * n[1] / n[2] }')" 99
    atleast 'right answers where there is no plain compare, percent' "$right2" 60
    atleast 'function starts, F1' "$f1" 0.998
    same 'missing jump targets' "$missing" 0
fi
say "$(cat "$work/log")" "$(head -n 60 "$BUILD/oracle/dwarf/notes")"
done_testing
