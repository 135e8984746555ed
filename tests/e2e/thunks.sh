#!/usr/bin/env bash
# timeout: 300
# C++: thunks that adjust `this` (by a constant, or by what the vtable says), landing pads that exceptions enter, and calls through the PLT. The
# functions are found, variables live on into handlers, and what is claimed is true as exceptions fly.
. "$(dirname "$0")/../lib.sh"

cat >"$work/a.cc" <<'CODE'
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
struct A { virtual ~A() {} virtual long first(long x) = 0; long a = 1; };
struct B { virtual ~B() {} virtual long second(long x) = 0; long b = 2; };
struct V { virtual ~V() {} virtual long third(long x) = 0; virtual V *self() { return this; } long v = 3; };
struct C : A, B, virtual V {
    long first(long x) override;
    long second(long x) override;
    long third(long x) override;
    C *self() override { return this; }
    long count = 0;
};
__attribute__((noinline)) long C::first(long x) { return x == 30000 ? ++count : x; }
__attribute__((noinline)) long C::second(long x) { if (x == 30001) count += 2; return x == 30002 ? count : b; }
__attribute__((noinline)) long C::third(long x) { if (x == 30003) count += 3; return x == 30004 ? count : v; }
static __attribute__((noinline)) long thrower(long x)
{
    if (x % 3 == 0) throw std::runtime_error("three");
    if (x % 5 == 0) throw x;
    return x / 2;
}
struct Guard { long *n; ~Guard() { ++*n; } };
extern "C" __attribute__((noinline)) long handled(long id)
{
    long n = 0;
    try {
        Guard g{&n};
        n += thrower(id);
        if (id == 30005) n += 100;
    } catch (std::runtime_error &e) {
        if (id == 30006) n += 7;
        n += std::atoi(e.what() + 5) + (id == 30009);
    } catch (long l) {
        if (id == 30010) n += 9;
        n += l;
    }
    return n + (id == 30007);
}
int main(int c, char **v)
{
    C one;
    A *a = c > 1 ? &one : nullptr;
    B *b = &one;
    V *w = &one;
    long sum = 0;
    for (long i = 29990; i < 30020; i++) sum += a->first(i) + b->second(i) + w->third(i) + w->self()->v + handled(i);
    std::printf("%ld %s\n", sum, v[0] ? "" : "x");
    return 0;
}
CODE
gcc -std=c11 -O2 -D_GNU_SOURCE -I. -o "$work/dynamic" tests/oracle/dynamic/*.c || exit 1
at() { nm "$work/a" | sed -n "s/^0*\([0-9a-f]*\) [tTwW] $1\$/0x\1/p"; }
for how in 'g++ -O1' 'g++ -O2' 'g++ -O2 -fno-plt -no-pie' 'clang++ -O2' 'clang++ -O1 -fPIC -pie'; do
    # shellcheck disable=SC2086
    $how -w -o "$work/a" "$work/a.cc" || { skip "$how" 'no C++ library for it' && continue; }
    strip -o "$work/s" "$work/a" || exit 1
    same "$how: function starts" "$(tests/oracle/starts.py "$LVSCAN" stripped "$work/a" | sed -n 's/^all: .* F1 //p')" 1.0000
    "$LVSCAN" functions --json "$work/s" >"$work/functions"
    for thunk in _ZThn16_N1C6secondEl '_ZTv0_n[0-9]*_N1C5thirdEl'; do
        addr=$(at "$thunk")
        [ -n "$addr" ] || continue
        json "$how: $thunk ends where its jump does" "$(jq -s . "$work/functions")" ".[] | select(.start == \"$addr\") | .closed and .size <= 24 and .jumps == []"
    done
    for ask in 30001,30002:_ZN1C6secondEl 30003,30004:_ZN1C5thirdEl 30005,30006,30007,30009,30010:handled; do
        json "$how: ${ask#*:}" "$("$LVSCAN" --json -c "${ask%:*}" "$work/s")" ".variables[0] | .function.start == \"$(at "${ask#*:}")\" and
            .matched == [${ask%:*}] and .probe.proof != \"partial\""
    done
    "$LVSCAN" --json -n 0 "$work/s" >"$work/json"
    got=$("$work/dynamic" --label x --json "$work/json" --functions "$work/s" "$work/functions" --seconds 20 -- "$work/s" x 2>&1 | grep '^TOTAL\|^VIOL')
    check "$how: as it runs: $got" grep -qE 'checks=[1-9][0-9]* violations=0 ' <<<"$got"
done
done_testing
