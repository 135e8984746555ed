#!/bin/sh
# Builds and runs the decoder's oracles: libzydis, objdump, llvm-mc, the processor.
#   tests/oracle/x86.sh [--full | --bench | --build | --sanitized]     from the project's root; BUILD names the build folder
# Without an option: a sample, under three minutes on two cores. --full: x86_full.sh, for hours. --sanitized: the random and the
# cut sequences of x86_full.sh with ASan and UBSan in the decoder and the oracle, in $BUILD/sanitized; for hours too.
set -u
cd "$(dirname "$0")/../.." || exit 2
BUILD=${BUILD:-build}
CC=${CC:-gcc}
OUT=$BUILD/oracle
LOG=$OUT/log
mode=${1:-sample}
mkdir -p "$LOG" || exit 2

tests/needs || exit 2

if [ "$mode" = --sanitized ]; then
    BUILD=$BUILD/sanitized
    export BUILD SAN='-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'
    tests/oracle/x86.sh --build && exec env VERBOSE=1 tests/oracle/x86_full.sh random cut
    exit 2
fi

objects=$(printf '%s\n' x86/*.c | sed "s|^\(.*\)\.c$|$BUILD/\1.o|")
# shellcheck disable=SC2086
make -s BUILD="$BUILD" CC="$CC" $objects || exit 2

WARN="-std=c11 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Werror"
build() { # build NAME LIBRARIES SOURCES...
    name=$1 libs=$2
    shift 2
    # shellcheck disable=SC2086,SC2046
    $CC $WARN -O2 -g ${SAN:-} -D_GNU_SOURCE -I. -I"$BUILD/gen" -o "$OUT/$name" \
        $(printf 'tests/oracle/%s.c ' "$@") $objects $libs || exit 2
}
build x86_zydis -lZydis x86_zydis x86_view x86_diff
build x86_text -lZydis x86_text x86_llvm x86_norm x86_view x86_diff
build x86_cpu "" x86_cpu x86_trial x86_step x86_diff
[ "$mode" != --build ] || exit 0

if [ "$mode" = --bench ]; then
    build bench_decode "-lZydis -lcapstone" bench_decode
    cxx=/usr/lib/x86_64-linux-gnu/libLLVM-14.so.1
    [ -e $cxx ] || cxx=$(ls /usr/lib/x86_64-linux-gnu/libstdc++.so.6)
    exec "$OUT/bench_decode" /usr/bin/bpftrace /lib/x86_64-linux-gnu/libc.so.6 "$cxx"
fi

[ "$mode" != --full ] || exec env VERBOSE=1 tests/oracle/x86_full.sh

files() { # the ELF files to sweep, one a line
    ls /usr/bin/bpftrace /lib/x86_64-linux-gnu/libc.so.6 /lib/x86_64-linux-gnu/libm.so.6 \
        /usr/lib/x86_64-linux-gnu/libcrypto.so.3 /usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30 2>/dev/null
    find /usr/bin -xdev -type f -size +20k -size -400k | sort | awk 'NR % 12 == 0'
}
seed=${SEED:-1}
files >"$LOG/files"

# Two chains, one a core. Each writes its own log; a status file tells how each program ended.
run() { # run NAME COMMAND...
    log=$1
    shift
    "$@" >"$LOG/$log" 2>&1
    echo $? >"$LOG/$log.status"
}
rm -f "$LOG"/*.status
(
    run zydis "$OUT/x86_zydis" --random 5e6 --truncate 1e6 --seed "$seed" - <"$LOG/files"
    run cpu "$OUT/x86_cpu" --states 40 --random 1e7 --seed "$seed"
) &
(
    run att "$OUT/x86_text" --syntax att --random 3e5 --llvm 3e5 --seed "$seed" - <"$LOG/files"
    run intel "$OUT/x86_text" --syntax intel --random 3e5 --seed "$seed" - <"$LOG/files"
) &
wait

result=0
for log in zydis cpu att intel; do
    [ "$(cat "$LOG/$log.status" 2>/dev/null)" = 0 ] || result=1
    grep -A3 -E '^DIFF' "$LOG/$log" | grep -v -E '^(--|known|[a-z]+: )' | head -n "${SHOW:-40}"
done
for log in zydis cpu att intel; do
    grep -E '^(zydis|cpu|objdump|llvm|x86_)' "$LOG/$log"
done
[ $result = 0 ] && echo "oracle: no unexplained difference" || echo "oracle: there are unexplained differences, see $LOG"
exit $result
