#!/usr/bin/env bash
# timeout: 600
# live: trace loses nothing, reads only whom it was asked for, hurts nobody, and leaves nothing behind, whatever happens to it.
. "$(dirname "$0")/../lib.sh"
exec 7>/tmp/lvscan-live.lock && flock 7 # uprobe_events is one for all tests
events=/sys/kernel/tracing/uprobe_events

cat >"$work/target.c" <<'C'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static volatile long met, last;
__attribute__((noinline)) void work(long v) { if (v == 30007) met++; last = v; }
static long n;
static void *thread(void *a) { for (long i = 0; i < n; i++) work((long)a + i); return a; }
static void *forking(void *a) { if (fork() == 0) for (;;) { work(n); usleep(500); } wait(0); return a; }
int main(int c, char **v)
{
    char how = v[1][0];
    pthread_t t[8];
    n = c > 2 ? atol(v[2]) : 0;
    if (how == 'c') thread(0);
    if (how == 't') {
        for (long i = 0; i < 8; i++) pthread_create(&t[i], 0, thread, (void *)(i * n));
        for (long i = 0; i < 8; i++) pthread_join(t[i], 0);
    }
    if (how == 'f')
        for (long i = 0; i < 20; i++) {
            if (fork() == 0) { thread((void *)(i * n)); _exit(0); }
            wait(0);
        }
    if (how == 'g')
        for (long i = 0; i < 20; i++) {
            thread((void *)(i * n));
            if (fork()) { wait(0); _exit(0); }
        }
    if (how == 'p') { pthread_create(t, 0, forking, 0); pthread_join(*t, 0); }
    if (how == 'l') for (;;) { work(n); usleep(500); }
    printf("met %ld last %ld\n", met, last);
    return how == 'e' ? 7 : 0;
}
C
gcc -O1 -pthread -o "$work/target" "$work/target.c" && strip "$work/target" &&
    gcc -O1 -o "$work/without" tests/cli/without.c || exit 1
t=$work/target
"$LVSCAN" --emit perf -c 30007 "$t" >"$work/spec"
check "a spec is made" jq -e '.location.kind == "reg" and .cost == "emulated"' "$work/spec"

trace() { "$LVSCAN" trace -q --spec "$work/spec" "$@"; }
traced() { exec "$LVSCAN" trace -q --spec "$work/spec" "$@"; } # for the background: $! is the program, not a shell around it
lines_awaited() { for _ in $(seq 500); do [ "$(wc -l <"$2")" -lt "$1" ] || return; sleep 0.02; done; } # COUNT FILE, ten seconds at most
nobpf() { "$work/without" 321=1 -- "$LVSCAN" trace -q --json "$@"; } # as on a kernel that refuses bpf(2)
values() { jq -r 'select(.summary | not) | .value' "$1" | sort -n; }
summary() { jq -c 'select(.summary) | [.hits, .lost]' "$1"; }

if live "a hundred thousand hits"; then
    [ -e $events ] || mount -t tracefs nodev /sys/kernel/tracing
    before=$(cat $events)

    trace --json -- "$t" c 100000 >"$work/out" 2>"$work/err"
    same "live: 10^5 hits, status" "$?" 0
    same "live: 10^5 hits, none lost" "$(summary "$work/out")" "[100000,0]"
    check "live: every value is right" cmp <(seq 0 99999) <(values "$work/out")
    same "live: the target's output is its own" "$(cat "$work/err")" "met 1 last 99999"

    nobpf --spec "$work/spec" -- "$t" c 100000 >"$work/out" 2>"$work/err"
    same "live: 10^5 hits by samples, none lost" "$? $(summary "$work/out") $(jq -r 'select(.summary) | .by' "$work/out")" "0 [100000,0] samples"
    check "live: every value is right, by samples" cmp <(seq 0 99999) <(values "$work/out")
    # the filter that runs in the kernel says the same as ours; counted by value there, it is the same again
    n=0
    for filter in 'value == 7' 'value != 7' 'value < 10' 'value <= 10' 'value > 90' 'value >= 90' 'value >= -1' 'value < -1' \
        'value == 1 || value == 2' 'value > 5 && value < 9 || value > 95 && value != 97' 'pid != 1 && value < 3' 'tid == 1 || value == 99' \
        'pid == 1' 'value > 0x8000000000000000' 'value < 0x8000000000000001'; do
        for bits in 64:unsigned 64:signed 7:unknown; do
            jq -c --arg bits "$bits" '($bits | split(":")) as $b | .location.bits = ($b[0] | tonumber) | .sign = $b[1]' "$work/spec" >"$work/filter.spec"
            "$LVSCAN" trace -q --json --filter "$filter" --spec "$work/filter.spec" -- "$t" c 256 2>/dev/null | jq -r 'select(.pid) | .value' >"$work/by.bpf"
            "$LVSCAN" trace -q --json --count --filter "$filter" --spec "$work/filter.spec" -- "$t" c 256 2>/dev/null |
                jq -r 'select(.count) | . as $c | range(.count) | $c.value' >"$work/by.count"
            nobpf --filter "$filter" --spec "$work/filter.spec" -- "$t" c 256 2>/dev/null | jq -r 'select(.pid) | .value' >"$work/by.samples"
            cmp -s "$work/by.bpf" "$work/by.samples" && cmp -s <(sort "$work/by.bpf") <(sort "$work/by.count") && n=$((n + 1)) ||
                say "filter '$filter' on $bits bits: $(wc -l <"$work/by.bpf") by BPF, $(wc -l <"$work/by.count") counted, $(wc -l <"$work/by.samples") by samples"
        done
    done
    same "live: filters, signs and widths in the kernel are those outside" "$n" 45

    trace --json -- "$t" t 10000 >"$work/out" 2>/dev/null
    check "live: eight threads, every value once" cmp <(seq 0 79999) <(values "$work/out")
    same "live: eight threads, as many thread ids" "$(jq -r 'select(.tid) | .tid' "$work/out" | sort -u | wc -l)" 8

    trace --json -- "$t" f 500 >"$work/out" 2>/dev/null
    same "live: forked children are left out" "$? $(summary "$work/out")" "1 [0,0]"
    trace --json --children -- "$t" f 500 >"$work/out" 2>/dev/null
    check "live: --children, every value once" cmp <(seq 0 9999) <(values "$work/out")
    same "live: children are named" "$(jq -r 'select(.comm) | .comm' "$work/out" | sort -u)" target
    trace --json --children -- "$t" g 500 >"$work/out" 2>/dev/null
    check "live: --children, of twenty generations every value once" cmp <(seq 0 9999) <(values "$work/out")
    same "live: children of children are named" "$(jq -r 'select(.comm) | .comm' "$work/out" | sort -u)" target

    "$t" p 7 &
    parent=$!
    for _ in $(seq 100); do child=$(cat /proc/$parent/task/*/children) && [ -n "$child" ] && break; sleep 0.02; done
    trace --json --children --max-hits 5 --duration 10 -p $parent >"$work/out" 2>/dev/null
    same "live: --children, those of all threads" "$(jq -r 'select(.pid) | .pid' "$work/out" | sort -u)" "${child% }"
    kill $parent $child

    cat >"$work/deep.c" <<'C'
static volatile int met;
__attribute__((noinline)) void work(int v) { if (v == 30007) met++; }
__attribute__((noinline)) int middle(int v) { work(v); return v + met; }
int main(void) { for (int i = 0; i < 5; i++) middle(i); return 0; }
C
    gcc -O0 -no-pie -o "$work/deep" "$work/deep.c"
    "$LVSCAN" trace -q --json --stack -c 30007 "$work/deep" -- "$work/deep" >"$work/out"
    # in work itself, then in middle after its call, then in main
    nm "$work/deep" | grep -E ' (work|middle|main)$' | while read -r at _ name; do echo $((16#$at)) "$name"; done | sort -n >"$work/names"
    same "live: --stack: who called" "$(jq -r 'select(.pid) | .stack[:3][]' "$work/out" | while read -r at; do
        awk -v at=$((at)) '$1 <= at { name = $2 } END { print name }' "$work/names"; done | sort | uniq -c | awk '{ print $1, $2 }' | xargs)" \
        "5 main 5 middle 5 work"

    "$t" l 11 >/dev/null & one=$!
    "$t" l 22 >/dev/null & two=$!
    trap 'kill $one $two ${gone:-} 2>/dev/null; rm -rf "$work"' EXIT
    sleep 0.2
    trace --json -p $one --max-hits 50 >"$work/out"
    same "live: -p reads that process only" "$(jq -r 'select(.pid) | "\(.pid) \(.value)"' "$work/out" | sort -u)" "$one 11"
    same "live: --max-hits is kept" "$(summary "$work/out")" "[50,0]"
    same "live: -a reads all of them" "$(trace -a --count --json --duration 0.3 | jq -r 'select(.count) | .value' | sort | xargs)" "11 22"
    same "live: --filter" "$(trace -a --count --json --duration 0.3 --filter 'value > 11 && pid != 1' | jq -r 'select(.count) | .value')" 22
    trace -p $one --max-rate 100 >"$work/out" 2>"$work/err"
    same "live: --max-rate detaches and says so" "$(wc -l <"$work/out") $(grep -c 'hits in a second' "$work/err")" "101 1"
    traced -p $two --count --json >"$work/out" & tracer=$!
    sleep 0.5
    kill -INT $tracer
    wait $tracer
    same "live: interrupted, the summary comes" "$? $(jq -c 'select(.summary) | .hits > 100' "$work/out")" "0 true"
    traced -p $one --json >"$work/out" & first=$!
    traced -p $one --json >"$work/out2" & second=$!
    lines_awaited 101 "$work/out"
    lines_awaited 101 "$work/out2"
    kill -INT $first $second
    wait $first $second
    same "live: two traces of one target do not disturb each other" \
        "$(jq -c 'select(.summary) | .hits > 100 and .lost == 0' "$work/out" "$work/out2" | xargs)" "true true"
    traced -p $two >"$work/out" & tracer=$!
    lines_awaited 1 "$work/out"
    kill $two
    wait $tracer
    same "live: the target's end ends the trace" "$?" 0

    cp "$t" "$work/gone"
    "$work/gone" l 33 >/dev/null & gone=$!
    sleep 0.2
    rm "$work/gone"
    same "live: a deleted program, by pid:N" "$(trace --json --max-hits 3 pid:$gone | jq -r 'select(.pid) | .value' | xargs)" "33 33 33"
    cp "$t" "$work/gone"
    jq -c --arg p "$work/gone" '.binary.path = $p' "$work/spec" >"$work/gone.spec"
    "$LVSCAN" trace --spec "$work/gone.spec" -p $gone >"$work/out" 2>"$work/err"
    same "live: a file that was replaced is noticed" "$? $(grep -c 'does not run this file' "$work/err") $(wc -c <"$work/out")" "4 1 0"
    kill $gone

    # Memory is read by an event in tracefs, which outlives its maker unless somebody cleans up.
    jq -c '.location = {kind: "memory", base: "rsp", index: null, scale: 1, disp: 0, bits: 64}' "$work/spec" >"$work/memory.spec"
    "$LVSCAN" trace -q --json --spec "$work/memory.spec" -p $one --max-hits 5 >"$work/out"
    same "live: memory is read by BPF" "$(jq -r 'select(.summary) | .by' "$work/out")" bpf
    mv "$work/out" "$work/out2"
    nobpf --spec "$work/memory.spec" -p $one --max-hits 5 >"$work/out"
    same "live: memory is read by an event in tracefs" "$(jq -r 'select(.summary) | .by' "$work/out")" tracefs
    same "live: both read the same" "$(jq -r 'select(.pid) | .value' "$work/out" | sort -u)" "$(jq -r 'select(.pid) | .value' "$work/out2" | sort -u)"
    same "live: memory is read, and is the return address" "$? $(jq -r 'select(.pid) | .value' "$work/out" | sort -u | wc -l)" "0 1"
    same "live: nothing is left in uprobe_events" "$(cat $events)" "$before"
    "$work/without" 321=1 -- "$LVSCAN" trace -q --spec "$work/memory.spec" -p $one >/dev/null & tracer=$!
    sleep 0.5
    check "live: while it runs there is an event" grep -q "lvscan/v1_$tracer " $events
    kill -9 $tracer
    wait $tracer 2>/dev/null
    sleep 0.5
    same "live: killed by SIGKILL, nothing is left in uprobe_events" "$(cat $events)" "$before"
    check "live: and the target runs on" kill -0 $one
    jq -c '.location = {kind: "stack", base: "rsp", disp: 0, bits: 64}' "$work/spec" >"$work/stack.spec"
    same "live: the stack is read by samples, and is the same" \
        "$(nobpf --spec "$work/stack.spec" -p $one --max-hits 2 | jq -r 'select(.pid) | .value' | sort -u)" \
        "$(jq -r 'select(.pid) | .value' "$work/out" | sort -u)"
    same "live: the stack is read, and is the same" \
        "$("$LVSCAN" trace -q --json --spec "$work/stack.spec" -p $one --max-hits 2 | jq -r 'select(.pid) | .value' | sort -u)" \
        "$(jq -r 'select(.pid) | .value' "$work/out" | sort -u)"
    traced -p $one >/dev/null & tracer=$!
    sleep 0.3
    kill -9 $tracer
    wait $tracer 2>/dev/null
    sleep 0.2
    check "live: killed by SIGKILL with the uprobe PMU, the target runs on" kill -0 $one
    kill $one

    trace -- "$t" e >"$work/out" 2>"$work/err"
    same "live: nothing hit is status 1" "$?" 1
    trace -- "$work/missing" >"$work/out" 2>"$work/err"
    same "live: a COMMAND that is not there" "$? $(grep -c 'cannot be run' "$work/err")" "4 1"
    trace -p 4194305 >"$work/out" 2>"$work/err"
    same "live: a process that is not there" "$? $(wc -l <"$work/err")" "4 1"
    "$LVSCAN" trace -a --spec <(jq -c --arg p "$LVSCAN" '.binary.path = $p' "$work/spec") >"$work/out" 2>"$work/err"
    same "live: another file than the spec's is refused" "$? $(wc -c <"$work/out")" "4 0"
    "$LVSCAN" trace -q --spec "$work/spec" -- "$t" c 10 >"$work/out" 2>"$work/err" & # the plain case again, after all that
    wait $!
    same "live: and it still works" "$? $(wc -l <"$work/out")" "0 11"
fi
done_testing
