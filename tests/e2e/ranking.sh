#!/usr/bin/env bash
# Of two variables that are compared with the same constants, that which was meant comes first: tests/fixtures/ranking.s.
. "$(dirname "$0")/../lib.sh"

gcc -shared -nostdlib -o "$work/ranking" tests/fixtures/ranking.s || exit 1
# first FUNCTION CONSTANTS: how many variables there are, and the register in which the best one's probe reads it
first() { "$LVSCAN" --json -n 0 -f "$1" -c "$2" "$work/ranking" 2>/dev/null | jq -r '(.variables | length | tostring) + " " + .variables[0].probe.location.reg'; }
same 'what a mask leaves, and is compared again, is the variable' "$(first masked_and_used 45)" '2 rdx'
same 'what a mask leaves for one compare is not' "$(first masked_to_compare 30000)" '1 rdi'
same 'a difference that is used is no compare with a constant' "$(first difference_used 7)" '2 rsi'
same 'differences that are only compared are' "$(first differences_chained 5,6,9)" '2 rdi'
same 'the constant as it stands before its neighbour' "$(first limited 3)" '2 rdi'
same 'a branch before a set' "$(first set_or_branch 36)" '2 rdx'
same 'what a range test made is no variable' "$(first range_made 2047)" '2 rcx'
same 'of what is in two places at once no byte counts twice' "$(first two_places 77)" '2 rcx'
done_testing
