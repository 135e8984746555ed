#!/usr/bin/env bash
# timeout: 300
# Hand-written assembly without unwind tables among functions that have them: found by what calls it, jumps to it or points to it; constants
# that it keeps between its functions are none.
. "$(dirname "$0")/../lib.sh"

cat >"$work/a.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
long called(long, long), tailed(long), pointed(long), taken(long), unaligned(long), entered(long);
void __attribute__((used)) much(void) { __asm__(".fill 4000,1,0x90"); } /* tables are to know most of the code */
extern const unsigned constants[8];
long (*table[])(long) = {pointed};
static long __attribute__((noinline)) twice(long (*f)(long), long x) { return f(x) + f(x + 1); }
long __attribute__((noinline)) leaves(long x) { return tailed(x + 1); }
int main(int c, char **v)
{
    long x = atol(v[c - 1]);
    printf("%ld\n", called(x, 3) + leaves(x) + twice(c > 5 ? table[0] : taken, x) + twice(unaligned, x) + entered(x) + constants[c]);
    return 0;
}
C
cat >"$work/b.s" <<'S'
        .text
        .macro function name
        .globl \name
        .type \name,@function
\name:
        .endm
        .p2align 4
        .globl constants                # looks like code in part
constants: .long 0x428a2f98, 0x71374491, 0xc3c3c3c3, 0x90909090, 0x55555555, 0xc35d5b58, 0x6ed9eba1, 0x6ed9eba1
        function called
        mov %rdi,%rdx
        call inner
        cmp $30000,%rdx
        jne 1f
        inc %rax
1:      ret
        .p2align 4
        function inner                  # nothing but code in the gap leads here
        lea (%rdi,%rsi,2),%rax
        ret
        .p2align 4
        function tailed
        cmp $30001,%rdi
        je shared
        mov %rdi,%rax
        ret
        .p2align 4
        function entered                # also in its middle
        xor %eax,%eax
        mov %rdi,%rcx
        cmp $30002,%rcx
        jne shared
        inc %rax
shared: cmp $30003,%rcx
        sete %al
        ret
        .p2align 4
        function pointed
        cmp $30004,%rdi
        sete %al
        movzbl %al,%eax
        ret
        .p2align 4
        function taken
        lea 1(%rdi),%rax
        ret
        function unaligned
        lea 2(%rdi),%rax
        ret
        .section .note.GNU-stack,"",@progbits
S
symbols() { nm "$1" | sed -n 's/^0*\([0-9a-f]*\) [tT] /0x\1 /p' | grep -v '\.cold' | while read -r a n; do readelf -sW "$1" |
    awk -v n="$n" '$4 == "FUNC" && $8 == n { f = 1 } END { exit !f }' && echo "$a"; done | sort -u; }
for how in 'gcc -O2 -pie -fPIE' 'gcc -O2 -no-pie' 'clang -O2 -fPIE -pie' 'gcc -Os' 'gcc -O2 -static' 'clang -O2 -fuse-ld=lld'; do
    # shellcheck disable=SC2086
    $how -o "$work/a" "$work/a.c" "$work/b.s" 2>/dev/null || { skip "$how" 'this linker is not here' && continue; }
    strip -o "$work/s" "$work/a" || exit 1
    if [[ $how == *static* ]]; then # its C library has symbols that are none of functions'
        floor=$(tests/oracle/starts.py "$LVSCAN" stripped "$work/a" | sed -n 's/^all: .* F1 //p')
        same "$how: F1 at least 0.998" "$(awk -v a="${floor:-0}" 'BEGIN { print (a >= 0.998 ? "yes" : a) }')" yes
        continue
    fi
    same "$how" "$("$LVSCAN" functions --json "$work/s" | jq -r .start | sort -u | xargs)" "$(symbols "$work/a" | xargs)"
    at() { nm "$work/a" | sed -n "s/^0*\([0-9a-f]*\) T $1\$/0x\1/p"; }
    for f in called:call:sure inner:call:sure tailed:jump:unsure pointed:pointer:unsure taken:pointer:unsure unaligned:pointer:unsure entered:call:unsure; do
        IFS=: read -r name by sure <<<"$f"
        same "$how: how $name was found" "$("$LVSCAN" functions --json "$work/s" | jq -r --arg a "$(at "$name")" 'select(.start == $a) | .found_by')" "$by"
        [ "$sure" = sure ] || json "$how: $name is not sure" "$("$LVSCAN" --json --whole -n0 -f "$(at "$name")" "$work/s")" \
            '[.variables[].ranges[].proof] | all(. == "partial")'
    done
    json "$how: a variable of assembly" "$("$LVSCAN" --json -c 30000 "$work/s")" '.variables | length == 1 and .[0].sites[0].location.reg == "rdx" and
        .[0].function.found_by == "call" and ([.[0].ranges[].proof] | unique | contains(["partial"]) | not)'
    json "$how: which is entered in its middle" "$("$LVSCAN" --json -c 30002 "$work/s")" '.variables | length == 1 and ([.[0].ranges[].proof] | unique == ["partial"])'
done
done_testing
