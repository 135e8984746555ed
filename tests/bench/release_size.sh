#!/bin/sh
# What the release binary is made of, in bytes: the folders' objects, and what is left, which is libc and ELF.
#   tests/bench/release_size.sh      BUILD names the build folder
cd "$(dirname "$0")/../.." || exit 2
BUILD=${BUILD:-build}
make -s BUILD="$BUILD" release >/dev/null || exit 2
part() { # part NAME OBJECT...: its line, and its sum added up
    name=$1
    shift
    sum=$(size "$@" | awk 'NR > 1 { sum += $1 + $2 } END { print sum }')
    rest=$((rest - sum))
    printf '%-24s %7d\n' "$name" "$sum"
}
objects=$BUILD/release
rest=$(stat -c %s "$objects/lvscan")
printf '%-24s %7d\n' lvscan "$rest"
part "cli/enum*" "$objects"/cli/enum*.o
# shellcheck disable=SC2046
part "cli/, the others" $(printf '%s\n' "$objects"/cli/*.o | grep -v /enum)
part "analysis/" "$objects"/analysis/*.o
part "elf/" "$objects"/elf/*.o
part "x86/tables.o" "$objects"/x86/tables.o
# shellcheck disable=SC2046
part "x86/, the others" $(printf '%s\n' "$objects"/x86/*.o | grep -v /tables)
printf '%-24s %7d\n' "libc, ELF" "$rest"
