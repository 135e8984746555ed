#!/usr/bin/env bash
# timeout: 300
# Names of C++ and Rust are demangled as c++filt does: those of a few programs, or (ORACLE=full) of all of the machine's, its
# archives and the Rust toolchains. What differs is explained in tests/oracle/demangle_known.txt, class by class, or fails;
# and there LLVM's demangler, where it is installed, must agree with us. Go's names: oracle_go.sh.
. "$(dirname "$0")/../lib.sh"

make -s BUILD="$BUILD" objects || exit 1
gcc -std=c11 -Wall -Wextra -Werror -D_GNU_SOURCE -O1 -I. -o "$work/demangle" tests/oracle/demangle.c "$BUILD"/elf/*.o || exit 1
paths=()
if [ "${ORACLE-}" != full ]; then
    for path in /usr/bin/bpftrace /usr/bin/gdb /usr/bin/rg /usr/bin/node /usr/lib/x86_64-linux-gnu/lib{LLVM-14.so.1,stdc++.so.6,zydis.so.4} \
        "$(find -L "${RUSTUP_HOME:-$HOME/.rustup}" /usr/lib/rustlib -name 'libstd-*.rlib' 2>/dev/null | head -1)"; do
        [ -n "$path" ] && [ -e "$path" ] && paths+=("$(realpath "$path")")
    done
fi
check "names" timeout 3000 tests/oracle/demangle.sh "$work/demangle" "${paths[@]}"
timeout 3000 tests/oracle/demangle.sh "$work/demangle" "${paths[@]}" >/dev/null 2>&1
done_testing
