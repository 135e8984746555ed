#!/usr/bin/env bash
# timeout: 600
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
static void *alone(void *a)
{
    usleep(200000);
    for (long i = 0; i < (long)a; i++) { work(i); usleep(1000); }
    printf("met %ld sum %ld\n", met, sum);
    return a;
}
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
    if (how == 'm') { /* its main thread ends first */
        pthread_t t;
        if (pthread_create(&t, 0, alone, (void *)n)) return 9;
        pthread_exit(0);
    }
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
    strip "$work/target" && gcc -O1 -o "$work/without" tests/cli/without.c || exit 1
t=$work/target
"$LVSCAN" --emit perf -c 30007 "$t" >"$work/spec"
# the same place, but read from memory: without BPF an event in tracefs is made for it
jq -c '.location = {kind: "memory", base: "rsp", index: null, scale: 1, disp: 0, bits: 64}' "$work/spec" >"$work/memory.spec"
check "specs are made" jq -e '.pc' "$work/spec" "$work/memory.spec"

limited() { timeout -k 2 20 "$@"; }
nobpf() { "$work/without" 321=1 -- "$@"; } # as on a kernel that refuses bpf(2)
trace() { limited "$LVSCAN" trace -q --json "$@"; }
trace_by() { # WAY OPTIONS...: bpf, samples, or tracefs (which reads another value)
    case $1 in
    bpf) trace --spec "$work/spec" "${@:2}" ;;
    samples) limited "$work/without" 321=1 -- "$LVSCAN" trace -q --json --spec "$work/spec" "${@:2}" ;;
    tracefs) limited "$work/without" 321=1 -- "$LVSCAN" trace -q --json --spec "$work/memory.spec" "${@:2}" ;;
    esac
}
traced() { exec "$work/without" 321=1 -- "$LVSCAN" trace -q --json "$@"; } # for the background, by an event: $! is the program itself
summary() { jq -c 'select(.summary) | [.hits, .lost]' "$1"; }
summary_by() { jq -r 'select(.summary) | "\(.hits) \(.lost) \(.by)"' "$1"; }
values() { jq -r 'select(.pid) | .value' "$1" | sort -n; }
wait_event() { for _ in $(seq 100); do grep -q "lvscan/v1_$1 " $events && return; sleep 0.02; done; }
wait_no_event() { for _ in $(seq 150); do grep -q lvscan/ $events || return; sleep 0.02; done; }
ours() { grep -c lvscan/ $events; }
same_code() { # same_code PID: the probe's instruction, in memory, has its first byte back
    local off start from
    off=$(($(jq -r .file_offset "$work/spec")))
    read -r start from < <(awk -v t="$t" '$2 ~ /x/ && $6 == t { sub("-.*", "", $1); print $1, $3 }' "/proc/$1/maps")
    [ "$(dd "if=/proc/$1/mem" bs=1 "skip=$((16#$start + off - 16#$from))" count=1 status=none | od -An -tx1)" = " $(bytes_at "$t" $off 1)" ]
}

if ! live "faults"; then done_testing; exit 0; fi
[ -e $events ] || mount -t tracefs nodev $tracing
target=''
trap 'kill $target 2>/dev/null; rm -rf "$work"' EXIT

for way in bpf samples tracefs; do
    right() { [ $way = tracefs ] || cmp <(seq "$1" "$2") <(values "$work/out"); } # the values, where they are the variable's
    plain=$("$t" t 1000)
    trace_by $way -- "$t" t 1000 >"$work/out" 2>"$work/err"
    same "live: $way: 1,000 threads: all hits" "$? $(summary_by "$work/out")" "0 1000 0 $way"
    same "live: $way: 1,000 threads: the target's output" "$(cat "$work/err")" "$plain"
    check "live: $way: 1,000 threads: every value" right 0 999

    plain=$("$t" f 100)
    trace_by $way --children -- "$t" f 100 >"$work/out" 2>"$work/err"
    same "live: $way: forks: hits, output" "$? $(summary_by "$work/out") $(cat "$work/err")" "0 100 0 $way $plain"
    check "live: $way: forks: every value" right 0 99

    plain=$("$t" x 20)
    trace_by $way -- "$t" x 20 >"$work/out" 2>"$work/err"
    same "live: $way: the target execs 20 times: hits, output" "$? $(summary_by "$work/out") $(cat "$work/err")" "0 20 0 $way $plain"
    check "live: $way: the target execs: every value" right 1 20

    plain=$("$t" m 300)
    trace_by $way -- "$t" m 300 >"$work/out" 2>"$work/err"
    same "live: $way: the main thread ends first: hits, output" "$? $(summary_by "$work/out") $(cat "$work/err")" "0 300 0 $way $plain"
    check "live: $way: the main thread ends first: every value" right 0 299

    trace_by $way -- "$t" k >"$work/out" 2>"$work/err"
    same "live: $way: the target is killed: what it did is there" "$? $(summary_by "$work/out")" "0 2 0 $way"
    check "live: $way: the target is killed: its values" right 1 2
    wait_no_event
    same "live: $way: no event is left" "$(ours)" 0
done
start_by() { # start_by WAY OUT OPTIONS...: in the background, $tracer is the program itself; waits until it reads
    local way=$1 out=$2 spec=spec prefix=("$work/without" 321=1 --)
    shift 2
    case $way in bpf) prefix=() ;; tracefs) spec=memory.spec ;; esac
    "${prefix[@]}" "$LVSCAN" trace --json --spec "$work/$spec" "$@" >"$out" 2>"$out.err" & tracer=$!
    for _ in $(seq 100); do grep -q reading "$out.err" && break; sleep 0.05; done
}
for way in bpf samples tracefs; do
    "$t" l >/dev/null & target=$!
    start_by $way "$work/out" -p $target
    kill -9 $target
    wait $target 2>/dev/null
    limited tail --pid=$tracer -f /dev/null
    same "live: $way: the target gets SIGKILL: the trace ends" "$? $(kill -0 $tracer 2>&1 | wc -l)" "0 1"
    same "live: $way: and no event is left" "$(ours)" 0
done

# Killed at moments from the first instruction on, while the target runs; tracefs is where something could be left.
"$t" l >"$work/plain" & target=$!
killed_at() { # killed_at MS COMMAND...
    local ms=$1
    shift
    "$@" >/dev/null 2>&1 & tracer=$!
    sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
    kill -9 $tracer 2>/dev/null
    wait $tracer 2>/dev/null
}
RANDOM=$$
say "moments from seed $$"
for way in bpf samples tracefs; do
    spec=spec prefix=("$work/without" 321=1 --)
    case $way in bpf) prefix=() ;; tracefs) spec=memory.spec ;; esac
    for n in $(seq 24); do
        killed_at $((n < 9 ? n * n * n / 3 : RANDOM % 300)) "${prefix[@]}" "$LVSCAN" trace -q --spec "$work/$spec" -p $target
    done
    wait_no_event
    same "live: $way: SIGKILL at 24 moments: no event is left" "$(ours)" 0
    check "live: $way: SIGKILL at 24 moments: the target runs" kill -0 $target
    check "live: $way: the target's code is as in its file" same_code $target
done

# Two at a time on one place; one is killed, the other goes on.
for pair in "bpf bpf" "bpf tracefs" "tracefs bpf" "samples bpf" "tracefs tracefs"; do
    start_by ${pair% *} "$work/out1" -p $target
    first=$tracer
    start_by ${pair#* } "$work/out2" -p $target
    second=$tracer
    kill -9 $first
    wait $first 2>/dev/null
    sleep 0.5
    kill -INT $second
    wait $second
    same "live: two on one target ($pair), one killed: the other's status" "$?" 0
    same "live: two on one target ($pair), one killed: the other reads" "$(jq -c 'select(.summary) | .hits > 100 and .lost == 0' "$work/out2")" true
    wait_no_event
    same "live: two on one target ($pair), one killed: no event is left" "$(ours)" 0
    check "live: two on one target ($pair): the target's code is as in its file" same_code $target
done
kill $target
wait $target
same "live: after all that, the target's output" "$? $(cat "$work/plain")" "0 met 0 sum 0"

# The output goes away, or is full.
trace --spec "$work/spec" -- "$t" h 100000 2>/dev/null | head -1 >"$work/out"
same "live: the reader of the output leaves: no hang" "$(wc -l <"$work/out")" 1
trace --spec "$work/spec" -- "$t" h 1000 >/dev/full 2>"$work/err"
same "live: the output is full: status" "$?" 3

for way in bpf samples tracefs; do
    for limit in 3 4 5 6 7 8 9 10 11 12 14 16; do
        (ulimit -Sn $limit -Hn $limit && trace_by $way -- "$t" h 100) >"$work/out" 2>"$work/err"
        status=$?
        case $status in 0) good=$(summary "$work/out") ;; 3 | 4 | 127) good="[100,0]" ;; *) good="status $status" ;; esac
        [ "$good" = "[100,0]" ] || break
    done
    same "live: $way: out of file descriptors: refused or whole" "$good" "[100,0]"
done
wait_no_event
same "live: out of file descriptors: no event is left" "$(ours)" 0

plain=$("$t" u 100 "$work/library.so")
trace -c 40009 -f library_work "$work/library.so" -a --duration 8 >"$work/out" 2>"$work/err" & tracer=$!
sleep 1
same "live: a library loaded and unloaded 100 times: the target's output" "$("$t" u 100 "$work/library.so")" "$plain"
kill -INT $tracer 2>/dev/null
wait $tracer
check "live: a library loaded and unloaded: every value" cmp <(seq 0 99) <(values "$work/out")

# What is lost is said, and is the status: the reader is stopped until the ring is full.
for way in bpf samples; do
    prefix=("$work/without" 321=1 --)
    [ $way = samples ] || prefix=()
    "${prefix[@]}" "$LVSCAN" trace --json --count --spec "$work/spec" -a --duration 60 >"$work/out" 2>"$work/err" & tracer=$!
    for _ in $(seq 100); do grep -q reading "$work/err" && break; sleep 0.05; done
    sleep 0.3
    kill -STOP $tracer
    taskset -c 0 "$t" h 1100000 >/dev/null # one processor, one ring
    kill -CONT $tracer
    kill -INT $tracer
    wait $tracer
    same "live: $way: a full ring: status" "$?" 5
    json "live: $way: a full ring: recorded + lost = counted by the kernel, all hits" "$(jq -c 'select(.summary)' "$work/out")" \
        '.counted == 1100000 and .recorded + .lost == .counted and .lost > 0 and .hits == .recorded'
    check "live: $way: a full ring: every value that was recorded is right, and there once" \
        sh -c "sed -n 's/.*\"value\":\([0-9]*\),.*/\1/p' '$work/out' | awk '\$1 >= 1100000 || seen[\$1]++ { bad = 1 } END { exit bad || NR < 1000 }'"
done

# The program is replaced while it runs and is read; one that has no file at all; one of a container.
cp "$t" "$work/moving"
"$work/moving" l >/dev/null & target=$!
sleep 0.2
jq -c --arg p "$work/moving" '.binary.path = $p' "$work/spec" >"$work/moving.spec"
"$LVSCAN" trace -q --json --spec "$work/moving.spec" -p $target >"$work/out" 2>"$work/err" & tracer=$!
sleep 0.5
cp "$t" "$work/new" && mv "$work/new" "$work/moving"
sleep 0.5
before=$(wc -l <"$work/out")
sleep 0.5
check "live: replaced while it is read: goes on" test "$(wc -l <"$work/out")" -gt "$before"
kill -INT $tracer
wait $tracer
same "live: replaced while it is read: status, none lost" "$? $(jq -c 'select(.summary) | .lost' "$work/out")" "0 0"
trace --spec "$work/moving.spec" -p $target >"$work/out" 2>"$work/err"
same "live: the replaced program is not taken for the one that runs" "$? $(grep -c 'pid:' "$work/err")" "4 1"
trace -c 30007 --max-hits 3 pid:$target >"$work/out" 2>"$work/err"
same "live: pid:N reads the program that runs" "$? $(values "$work/out" | xargs)" "0 7 7 7"

# other bytes in memory than on disk: a nop in place of the branch, as a live patch would leave it
off=$(($(jq -r .file_offset "$work/spec")))
read -r at from < <(awk -v t="$work/moving" 'index($0, t) && $2 ~ /x/ { sub("-.*", "", $1); print $1, $3 }' "/proc/$target/maps")
printf '\220\220' | dd of=/proc/$target/mem bs=2 oflag=seek_bytes seek=$((16#$at + off - 16#$from)) conv=notrunc status=none
trace -c 30007 --max-hits 3 pid:$target >"$work/out" 2>"$work/err"
same "live: other bytes in memory than on disk: refused" "$? $(grep -c 'not those of the file' "$work/err") $(wc -c <"$work/out")" "4 1 0"
kill $target
wait $target 2>/dev/null

cat >"$work/memfd.c" <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
int main(int c, char **v)
{
    char block[65536];
    int from = open(v[1], O_RDONLY), to = memfd_create("nowhere", 0);
    for (ssize_t n; (n = read(from, block, sizeof block)) > 0;)
        if (write(to, block, (size_t)n) != n) return 9;
    extern char **environ;
    (void)c;
    fexecve(to, v + 1, environ);
    return 9;
}
C
gcc -O1 -o "$work/memfd" "$work/memfd.c"
"$work/memfd" "$t" l >/dev/null & target=$!
sleep 0.2
trace -c 30007 --max-hits 3 pid:$target >"$work/out" 2>"$work/err"
same "live: a memfd program, by pid:N" "$? $(values "$work/out" | xargs)" "0 7 7 7"
kill $target
wait $target 2>/dev/null

# a container: its own mounts, its own numbers of processes
gcc -O1 -static -pthread -o "$work/static" "$work/target.c" 2>/dev/null && strip "$work/static"
mkdir -p "$work/jail"
unshare -m -p -f sh -c 'mount -t tmpfs none "$0/jail" && cp "$0/static" "$0/jail/program" && exec chroot "$0/jail" /program l' "$work" >/dev/null 2>&1 & outer=$!
for _ in $(seq 50); do target=$(pgrep -P $outer -x program || pgrep -P $outer) && [ -e "/proc/$target/root/program" ] && break; sleep 0.1; done
trace -c 30007 --max-hits 1 "/proc/$target/root/program" -p "$target" >"$work/out" 2>"$work/err"
same "live: a container's file through /proc/PID/root" "$? $(jq -c --argjson p "$target" 'select(.pid) | [.pid == $p, .value]' "$work/out")" "0 [true,7]"
kill -9 "$target"
wait $outer 2>/dev/null
# lvscan itself in a container: processes have other numbers there, and BPF would tell the host's
limited unshare -p -f --mount-proc "$LVSCAN" trace -q --json --spec "$work/spec" -- "$t" h 100 >"$work/out" 2>"$work/err"
same "live: in a PID namespace of its own" "$? $(summary_by "$work/out") $(jq -r 'select(.pid) | .pid' "$work/out" | sort -u)" "0 100 0 samples 3" # 2 was the process that read the file
target=''

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
# a locked-down kernel: /sys/kernel/security says so, and the calls fail as they do there (kernel_lockdown(7))
mkdir "$work/security" && echo 'none integrity [confidentiality]' >"$work/security/lockdown"
locked=(unshare -m sh -c 'mount --bind "$0/security" /sys/kernel/security && exec "$@"' "$work" "$work/without" 298=1 321=1 --)
refused "lockdown" "locked down (confidentiality)" "${locked[@]}" "$LVSCAN" trace -q --spec "$work/spec" -- "$t" h 10
refused "lockdown, tracefs" "locked down (confidentiality)" "${locked[@]}" "$LVSCAN" trace -q --spec "$work/memory.spec" -- "$t" h 10
json "live: locked down the analysis still works" "$("${locked[@]}" "$LVSCAN" --json -c 30007 "$t" 2>/dev/null)" '.variables | length > 0'
refused "a seccomp filter" "seccomp" "$work/without" 298=1 321=1 -- "$LVSCAN" trace -q --spec "$work/spec" -- "$t" h 10
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
