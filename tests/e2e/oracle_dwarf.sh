#!/usr/bin/env bash
# timeout: 900
# lvscan on stripped programs against their debug information: a sample, or all that ORACLE=full runs.
# tests/oracle/dwarf.sh holds the totals against issue 4's limits; those that are not reached yet (see CHANGELOG.md) have a
# floor here, so that what was reached is not lost. No wrong or missing jump target is ever allowed.
. "$(dirname "$0")/../lib.sh"

tests/oracle/dwarf.sh $([ "${ORACLE-}" = full ] && echo --full) >"$work/log" 2>&1
if grep -q 'nothing was scored' "$work/log" && grep -q 'no source' "$work/log"; then
    skip 'debug information' 'the sources cannot be fetched from Debian'
else
    # columns of the totals: right wrong none unknown right2 wrong2 imm imm3 cover F1 tables missing
    read -r _ _ _ asked right wrong _ _ _ _ imm _ cover f1 tables missing < <(grep '^all of' "$work/log")
    atleast() { same "$1: at least $3" "$(awk -v a="$2" -v b="$3" 'BEGIN { print (a >= b ? "yes" : a) }')" yes; }
    atmost() { same "$1: at most $3" "$(awk -v a="${2:-99}" -v b="$3" 'BEGIN { print (a <= b ? "yes" : a) }')" yes; }
    atleast 'questions asked' "$asked" 300
    atleast 'right answers, percent (limit 97)' "$right" 93
    atmost 'wrong answers, percent (limit 0.3)' "$wrong" 2
    atleast 'compares found, percent (limit 99.5)' "$imm" 99
    atleast 'places covered, percent (limit 90)' "$cover" 88
    atleast 'jump tables, percent (limit 99)' "$(awk -v t="$tables" 'BEGIN { split(t, n, "/"); print 100 * n[1] / n[2] }')" 96
    atleast 'function starts, F1 (limit 0.998)' "$f1" 0.998
    same 'missing jump targets' "$missing" 0
fi
say "$(cat "$work/log")" "$(head -n 60 "$BUILD/oracle/dwarf/notes")"
done_testing
