#!/usr/bin/env bash
# timeout: 400
# live: whatever happens to the tracer or to its target, nothing is left behind, nothing hangs, and the target does not notice.
. "$(dirname "$0")/../lib.sh"
exec 7>/tmp/lvscan-live.lock && flock 7 # uprobe_events is one for all tests
tracing=/sys/kernel/tracing
events=$tracing/uprobe_events

cat >"$work/target.c" <<'C'
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
static volatile long met, sum;
__attribute__((noinline)) void work(long v) { if (v == 30007) met++; sum += v; }
static long n;
static volatile sig_atomic_t ended;
static void end(int s) { ended = s; }
static void *thread(void *a) { work((long)a); return a; }
int main(int c, char **v)
{
    char how = v[1][0];
    n = c > 2 ? atol(v[2]) : 0;
    if (how == 'h') for (long i = 0; i < n; i++) work(i);
    if (how == 'l') { /* until it is asked to end */
        signal(SIGTERM, end);
        for (; !ended; n++) { work(7); usleep(200); }
        sum -= 7 * n;
    }
    if (how == 't')
        for (long i = 0; i < n; i++) {
            pthread_t t;
            if (pthread_create(&t, 0, thread, (void *)i)) return 9;
            pthread_join(t, 0);
        }
    if (how == 'f')
        for (long i = 0; i < n; i++) {
            pid_t pid = fork();
            if (pid < 0) return 9;
            if (pid == 0) { work(i); _exit(0); }
            waitpid(pid, 0, 0);
        }
    if (how == 'x') { /* becomes itself again, n times */
        char left[32];
        snprintf(left, sizeof left, "%ld", n - 1);
        work(n);
        if (n > 1) { char *const argv[] = {v[0], "x", left, 0}; execv(v[0], argv); return 9; }
    }
    if (how == 'k') { work(1); work(2); abort(); }
    if (how == 'u') /* v[3]: a library that has the probe; used and unloaded n times */
        for (long i = 0; i < n; i++) {
            void *library = dlopen(v[3], RTLD_NOW);
            if (!library) return 9;
            ((void (*)(long))dlsym(library, "library_work"))(i);
            dlclose(library);
        }
    printf("met %ld sum %ld\n", met, sum);
    return 0;
}
C
cat >"$work/library.c" <<'C'
volatile long library_met;
void library_work(long v) { if (v == 40009) library_met++; }
C
gcc -O1 -pthread -o "$work/target" "$work/target.c" && gcc -O1 -shared -fPIC -o "$work/library.so" "$work/library.c" &&
    strip "$work/target" || exit 1
t=$work/target
"$LVSCAN" --emit perf -c 30007 "$t" >"$work/spec"
# the same place, but read from memory, so that an event in tracefs is made: the return address
jq -c '.location = {kind: "memory", base: "rsp", index: null, scale: 1, disp: 0, bits: 64}' "$work/spec" >"$work/memory.spec"
check "specs are made" jq -e '.pc' "$work/spec" "$work/memory.spec"

limited() { timeout -k 2 20 "$@"; }
trace() { limited "$LVSCAN" trace -q --json "$@"; }
traced() { exec "$LVSCAN" trace -q --json "$@"; } # for the background: $! is the program itself
summary() { jq -c 'select(.summary) | [.hits, .lost]' "$1"; }
values() { jq -r 'select(.pid) | .value' "$1" | sort -n; }
wait_event() { for _ in $(seq 100); do grep -q "lvscan/v1_$1 " $events && return; sleep 0.02; done; }
wait_no_event() { for _ in $(seq 150); do grep -q lvscan/ $events || return; sleep 0.02; done; }
ours() { grep -c lvscan/ $events; }

if ! live "faults"; then done_testing; exit 0; fi
[ -e $events ] || mount -t tracefs nodev $tracing
target=''
trap 'kill $target 2>/dev/null; rm -rf "$work"' EXIT

plain=$("$t" t 1000)
trace --spec "$work/spec" -- "$t" t 1000 >"$work/out" 2>"$work/err"
same "live: 1,000 threads: all hits" "$? $(summary "$work/out")" "0 [1000,0]"
same "live: 1,000 threads: the target's output" "$(cat "$work/err")" "$plain"
check "live: 1,000 threads: every value" cmp <(seq 0 999) <(values "$work/out")

plain=$("$t" f 100)
trace --children --spec "$work/memory.spec" -- "$t" f 100 >"$work/out" 2>"$work/err"
same "live: forks, by tracefs: hits, output" "$? $(summary "$work/out") $(cat "$work/err")" "0 [100,0] $plain"

plain=$("$t" x 20)
trace --spec "$work/spec" -- "$t" x 20 >"$work/out" 2>"$work/err"
same "live: the target execs 20 times: every value" "$? $(values "$work/out" | xargs)" "0 $(seq -s' ' 1 20)"
same "live: the target execs: its output" "$(cat "$work/err")" "$plain"

trace --spec "$work/spec" -- "$t" k >"$work/out" 2>"$work/err"
same "live: the target is killed: what it did is there" "$? $(values "$work/out" | xargs)" "0 1 2"
"$t" l >/dev/null & target=$!
traced --spec "$work/memory.spec" -p $target >"$work/out" & tracer=$!
wait_event $tracer
kill -9 $target
wait $target 2>/dev/null
limited tail --pid=$tracer -f /dev/null
same "live: the target gets SIGKILL: the trace ends" "$? $(kill -0 $tracer 2>&1 | wc -l)" "0 1"
same "live: and no event is left" "$(ours)" 0

# Killed at moments from the first instruction on, while the target runs; tracefs is where something could be left.
"$t" l >"$work/plain" & target=$!
for spec in spec memory.spec; do
    for ms in 1 3 7 15 30 60 120 250; do
        "$LVSCAN" trace -q --spec "$work/$spec" -p $target >/dev/null 2>&1 & tracer=$!
        sleep "$(printf '0.%03d' $ms)"
        kill -9 $tracer 2>/dev/null
        wait $tracer 2>/dev/null
    done
    wait_no_event
    same "live: SIGKILL at eight moments ($spec): no event is left" "$(ours)" 0
    check "live: SIGKILL at eight moments ($spec): the target runs" kill -0 $target
done

# Two at a time on one place; one is killed, the other goes on.
traced --spec "$work/memory.spec" -p $target >"$work/out1" & first=$!
traced --spec "$work/memory.spec" -p $target >"$work/out2" & second=$!
wait_event $first
wait_event $second
kill -9 $first
wait $first 2>/dev/null
sleep 0.5
kill -INT $second
wait $second
same "live: two on one target, one killed: the other's status" "$?" 0
same "live: two on one target, one killed: the other reads" "$(jq -c 'select(.summary) | .hits > 100 and .lost == 0' "$work/out2")" true
wait_no_event
same "live: two on one target, one killed: no event is left" "$(ours)" 0
kill $target
wait $target
same "live: after all that, the target's output" "$? $(cat "$work/plain")" "0 met 0 sum 0"

# The output goes away, or is full.
trace --spec "$work/spec" -- "$t" h 100000 2>/dev/null | head -1 >"$work/out"
same "live: the reader of the output leaves: no hang" "$(wc -l <"$work/out")" 1
trace --spec "$work/spec" -- "$t" h 1000 >/dev/full 2>"$work/err"
same "live: the output is full: status" "$?" 3

for limit in 3 5 6 7 8 10; do
    (ulimit -Sn $limit -Hn $limit && trace --spec "$work/memory.spec" -- "$t" h 100) >"$work/out" 2>"$work/err"
    status=$?
    case $status in 0) good=$(summary "$work/out") ;; 3 | 4 | 127) good="[100,0]" ;; *) good="status $status" ;; esac
    [ "$good" = "[100,0]" ] || break
done
same "live: out of file descriptors: refused or whole" "$good" "[100,0]"
wait_no_event
same "live: out of file descriptors: no event is left" "$(ours)" 0

plain=$("$t" u 100 "$work/library.so")
trace -c 40009 -f library_work "$work/library.so" -a --duration 8 >"$work/out" 2>"$work/err" & tracer=$!
sleep 1
same "live: a library loaded and unloaded 100 times: the target's output" "$("$t" u 100 "$work/library.so")" "$plain"
kill -INT $tracer 2>/dev/null
wait $tracer
check "live: a library loaded and unloaded: every value" cmp <(seq 0 99) <(values "$work/out")

# What is lost is said, and is the status: the reader is stopped until the rings are full.
"$LVSCAN" trace --json --count --spec "$work/spec" -a --duration 60 >"$work/out" 2>"$work/err" & tracer=$!
for _ in $(seq 100); do grep -q reading "$work/err" && break; sleep 0.05; done
sleep 0.3
kill -STOP $tracer
taskset -c 0 "$t" h 900000 >/dev/null # one processor, one ring
kill -CONT $tracer
kill -INT $tracer
wait $tracer
same "live: a full ring: status" "$?" 5
json "live: a full ring: recorded + lost = counted by the kernel, all hits" "$(jq -c 'select(.summary)' "$work/out")" \
    '.counted == 900000 and .recorded + .lost == .counted and .lost > 0 and .hits == .recorded'
check "live: a full ring: every value that was recorded is right, and there once" \
    sh -c "sed -n 's/.*\"value\":\([0-9]*\),.*/\1/p' '$work/out' | awk '\$1 >= 900000 || seen[\$1]++ { bad = 1 } END { exit bad || NR < 1000 }'"

# Refusals before anything is touched.
refused() { # refused NAME WORDS COMMAND...
    local name=$1 words=$2
    shift 2
    limited "$@" >"$work/out" 2>"$work/err" </dev/null
    same "live: refused: $name" "$? $(grep -c -i -e "$words" "$work/err") $(wc -c <"$work/out")" "4 1 0"
}
chmod 755 "$work" && cp "$LVSCAN" "$work/lvscan" && chmod 644 "$work/spec" "$work/memory.spec"
refused "no privilege" CAP_ setpriv --reuid=65534 --regid=65534 --clear-groups "$work/lvscan" trace -q --spec "$work/spec" -- "$t" h 10
refused "no privilege, tracefs" "CAP_\|tracefs" setpriv --reuid=65534 --regid=65534 --clear-groups "$work/lvscan" trace -q --spec "$work/memory.spec" -- "$t" h 10
refused "no capabilities" CAP_ setpriv --bounding-set=-all --inh-caps=-all "$work/lvscan" trace -q --spec "$work/spec" -- "$t" h 10
refused "no uprobes in this kernel" "uprobe\|tracefs" unshare -m sh -c 'mount -t tmpfs none /sys && exec "$@"' sh "$LVSCAN" trace -q --spec "$work/spec" -- "$t" h 10
json "live: without uprobes the analysis still works" \
    "$(unshare -m sh -c 'mount -t tmpfs none /sys && exec "$@"' sh "$LVSCAN" --json -c 30007 "$t" 2>/dev/null)" '.variables | length > 0'
"$LVSCAN" --emit perf -n 1 "$work/lvscan" >"$work/own.spec" 2>/dev/null
refused "its own program" "itself" "$work/lvscan" trace -q --spec "$work/own.spec" -a --duration 0.2
# one byte into the instruction, all else in the spec fitting the file
at=$(($(jq -r .file_offset "$work/spec") + 1))
jq -c --arg pc "$(printf '0x%x' $(($(jq -r .pc "$work/spec") + 1)))" --arg off "$(printf '0x%x' $at)" \
    --arg bytes "$(bytes_at "$t" $at 2)" '.pc = $pc | .file_offset = $off | .bytes = $bytes' "$work/spec" >"$work/middle.spec"
refused "the middle of an instruction" "start of an instruction" "$LVSCAN" trace -q --spec "$work/middle.spec" -- "$t" h 10
same "nothing is left in uprobe_events" "$(ours)" 0
done_testing
