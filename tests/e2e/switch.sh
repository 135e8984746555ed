#!/usr/bin/env bash
# sub $30000,%rdi; cmp $7,%rdi; ja; jmp *table: the variable is in rdi before the sub and not after it.
. "$(dirname "$0")/../lib.sh"

check "the fixture assembles" gcc -o "$work/switch" tests/fixtures/switch.s
start=$(nm "$work/switch" | awk '$3 == "dispatch" { print "0x" $1 }')
start=$(printf '0x%x' "$start") after=$(printf '0x%x' $((start + 7)))
out=$("$LVSCAN" --json -f dispatch -c 30005 "$work/switch")
same "found" "$?" 0
json "by the switch" "$out" '.variables[0] | .matched == [30005] and .sites[0].via == "switch" and .sites[0].relation == "case"'
json "its constants are the cases, not the bounds" "$out" '.variables[0].constants == [30000, 30003, 30005, 30007]'
json "in rdi before the sub" "$out" ".variables[0].ranges | any(.start == \"$start\" and .end == \"$after\"
    and .location == {kind: \"reg\", reg: \"rdi\", bits: 64})"
json "not in rdi after it" "$out" "[.variables[0] | (.ranges[] | select(.end > \"$after\")), (.sites[], .probe | select(.pc >= \"$after\"))
    | .location | select(.reg == \"rdi\") | .addend] | all(. == 30000)"
"$LVSCAN" --json -f dispatch -c 30002 "$work/switch" >"$work/none"
same "30002 is no case" "$? $(jq '.variables | length' "$work/none")" "1 0"
"$LVSCAN" --json -f dispatch -c 7 "$work/switch" >"$work/bound"
same "7 is the bound, not a constant" "$? $(jq '.variables | length' "$work/bound")" "1 0"

"$LVSCAN" --json -f dispatch_sum -c 5,7 "$work/switch" >"$work/sum"
same "what is left after a register is added is not compared with 5" "$? $(jq '.variables | length' "$work/sum")" "1 0"

json "functions --json gives the table's targets in order" \
    "$("$LVSCAN" functions --json -f dispatch "$work/switch")" \
    "def at(n): n; .closed and (.jumps | length == 1) and .jumps[0].kind == \"table\" and (.jumps[0].targets | length == 8
        and .[0] != .[1] and .[1] == .[2] and .[3] == .[7] and .[5] != .[0])"
if live "trace reads the variable before the sub"; then
    same "live: trace prints 30005" "$("$LVSCAN" trace --json -c 30005 -f dispatch "$work/switch" -- "$work/switch" | jq -r 'select(.value) | .value')" 30005
fi
done_testing
