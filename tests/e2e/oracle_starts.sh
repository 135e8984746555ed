#!/usr/bin/env bash
# timeout: 300
# Function starts of programs without any table: symbols and unwind tables are taken away, and what is found is held against the symbols of
# the whole one. The floors are what was measured (2026-11-22): what was reached is not to be lost.
. "$(dirname "$0")/../lib.sh"

# Sources of ours as a library whose functions are not exported; -Os packs them, without regard to multiples of 16.
library() { # library NAME COMPILER...
    local name=$1
    shift
    "$@" -w -std=c11 -D_GNU_SOURCE -I. -I"$BUILD/gen" -fPIC -shared -fvisibility=hidden -o "$work/$name" elf/[a-h]*.c x86/decode*.c x86/text*.c
}
floor() { # floor PROGRAM F1
    local got
    got=$(tests/oracle/starts.py "$LVSCAN" bare "$1" | tee -a "$work/log" | sed -n 's/^all: .* F1 //p')
    same "$(basename "$1"): F1 at least $2" "$(awk -v a="${got:-0}" -v b="$2" 'BEGIN { print (a >= b ? "yes" : a) }')" yes
}
library gcc-Os gcc -Os && library clang-Os clang -Os && library clang-O2 clang -O2 || exit 1
floor "$BUILD/lvscan" 0.975
floor "$work/gcc-Os" 0.99
floor "$work/clang-Os" 0.99
floor "$work/clang-O2" 0.99
say "$(cat "$work/log")"
done_testing
