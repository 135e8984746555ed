#!/usr/bin/env bash
# timeout: 900
# Hostile input on the real command line: shapes made to be slow or large, damaged programs, code that misleads, a file that
# shrinks, an output that is full; and what the running process has given up.
. "$(dirname "$0")/../lib.sh"

# within NAME SECONDS MEGABYTES FILE [COMMAND]: ends by itself, in its processor time and memory, with a documented status
within() {
    local name=$1 seconds=$2 status
    # shellcheck disable=SC2086  # words
    timeout -s KILL $((seconds * 8)) prlimit --as=$(($3 << 20)) --cpu="$seconds" "$LVSCAN" ${5---json -n 2 -j 1} "$4" >"$work/out" 2>"$work/err"
    status=$?
    check "$name: ${5-the main job}: status 0, 1 or 3 within $seconds s and $3 MB" test $status = 0 -o $status = 1 -o $status = 3
    if [ $status -gt 3 ]; then say "status $status" "$(tail -3 "$work/err")"; fi
}

while IFS=$'\t' read -r shape n what; do
    if tests/hostile/shapes.py "$shape" "$work/shape" "$n" </dev/null; then
        within "$what" 30 1500 "$work/shape"
        within "$what" 30 1500 "$work/shape" functions
    else result 1 "$what: was made"; fi
    rm -f "$work/shape"
done < <(tests/hostile/shapes.py --list)

# damaged programs: 10,000 in the long form
for compiler in gcc clang; do
    for level in O0 O2; do
        $compiler -$level -w -c -o "$work/idioms.o" tests/fixtures/idioms.c &&
            $compiler -nostartfiles -Wl,-e,0 -Wl,--unresolved-symbols=ignore-all -o "$work/idioms-$compiler-$level" "$work/idioms.o" 2>/dev/null
    done
done
runs=${HOSTILE_RUNS:-300}
if [ "${ORACLE-}" = full ]; then runs=10000; fi
check "$runs damaged programs" tests/hostile/mutate.py "$LVSCAN" "$runs" 7 "$work"/idioms-* /usr/bin/mawk

# code that misleads: what is claimed is true, but for `frame`, whose words two of its functions break on purpose
gcc -nostdlib -static -o "$work/obfuscated" tests/fixtures/obfuscated.s
"$LVSCAN" --json -n 0 "$work/obfuscated" >"$work/claims"
"$LVSCAN" functions --json "$work/obfuscated" >"$work/functions"
gcc -O2 -D_GNU_SOURCE -I. -o "$work/dynamic" tests/oracle/dynamic/*.c
"$work/dynamic" --label obfuscated --json "$work/claims" --functions "$work/obfuscated" "$work/functions" --max-activations 1000 \
    --seconds 60 -- "$work/obfuscated" >"$work/log"
for proof in exact callees abi partial; do
    check "obfuscated code: $proof claims are checked, none is violated" grep -q "^TOTAL.* $proof=0/[1-9]" "$work/log"
done
check "obfuscated code: no jump goes where it is not said to" grep -q '^TOTAL.* jumps=0/[1-9]' "$work/log"
check "obfuscated code: over 1000 checks" awk '/^TOTAL/ { sub(/.*checks=/, ""); exit $1 + 0 < 1000 }' "$work/log"
json "obfuscated code: warnings name overlapping instructions" "$(cat "$work/claims")" '.warnings | map(.text) | any(test("overlap|middle"))'

# a packed program: it runs what the file does not hold
packed() { # packed NAME FILE: nothing is claimed of the packed code, and a warning says why
    within "$1" 20 1000 "$2"
    json "$1: a warning names the segment" "$(cat "$work/out")" '.warnings | map(.text) | any(test("written and executed"))'
}
gcc -nostdlib -static -Wl,-N -o "$work/packed" tests/fixtures/packed.s 2>/dev/null
"$work/packed"
same "the packed program unpacks itself and runs" $? 0
start=$(nm "$work/packed" | awk '$3 == "packed" { print "0x" $1 }')
cp "$work/packed" "$work/named"
strip "$work/packed"
packed "a program that unpacks itself" "$work/packed"
packed "the same with symbols" "$work/named"
for file in packed named; do
    json "$file: no claim of what is packed" "$("$LVSCAN" --json -n 0 "$work/$file")" \
        "[.variables[] | .defs[].pc, .sites[].pc, .ranges[].start] | all(. < \"$(printf '0x%x' "$start")\")"
done

# faults of files and outputs
cp /usr/bin/bpftrace "$work/shrinking"
"$LVSCAN" --whole -n 0 --json -j 1 "$work/shrinking" >/dev/null 2>"$work/err" &
pid=$!
sleep 0.05
truncate -s 4096 "$work/shrinking"
wait $pid
status=$?
check "a file that shrinks while it is read: status 3 with a message, or it was done before" test $status = 3 -a -s "$work/err" -o $status = 0
"$LVSCAN" --emit perf -n 1 /usr/bin/sed >"$work/sed.json"
commands=('-n 1' '--json -n 1' '--emit gdb -n 1' '--explain' functions 'functions --json' disasm 'disasm --json' "check $work/sed.json" "check --json $work/sed.json")
for command in "${commands[@]}"; do
    # shellcheck disable=SC2086  # words
    {
        "$LVSCAN" $command /usr/bin/sed >/dev/full 2>"$work/err"
        same "$command: a full standard output: status 3" $? 3
        check "$command: a full standard output: says so" grep -q 'standard output: No space' "$work/err"
        "$LVSCAN" $command /usr/bin/sed >&- 2>"$work/err"
        same "$command: a closed standard output: status 3" $? 3
    }
done
python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$work/socket"
mkfifo "$work/fifo"
mkdir "$work/empty"
for command in -q functions disasm "check $work/sed.json" "trace -a -c 1"; do
    for input in socket fifo empty /dev/zero /dev/full /proc/self/mem /proc/self; do
        [[ $command == -q && ($input == empty || $input == /proc/self) ]] && continue # a directory is walked
        # shellcheck disable=SC2086  # words
        (cd "$work" && timeout 20 "$LVSCAN" $command $input >/dev/null 2>"$work/err" </dev/null)
        same "$command $input: status 3" $? 3
        check "$command $input: one line says why" test "$(wc -l <"$work/err")" = 1
    done
done

# what the process has given up while it works
tests/hostile/shapes.py back "$work/slow"
"$LVSCAN" --json "$work/slow" >/dev/null 2>&1 &
pid=$!
seen=
for _ in $(seq 100); do
    seen=$(sed -n 's/^\(NoNewPrivs\|Seccomp\):\t//p' "/proc/$pid/status" 2>/dev/null | paste -sd' ')
    [ "$seen" = '1 2' ] && break
    kill -0 $pid 2>/dev/null || break
    sleep 0.02
done
kill $pid 2>/dev/null
if grep -q '^Seccomp:' /proc/self/status; then
    same "the process that analyses has no_new_privs and a filter" "$seen" '1 2'
else
    skip "the process that analyses has a filter" "this kernel has no seccomp"
fi
# a hook: a debugger makes the process ask for what it has given up, when it is about to parse
inject() { # inject NAME CALL COMMAND...
    local name=$1 call=$2
    shift 2
    timeout 60 gdb -q -nx -batch -ex 'set follow-fork-mode child' -ex 'break program_open' -ex run \
        -ex "print (long)syscall($call)" --args "$LVSCAN" "$@" >"$work/log" 2>&1
    check "$name dies of it" grep -q 'SIGSYS' "$work/log"
}
if grep -q '^Seccomp:' /proc/self/status && command -v gdb >/dev/null; then
    for call in '2, "/etc/passwd", 0' '257, -100, "/etc/passwd", 0' '41, 2, 1, 0' '59, "/bin/true", 0, 0' '57' '101, 16, 1'; do
        inject "find: syscall($call)" "$call" -n 1 /usr/bin/sed
        inject "functions: syscall($call)" "$call" functions /usr/bin/sed
        inject "disasm: syscall($call)" "$call" disasm -f 0x3000 /usr/bin/sed
        inject "check: syscall($call)" "$call" check "$work/sed.json"
        inject "trace: syscall($call)" "$call" trace -q -c 98 --duration 0.1 -a /usr/bin/sed
    done
    timeout 60 gdb -q -nx -batch -ex 'break program_open' -ex run -ex 'print (long)syscall(39)' --args "$LVSCAN" check "$work/sed.json" >"$work/log" 2>&1
    check "check: syscall(39), getpid, is let through" grep -q '^\$1 = [1-9]' "$work/log"
    inject "trace --spec: syscall(41)" '41, 2, 1, 0' trace -q --spec "$work/sed.json" --duration 0.1 -a
    timeout 60 gdb -q -nx -batch -ex 'break program_open' -ex run --args "$LVSCAN" trace -q --spec "$work/sed.json" --duration 0.1 -a >"$work/log" 2>&1
    same "trace: the process that attaches opens no program" "$(grep -c '^Breakpoint 1, ' "$work/log") $(grep -c 'exited' "$work/log")" '0 1'
else
    skip "an injected call dies" "no seccomp, or no gdb"
fi
same "check: the same with --no-sandbox" "$("$LVSCAN" check --no-sandbox "$work/sed.json" 2>&1)" "$("$LVSCAN" check "$work/sed.json" 2>&1)"
same "--no-sandbox: the same answer" "$("$LVSCAN" --no-sandbox -n 1 --emit bpftrace /usr/bin/sed 2>&1)" \
    "$("$LVSCAN" -n 1 --emit bpftrace /usr/bin/sed 2>&1)"
done_testing
