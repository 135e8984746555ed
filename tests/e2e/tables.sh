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
done_testing
