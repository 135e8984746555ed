#!/usr/bin/env bash
# timeout: 300
# Names of C++ and Rust are demangled as c++filt does: those of a few programs, or (ORACLE=full) of all of the machine's, its
# archives and the Rust toolchains. What differs is explained in tests/oracle/demangle_known.txt, class by class, or fails.
# Go's names: oracle_go.sh.
. "$(dirname "$0")/../lib.sh"

make -s BUILD="$BUILD" objects || exit 1
gcc -std=c11 -Wall -Wextra -Werror -D_GNU_SOURCE -O1 -I. -o "$work/demangle" tests/oracle/demangle.c "$BUILD"/elf/*.o || exit 1
paths=()
if [ "${ORACLE-}" != full ]; then
    mapfile -t rust < <(find "${RUSTUP_HOME:-$HOME/.rustup}" /usr/lib/rustlib \( -name 'libstd-*.so' -o -name 'librustc_driver-*.so' \) 2>/dev/null)
    for path in /usr/bin/bpftrace /usr/bin/gdb /usr/bin/node /usr/lib/x86_64-linux-gnu/lib{LLVM-14.so.1,stdc++.so.6} "${rust[@]}"; do
        [ -e "$path" ] && paths+=("$(realpath "$path")")
    done
fi
timeout 7200 tests/oracle/demangle.sh "$work/demangle" "${paths[@]}" >"$work/said" 2>&1
status=$?
result $status "$(head -1 "$work/said")"
sed 's/^/# /' "$work/said"
done_testing
