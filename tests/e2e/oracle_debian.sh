#!/usr/bin/env bash
# timeout: 600
# lvscan on programs as Debian ships them, against the debug information that Debian ships apart: a server and a library whose two
# interpreters have 23,000 instructions; with ORACLE=full all of tests/oracle/debian.sh. There is no ceiling for wrong answers here: DWARF
# names one of several places, or an inlined copy; the log lists each, for review.
. "$(dirname "$0")/../lib.sh"

[ "${ORACLE-}" = full ] || set -- vsftpd libpcre.so
LVSCAN=$LVSCAN CORPUS=$(realpath -m "$BUILD")/corpus BUILD=$work tests/oracle/dwarf.sh --debian "$@" >"$work/log" 2>&1
if grep -q 'nothing was scored' "$work/log" && grep -q 'debian: no' "$work/log"; then
    skip 'debug information' 'the packages cannot be fetched from Debian'
else
    # columns of the totals: right wrong none unknown right2 wrong2 imm imm3 real cover F1 tables missing
    read -r _ _ _ asked _ _ _ _ _ _ imm _ _ cover f1 _ missing < <(grep '^all of' "$work/log")
    judged=$(sed -n 's/.*can judge: right \([0-9.]*\)%.*/\1/p' "$work/log")
    atleast() { same "$1: at least $3" "$(awk -v a="$2" -v b="$3" 'BEGIN { print (a >= b ? "yes" : a) }')" yes; }
    atleast 'questions asked' "$asked" 200
    atleast 'right answers, percent of what DWARF can judge' "$judged" 97
    atleast 'compares found, percent' "$imm" 99.5
    atleast 'places covered, percent' "$cover" 90
    atleast 'function starts, F1' "$f1" 0.998
    same 'missing jump targets' "$missing" 0
fi
say "$(cat "$work/log")" "$(grep -h WRONG "$work/oracle/dwarf/notes" | head -n 40)"
done_testing
