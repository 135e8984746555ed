#!/usr/bin/env bash
# Bounds that are tested by looking at some bits only, and a variable that is gone when it is compared: tests/fixtures/bits.s.
. "$(dirname "$0")/../lib.sh"

gcc -shared -nostdlib -o "$work/bits" tests/fixtures/bits.s || exit 1
ask() { "$LVSCAN" --json -n 1 -f "$1" -c "$2" "$work/bits" 2>/dev/null | jq -c ".variables[0] | $3"; }
site='[.sites[0] | .relation, .via], .probe.location.reg'
of_255='[.sites[] | select(.constant == 255) | .relation, .via], .probe.location.reg'
same 'nothing is left after a shift' "$(ask shifted_out 65535 "$site" | tr '\n' ' ')" '[">","derived"] "rdi" '
same 'or below its bound, which is not that of the compare' "$(ask shifted_out 65536 "$site" | tr '\n' ' ')" '[">=","derived"] "rdi" '
same 'a shifted copy is zero' "$(ask shifted_copy 255 "$of_255" | tr '\n' ' ')" '["<=","derived"] "rdi" '
same 'a mask of the high bits' "$(ask masked_off 4095 "$site" | tr '\n' ' ')" '[">","derived"] "rsi" '
same 'the top bit of a byte' "$(ask top_bit 127 '.matched')" '[127]'
same 'who did not ask for it is not told a bound' "$(ask top_bit 0 '.constants')" '[0]'
same 'the probe reads the variable before the addition that destroys it' \
    "$(ask destroyed -15,15 '[.probe.text, .probe.location.reg, .probe.location.addend]')" '["add $0xf,%edi","rdi",null]'
same 'a mask of a sum says nothing of what was added to' \
    "$("$LVSCAN" --json -n 0 -f masked_sum -c 7 "$work/bits" | jq -c '[.variables[] | .defs[0].kind, .matched[0]]')" '["compute",7]'
check 'what was taken away is shown as that' grep -qF '%edi-15 >= -15' <("$LVSCAN" -f destroyed -c -15,15 -n 1 "$work/bits")
of='[.sites[] | .constant, .relation]'
same 'outside of a range, by its ends' "$(ask outside 1,16 "$of")" '[1,"<",16,">"]'
same 'or by their neighbours' "$(ask outside 0,17 "$of")" '[0,"<=",17,">="]'
done_testing
