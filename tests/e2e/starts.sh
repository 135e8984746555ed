#!/usr/bin/env bash
# Function starts of stripped programs: those of the C library's start files, which no unwind table covers, are found; .cold parts, which
# have entries of their own in it, are no functions.
. "$(dirname "$0")/../lib.sh"

cat >"$work/a.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
struct item { struct item *next; int id; };
__attribute__((constructor)) static void starts(void) { setvbuf(stdout, NULL, _IOLBF, 0); }
static int __attribute__((noinline)) action(struct item *i, long id)
{
    if (__builtin_expect(id == 30000, 0)) { fprintf(stderr, "rare %ld\n", id); i->id += puts("cold"); }
    while (i && i->id != id) i = i->next;
    if (!i) __builtin_trap();
    return i->id;
}
static int __attribute__((noinline)) last(struct item *i) { return i ? 7 : *(volatile int *)0; }
int main(int c, char **v)
{
    struct item one = {NULL, c};
    return 1 + action(&one, atol(v[c - 1])) + last(&one);
}
C
# the functions' symbols, but for .cold parts and what lies in the PLT
symbols() { nm "$1" | sed -n 's/^0*\([0-9a-f]*\) [tT] /0x\1 /p' | grep -v '\.cold' | while read -r a n; do readelf -sW "$1" |
    awk -v n="$n" '$4 == "FUNC" && $8 == n { f = 1 } END { exit !f }' && echo "$a"; done | sort -u; }
for cc in gcc clang; do
    for how in '-O2 -pie -fPIE' '-O3 -no-pie' '-Os -pie -fPIE' '-O2 -fcf-protection=none'; do
        # shellcheck disable=SC2086
        $cc $how -o "$work/a" "$work/a.c" 2>/dev/null && strip -o "$work/s" "$work/a" || exit 1
        same "$cc $how" "$("$LVSCAN" functions --json "$work/s" | jq -r .start | sort -u | xargs)" "$(symbols "$work/a" | xargs)"
    done
done
# The forms of the PLT, and where linkers put code: entries of the PLT are no functions.
for how in 'gcc -Wl,-z,lazy' 'gcc -Wl,-z,now' 'gcc -fcf-protection=full -Wl,-z,ibtplt' 'gcc -fno-plt' 'gcc -Wl,-z,noseparate-code' 'gcc -ffunction-sections' \
    'gcc -no-pie -Wl,-z,lazy' 'gcc -fuse-ld=gold' 'clang -fuse-ld=lld' 'clang -fuse-ld=lld -no-pie'; do
    # shellcheck disable=SC2086
    $how -O2 -o "$work/a" "$work/a.c" 2>/dev/null || { skip "$how" 'this linker is not here' && continue; }
    strip -o "$work/s" "$work/a" || exit 1
    same "$how" "$("$LVSCAN" functions --json "$work/s" | jq -r .start | sort -u | xargs)" "$(symbols "$work/a" | xargs)"
done
gcc -O2 -o "$work/a" "$work/a.c" && strip "$work/a" || exit 1
same 'how they were found' "$("$LVSCAN" functions --json "$work/a" | jq -r .found_by | sort -u | xargs)" 'call eh_frame init jump'
# A symbol that is one byte off: what is claimed of its function says that where it begins is not sure; of the same function with a true one all is proved.
for off in 0 1; do
    printf '%s\n' .text '.globl _start' '.type _start, @function' '_start:' 'call .Lreal' ret '.size _start, . - _start' '.p2align 4' \
        .Lreal: 'mov $0x90909090, %eax' 'cmp $30000, %edi' 'je 1f' 'cmp $30001, %edi' 'je 1f' 'inc %eax' 1: ret \
        '.type f, @function' ".set f, .Lreal + $off" '.size f, . - f' >"$work/odd.s"
    gcc -nostdlib -static -o "$work/odd" "$work/odd.s" || exit 1
    same "a symbol $off bytes off" "$("$LVSCAN" --json -c 30000,30001 "$work/odd" | jq -c '[.variables[].ranges[].proof] | unique')" \
        "$(test $off = 0 && echo '["exact"]' || echo '["partial"]')"
done
done_testing
