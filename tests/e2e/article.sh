#!/usr/bin/env bash
# The article's listing, at its own addresses: the variable is where the article says it is.
. "$(dirname "$0")/../lib.sh"

check "the listing assembles" tests/fixtures/article/build "$work/article"
one=$("$LVSCAN" --json -f perf_event_printer -c 30000 "$work/article")
same "-c 30000: found" "$?" 0
same "-c 30000: one variable" "$(jq -c '.variables | length' <<<"$one")" 1
json "the site is at +142, cmp \$0x7530,%rax" "$one" '.variables[0].sites[0] | .pc == "0xecb8e" and .offset == 142
    and .text == "cmp $0x7530,%rax" and .bytes == "483d30750000" and .constant == 30000 and .relation == "=="
    and .via == "immediate" and .location == {kind: "reg", reg: "rax", bits: 64}'
json "the file offset is what the segments say" "$one" '.variables[0].sites[0].file_offset == "0xccb8e"'
json "the variable has 64 bits" "$one" '.variables[0].width == 64'
json "its def is the load at +115" "$one" '.variables[0].defs | length == 1 and .[0].pc == "0xecb73" and .[0].kind == "load"
    and .[0].text == "mov 0x0(%r13),%rax" and .[0].location == {kind: "reg", reg: "rax", bits: 64}'
json "it lives in rax from there on, past every compare" "$one" '[.variables[0].ranges[]
    | select(.location == {kind: "reg", reg: "rax", bits: 64}) | [.start, .end]] | sort
    | .[0][0] == "0xecb77" and any(.[]; .[0] <= "0xecb8e" and .[1] > "0xecbf4")'
json "it lives nowhere before the load" "$one" '[.variables[0].ranges[] | select(.location.kind == "reg") | .start] | min >= "0xecb77"'
json "not in ebp, nor in r14b" "$one" '[.variables[0] | (.ranges[], .defs[], .sites[], .probe) | .location.reg]
    | all(. != "rbp" and . != "r14")'
json "its constants are all nine of the listing" "$one" '.variables[0].constants
    == [30000, 30001, 30002, 30003, 30004, 30005, 30006, 30007, 30009]'
json "the function is the symbol, demangled" "$one" '.variables[0].function | .name == "_ZN8bpftrace18perf_event_printerEPvS0_i"
    and .demangled == "bpftrace::perf_event_printer(void*, void*, int)" and .start == "0xecb00" and .found_by == "symtab"'
json "the probe is the emulated je after the compare" "$one" '.variables[0].probe | .pc == "0xecb94" and .offset == 148
    and .text == "je 0xed0e0" and .cost == "emulated" and .location.reg == "rax"'

all=$("$LVSCAN" --json -c 30000..30011 "$work/article")
json "30000..30011: nine matched by one variable" "$all" '.variables | length == 1
    and .[0].matched == [30000, 30001, 30002, 30003, 30004, 30005, 30006, 30007, 30009]'
json "sites come in order, each with its offset" "$all" '.variables[0].sites | length == 9
    and map(.offset) == [142, 154, 166, 178, 190, 202, 214, 226, 238] and all(.location.reg == "rax")'
for name in perf_event_printer bpftrace::perf_event_printer _ZN8bpftrace18perf_event_printerEPvS0_i 0xecb00; do
    same "-f $name names it" "$("$LVSCAN" --json -f "$name" -c 30000 "$work/article" | jq -r '.variables[0].function.start')" 0xecb00
done
strip -o "$work/stripped" "$work/article"
json "stripped, by the constants alone" \
    "$("$LVSCAN" --json -c 30000..30011 "$work/stripped")" '[.variables[].sites[].location.reg] | length == 9 and all(. == "rax")'
done_testing
