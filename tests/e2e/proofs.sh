#!/usr/bin/env bash
# What a careless proof would claim, and lvscan once did: found by the oracles, kept small in tests/fixtures/proofs.s.
. "$(dirname "$0")/../lib.sh"

gcc -shared -nostdlib -o "$work/proofs" tests/fixtures/proofs.s || exit 1
at() { nm "$work/proofs" | awk -v name="$1" '$3 == name { sub(/^0+/, "", $1); print "0x" $1 }'; }
ask() { "$LVSCAN" --json -n 0 -f "$1" -c "$2" "$work/proofs" 2>/dev/null; }
# holding PC: the locations that the answer on standard input claims before the instruction at PC
holding() {
    jq -r '.variables[].ranges[] | [.start, .end, (.location.reg // "\(.location.base)+\(.location.disp)")] | @tsv' |
        while read -r start end place; do ((start <= $1 && $1 < end)) && echo "$place"; done | sort -u | tr '\n' ' '
}

same 'an older value is tested: the site is in its register' \
    "$(ask old_value 5 | jq -r '.variables[].sites[] | select(.constant == 5) | .location.reg' | sort -u)" r11
same 'an older value is tested: the newer one is not it' "$(ask old_value 5 | holding "$(at old_value_compare)" | grep -c rdx)" 0
same 'nothing is claimed of a register after setjmp' "$(ask returns_twice 77 | holding "$(at returns_twice_after)")" ""
same 'a callee may have changed a pushed argument' \
    "$(ask pushed_argument 77 | jq -r '[.variables[].defs[].kind] | index("call") != null')" true
same 'a callee changes its argument on the stack' \
    "$(ask taken_over 77 | jq -c '[.variables[].defs[].kind]') $(ask taken_over 78 | holding "$(at taken_over_after)")" '["call"] rdi rsp+8 '
same 'a slot not written on one way holds nothing' "$(ask not_written 77 | holding "$(at not_written_join)")" ""
same 'the probe stays before the cmov' "$(ask clamped 127 | jq -r '.variables[0].probe.offset')" 0
same 'the members of an inverted set' "$(ask inverted_set 32 | jq -c '.variables[0].constants')" '[9,10,13,32]'
for way in thunk body; do
    same "nothing is claimed of a register after a setjmp known by its $way" "$(ask twice_by_$way 77 | holding "$(at twice_by_${way}_after)")" ""
done
same 'a call through a retpoline comes back' "$(ask by_retpoline 77 | jq -c '.variables[0].matched')" '[77]'
same 'what functions that call each other keep' "$(ask around_recursion 77 | holding "$(at around_recursion_after)")" 'rcx rsi '
same 'it rests on their bodies' "$(ask around_recursion 77 | jq -r '.variables[0].probe.proof')" callees
same 'functions that call each other and do not return' "$(ask to_the_end 78 | jq -c '[.variables[].matched]')" '[]'
same 'a constant handed on by four functions' "$(ask handed_on 30000 | jq -c '.variables[0].matched')" '[30000]'
done_testing
