#!/usr/bin/env bash
# A program without symbols and unwind tables: functions are found where its own code calls or points to them.
. "$(dirname "$0")/../lib.sh"
cat >"$work/a.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
static int __attribute__((noinline)) action(long id)
{
    if (id == 30000) return puts("exit");
    if (id == 30001) return puts("print");
    return id == 30007 ? puts("print_non_map") : 0;
}
int main(int c, char **v) { return 1 + action(atol(v[c - 1])); }
C
for how in -pie -no-pie; do
    gcc -O2 -fno-asynchronous-unwind-tables -fno-unwind-tables $how -o "$work/a" "$work/a.c" && strip -R .eh_frame -R .eh_frame_hdr "$work/a" || exit 1
    json "$how: the variable, in a function that is called" "$("$LVSCAN" --json -c 30000,30001,30007 "$work/a")" \
        '.variables[0] | .function.found_by == "call" and .function.name == null and .matched == [30000, 30001, 30007] and .sites[0].location.reg == "rdi"'
    same "$how: main, whose address is taken" "$("$LVSCAN" functions --json "$work/a" | jq -r .found_by | grep -c pointer)" 1
done
done_testing
