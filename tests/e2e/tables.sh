#!/usr/bin/env bash
# Jump tables whose bound or address takes more than a look at the jump: tests/fixtures/tables.s.
. "$(dirname "$0")/../lib.sh"

gcc -shared -nostdlib -o "$work/tables" tests/fixtures/tables.s || exit 1
targets() { "$LVSCAN" functions --json -f "$1" "$work/tables" | jq -c '[.closed, [.jumps[] | [.kind, (.targets | length)]]]'; }
same 'a state machine whose state is first a constant, the base kept across a call' "$(targets machine)" '[true,[["table",3]]]'
same 'a table that only the next one ends' "$(targets unbounded)" '[true,[["table",4]]]'
same 'the next one' "$(targets neighbour)" '[true,[["table",2]]]'
same 'entries that go where no case goes, past a case that is far away' \
    "$("$LVSCAN" --json -f far_case -c 5,7,127 "$work/tables" | jq -c '.variables[0].constants')" '[5,7,127]'

# The same from compilers, whose switches over all values there are have no bound at all.
for compiler in gcc clang; do
    $compiler -O2 -fPIC -shared -o "$work/unbounded" tests/fixtures/unbounded.c || exit 1
    for jump in 'nine true [["table",9]] 1234' 'five true [["table",5]] 4321' 'by_array true [["tail",0]] 5678' \
        'by_object true [["tail",0]] 8765'; do
        read -r function closed kinds constant <<<"$jump"
        same "$compiler: $function" "$("$LVSCAN" functions --json -f "$function" "$work/unbounded" |
            jq -c '[.closed, ([.jumps[] | [.kind, (.targets | length)]] | unique)]')" "[$closed,$kinds]"
        same "$compiler: $function: a variable beside it is proved" \
            "$("$LVSCAN" --json -f "$function" -c "$constant" "$work/unbounded" | jq -c '.variables[0] | [.matched, .probe != null]')" \
            "[[$constant],true]"
    done
done
done_testing
