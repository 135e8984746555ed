#!/usr/bin/env bash
# Decoding and effects are small, allocate nothing, and have nothing to set up when a program starts.
. "$(dirname "$0")/../lib.sh"

objects=$(printf "$BUILD/x86/%s.o " decode decode_long effects tables)
bytes=$(tests/bench/decoder_size.sh | sed -n 's/^decoder: \([0-9]*\) bytes.*/\1/p')
check "code and tables take at most 85 KiB, not $bytes bytes" test "${bytes:-999999}" -le $((85 * 1024))
# shellcheck disable=SC2086 # the words of $objects
same "nothing of it is written to" "$(size -A $objects | awk '/^\.(data|bss|tdata|tbss)/ && $2 > 0 { print $1 }')" ""
same "nothing runs at start" "$(size -A $objects | awk '/^\.(init|ctors|preinit)/ { print $1 }')" ""
same "no table holds an address" \
    "$(readelf -rW $objects | awk '/^Relocation section/ { data = /rela\.(data|rodata)/ } data && /R_X86_64_64|R_X86_64_32/')" ""
# compilers make memcpy and memset of loops
same "nothing of libc is called" "$(nm -u $objects | awk '$1 == "U" { print $2 }' | sort -u |
    grep -v -E '^(x86_.*|insn_.*|mem(cpy|set)|_GLOBAL_OFFSET_TABLE_)$')" ""
done_testing
