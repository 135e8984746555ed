#!/usr/bin/env bash
# tests/bench/hits.sh - what a hit costs: lvscan trace (by its BPF program, counting by value and with a record a hit; and by perf
# samples, its fall-back) against a bare uprobe that only counts, on the same instruction of the same loop, by turns in the same run; and
# bpftrace and perf record. At an instruction that the kernel emulates and at one that it single-steps. The bare uprobe is one event on the
# one processor that the target runs on: the least that there can be. Times are the target's own processor time, which the
# kernel's work at a hit is part of: other programs do not disturb it much. Also: of HITS (10^6) none is lost, every value is right.
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
/* bare PATH OFFSET CPU: a uprobe that counts, on one processor (-1: on each), until standard input ends; prints the count. */
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
    if (c < 4 || n > 256 || !f || fscanf(f, "%d", &type) != 1) return 1;
    int only = atoi(v[3]);
    if (only >= 0) n = 1;
    for (int i = 0; i < n; i++) {
        struct perf_event_attr a = {.size = sizeof a, .type = (unsigned)type};
        a.config1 = (unsigned long)v[1];
        a.config2 = strtoul(v[2], 0, 0);
        fds[i] = (int)syscall(SYS_perf_event_open, &a, -1, only >= 0 ? only : i, -1, 0);
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
gcc -O1 -o "$work/target" "$work/target.c" && strip "$work/target" && gcc -O1 -o "$work/bare" "$work/bare.c" &&
    gcc -O1 -o "$work/without" tests/cli/without.c || exit 1
t=$work/target cpu=0
"$LVSCAN" --emit perf -c 30007 "$t" >"$work/emulated.spec"
# the compare before the branch: single-stepped
jq -c '.variables[0] | {pc: .sites[0].pc}' <("$LVSCAN" --json -c 30007 "$t") >"$work/compare"
site=$(jq -r .pc "$work/compare")
run() { taskset -c $cpu "$t" "$hits"; }
least() { grep -hE '^[0-9]+\.[0-9]$' "$1" | sort -n | head -1; }

bare_once() { # bare_once OFFSET CPU
    mkfifo "$work/in" "$work/ready"
    "$work/bare" "$t" "$1" "$2" <"$work/in" >"$work/ready" & bare=$!
    exec 8>"$work/in" 9<"$work/ready"
    read -r _ <&9
    run
    exec 8>&-
    read -r counted <&9
    exec 9<&-
    wait $bare
    rm "$work/in" "$work/ready"
    [ "$counted" = "$hits" ] || echo "$counted" >>"$work/miscounted"
}
ours() { # ours KIND WAY OPTION PREFIX...: prints the target's time
    local kind=$1 way=$2 option=$3
    shift 3
    # shellcheck disable=SC2046,SC2086  # words of a command line
    "$@" "$LVSCAN" trace -q --json $option $(cat "$work/$kind.how") -- taskset -c $cpu "$t" "$hits" 2>&1 >"$work/$kind.$way.out"
}
count_out() { sed -n 's/^{"value":\([0-9]*\),.*"count":1}$/\1/p' "$1"; }
hits_out() { sed -n 's/.*"value":\([0-9]*\),.*/\1/p' "$1"; }
row() { printf '# %-44s %10s ns a hit   %s of bare\n' "$1" "$2" "$(awk -v a="$2" -v b="${3:-$2}" 'BEGIN { printf "%.3f", a / b }')"; }

say "$(date -u +%F), $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) processors, Linux $(uname -r), load $(cut -d' ' -f1 /proc/loadavg)"
say "no probe: $(run) ns; $hits hits, least of $rounds runs by turns"
command -v bpftrace >/dev/null && say "$(bpftrace --version)"
echo "--spec $work/emulated.spec" >"$work/emulated.how"
echo "-c 30007 --site $site $t" >"$work/stepped.how"
for kind in emulated stepped; do
    offset=$(jq -r .file_offset "$work/emulated.spec")
    [ $kind = stepped ] && offset=$(jq -r '.variables[0].sites[0].file_offset' <("$LVSCAN" --json -c 30007 "$t"))
    for _ in $(seq "$rounds"); do # by turns: what else the machine does then meets all
        bare_once "$offset" $cpu >>"$work/$kind.bare.ns"
        bare_once "$offset" -1 >>"$work/$kind.each.ns"
        ours $kind count --count >>"$work/$kind.count.ns"
        ours $kind record "" >>"$work/$kind.record.ns"
        ours $kind samples --count "$work/without" 321=1 -- >>"$work/$kind.samples.ns"
    done
    for way in count record samples; do
        out=$work/$kind.$way.out
        by=bpf
        [ $way = samples ] && by=samples
        same "$kind, $way: $hits hits, none lost" "$(jq -c 'select(.summary) | [.hits, .lost, .counted, .recorded, .by]' "$out")" \
            "[$hits,0,$hits,$hits,\"$by\"]"
        values=count_out
        [ $way = record ] && values=hits_out
        check "$kind, $way: every value once" cmp <(seq 0 $((hits - 1))) <($values "$out" | sort -n)
    done
    check "$kind: the bare uprobe counts every hit" test ! -e "$work/miscounted"
    bare=$(least "$work/$kind.bare.ns")
    say "at $(jq -r .pc "$work/compare"): $kind"
    row "$kind: a bare uprobe that counts" "$bare"
    row "$kind: the same, an event on each processor" "$(least "$work/$kind.each.ns")" "$bare"
    row "$kind: lvscan trace --count" "$(least "$work/$kind.count.ns")" "$bare"
    row "$kind: lvscan trace, a record a hit" "$(least "$work/$kind.record.ns")" "$bare"
    row "$kind: lvscan trace without BPF (samples)" "$(least "$work/$kind.samples.ns")" "$bare"
    if command -v bpftrace >/dev/null; then
        bpftrace --unsafe -e "uprobe:$t:$offset { @[reg(\"di\")] = count(); }" -c "$(command -v taskset) -c $cpu $t $hits" 2>/dev/null >"$work/bt.out"
        row "$kind: bpftrace, counts by value" "$(grep -m1 -E '^[0-9]+\.[0-9]$' "$work/bt.out")" "$bare"
    fi
    exec 7>/tmp/lvscan-live.lock && flock 7 # uprobe_events is one for all tests
    if command -v perf >/dev/null && perf probe -q -x "$t" "lvbench=$offset v=%di" 2>/dev/null; then
        perf record -q -e 'probe_target:lvbench' -o "$work/perf.data" taskset -c $cpu "$t" "$hits" >"$work/perf.out" 2>/dev/null
        row "$kind: perf record" "$(head -1 "$work/perf.out")" "$bare"
        perf probe -q -d 'probe_target:lvbench' >/dev/null 2>&1
    fi
    exec 7>&-
    for way in count record; do
        ratio=$(awk -v a="$(least "$work/$kind.$way.ns")" -v b="$bare" 'BEGIN { printf "%.3f", a / b }')
        check "$kind, $way: a hit costs at most 1.15 of a bare one ($ratio)" awk -v r="$ratio" 'BEGIN { exit !(r > 0 && r <= 1.15) }'
    done
done
done_testing
