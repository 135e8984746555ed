#!/usr/bin/env bash
# timeout: 300
# Function starts of programs without any table: symbols and unwind tables are taken away, and what is found is held against the symbols of
# the whole one. The floors are what was measured (2026-11-22): what was reached is not to be lost.
. "$(dirname "$0")/../lib.sh"

# The program that searches whole files for the fuzzers; -Os packs functions, without regard to multiples of 16.
program() { # program NAME COMPILER...
    local name=$1
    shift
    "$@" -w -std=c11 -D_GNU_SOURCE -I. -I"$BUILD/gen" -ffunction-sections -Wl,--gc-sections -o "$work/$name" \
        fuzz/fuzz_scan.c fuzz/replay.c elf/*.c x86/*.c analysis/*.c -pthread
}
floor() { # floor PROGRAM F1
    local got
    got=$(tests/oracle/starts.py "$LVSCAN" bare "$1" | tee -a "$work/log" | sed -n 's/^all: .* F1 //p')
    same "$(basename "$1"): F1 at least $2" "$(awk -v a="${got:-0}" -v b="$2" 'BEGIN { print (a >= b ? "yes" : a) }')" yes
}
program gcc-Os gcc -Os && program clang-Os clang -Os && program clang-O2 clang -O2 || exit 1
floor "$BUILD/lvscan" 0.975
floor "$work/gcc-Os" 0.99
floor "$work/clang-Os" 0.99
floor "$work/clang-O2" 0.99
say "$(cat "$work/log")"
done_testing
