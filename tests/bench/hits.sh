#!/usr/bin/env bash
# tests/bench/hits.sh - what a hit costs: lvscan trace --count against a bare uprobe that only counts, on the same instruction of
# the same loop, in the same run; and bpftrace and perf record. Times are the target's own processor time, which the kernel's work at a hit
# is part of: other programs do not disturb it much. Also: of HITS (10^6) hits none is lost, every value is right.
. "$(dirname "$0")/../lib.sh"
hits=${HITS:-1000000} rounds=${ROUNDS:-3}
if ! live "bench of hits"; then done_testing; exit 0; fi
cat >"$work/target.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
static volatile long met;
__attribute__((noinline)) void work(long v) { if (v == 30007) met++; }
int main(int c, char **v)
{
    struct timespec a, b;
    long n = c > 1 ? atol(v[1]) : 0;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    for (long i = 0; i < n; i++) work(i);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    printf("%.1f\n", ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / (double)n);
    return 0;
}
C
cat >"$work/bare.c" <<'C'
/* bare PATH OFFSET: a uprobe that counts, on every processor, until standard input ends; prints the count. */
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int c, char **v)
{
    int type = -1, fds[256], n = (int)sysconf(_SC_NPROCESSORS_ONLN);
    unsigned long sum = 0, one;
    FILE *f = fopen("/sys/bus/event_source/devices/uprobe/type", "r");
    if (c < 3 || n > 256 || !f || fscanf(f, "%d", &type) != 1) return 1;
    for (int i = 0; i < n; i++) {
        struct perf_event_attr a = {.size = sizeof a, .type = (unsigned)type};
        a.config1 = (unsigned long)v[1];
        a.config2 = strtoul(v[2], 0, 0);
        fds[i] = (int)syscall(SYS_perf_event_open, &a, -1, i, -1, 0);
        if (fds[i] < 0) return perror("perf_event_open"), 1;
    }
    puts("ready");
    fflush(stdout);
    while (read(0, &one, 1) > 0) {}
    for (int i = 0; i < n; i++) if (read(fds[i], &one, 8) == 8) sum += one;
    printf("%lu\n", sum);
    return 0;
}
C
gcc -O1 -o "$work/target" "$work/target.c" && strip "$work/target" && gcc -O1 -o "$work/bare" "$work/bare.c" || exit 1
t=$work/target
"$LVSCAN" --emit perf -c 30007 "$t" >"$work/spec"
offset=$(jq -r .file_offset "$work/spec")
least() { grep -E '^[0-9]+\.[0-9]$' | sort -n | head -1; }

bare_once() {
    mkfifo "$work/in" "$work/ready"
    "$work/bare" "$t" "$offset" <"$work/in" >"$work/ready" & bare=$!
    exec 8>"$work/in" 9<"$work/ready"
    read -r _ <&9
    "$t" "$hits"
    exec 8>&-
    read -r counted <&9
    exec 9<&-
    wait $bare
    rm "$work/in" "$work/ready"
    echo "$counted" >"$work/counted"
}
alone=$("$t" "$hits")
for _ in $(seq "$rounds"); do # by turns: what else the machine does then meets both
    bare_once >>"$work/bare.ns"
    "$LVSCAN" trace -q --json --count --spec "$work/spec" -- "$t" "$hits" >"$work/out" 2>>"$work/trace.ns"
done
same "the bare uprobe counts every hit" "$(cat "$work/counted")" "$hits"
same "$hits hits, none lost" "$(jq -c 'select(.summary) | [.hits, .lost, .counted, .recorded]' "$work/out")" "[$hits,0,$hits,$hits]"
check "every value once" \
    cmp <(seq 0 $((hits - 1))) <(sed -n 's/^{"value":\([0-9]*\),.*"count":1}$/\1/p' "$work/out" | sort -n)

row() { printf '# %-34s %10s ns a hit\n' "$1" "$2"; }
bare=$(least <"$work/bare.ns") ours=$(least <"$work/trace.ns")
say "$(date -u +%F), $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) processors, Linux $(uname -r), load $(cut -d' ' -f1 /proc/loadavg)"
say "$hits hits, least of $rounds runs, at $(jq -r '.cost' "$work/spec") $(jq -r .pc "$work/spec")"
row "no probe" "$alone"
row "a bare uprobe that counts" "$bare"
row "lvscan trace --count" "$ours"
if command -v bpftrace >/dev/null; then
    say "$(bpftrace --version)"
    bpftrace --unsafe -e "uprobe:$t:$offset { @[reg(\"di\")] = count(); }" -c "$t $((hits / 10))" 2>/dev/null >"$work/bt.out"
    row "bpftrace, counts by value" "$(grep -m1 -E '^[0-9]+\.[0-9]$' "$work/bt.out")"
fi
if command -v perf >/dev/null && perf probe -q -x "$t" "lvbench=$offset v=%di" 2>/dev/null; then
    perf record -q -e 'probe_target:lvbench' -o "$work/perf.data" "$t" "$hits" >"$work/perf.out" 2>/dev/null
    row "perf record" "$(head -1 "$work/perf.out")"
    perf probe -q -d 'probe_target:lvbench' >/dev/null 2>&1
fi
ratio=$(awk -v a="$ours" -v b="$bare" 'BEGIN { printf "%.3f", a / b }')
say "lvscan to bare: $ratio"
check "a hit costs at most 1.15 of a bare one ($ratio)" awk -v r="$ratio" 'BEGIN { exit !(r > 0 && r <= 1.15) }'
done_testing
