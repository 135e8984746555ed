#!/usr/bin/env bash
# timeout: 600
# Programs of which one field of one structure is damaged: an error, or less, or claims that hold when the program runs. Every 9th
# damage; all of them with ORACLE=full (three minutes).
. "$(dirname "$0")/../lib.sh"

g++ -O2 -s -o "$work/pie" tests/fixtures/damage.cc
g++ -O2 -no-pie -Wl,--hash-style=sysv,-z,now -o "$work/fixed" tests/fixtures/damage.cc
gcc -nostdlib -static -o "$work/obfuscated" tests/fixtures/obfuscated.s
gcc -nostdlib -static -s -o "$work/gotable" tests/fixtures/gotable.s
gcc -O2 -D_GNU_SOURCE -I. -o "$work/dynamic" tests/oracle/dynamic/*.c
stride=9
if [ "${ORACLE-}" = full ]; then stride=1; fi
FIELDS_STRIDE=$stride tests/hostile/fields.py "$LVSCAN" "$work/dynamic" "$work/pie" "$work/fixed" "$work/obfuscated" "$work/gotable" >"$work/log"
check "no damage makes a claim wrong, or a run fail" test $? = 0
say "$(tail -1 "$work/log")"
check "many fields were damaged" test "$(grep -oE '[0-9]+ fields' "$work/log" | cut -d' ' -f1)" -gt 1500
for kind in e_ident Ehdr Phdr Shdr .symtab .dynsym .rela.dyn .rela.plt .dynamic .gnu.hash .hash .note eh_frame_hdr eh_frame_hdr.table CIE FDE gcc_except_table gopclntab; do
    check "fields of $kind were among them" grep -q "^damages of $kind: " "$work/log"
done
done_testing
