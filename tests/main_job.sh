#!/usr/bin/env bash
# timeout: 300
# Debian's stripped bpftrace, the article's own example: found by its constants alone, traced, and read by other tools too.
. "$(dirname "$0")/lib.sh"
exec 7>/tmp/lvscan-live.lock && flock 7 # uprobe_events is one for all tests
target=/usr/bin/bpftrace

out=$("$LVSCAN" --json -c 30000..30011 $target)
same "found" "$?" 0
shape "the object has the shape of CONTRACT.md" "$out"
json "one variable of one function first" "$out" '.variables[0].score > (.variables[1].score // 0)'
json "with at least 11 of the constants" "$out" '.variables[0].matched | length >= 11 and all(. >= 30000 and . <= 30011)'
json "in r15" "$out" '.variables[0].sites | all(.location == {kind: "reg", reg: "r15", bits: 64})'
json "through the callee that returns its argument" "$out" '.variables[0].sites | all(.via == "call")'
json "the text of each site compares r15" "$out" '.variables[0].sites | all(.text == "cmp %rax,%r15" and .bytes == "4939c7")'
json "it is loaded into r15" "$out" '.variables[0].defs | length == 1 and .[0].kind == "load" and .[0].location.reg == "r15"'
json "it holds through the calls, and the callee was read" "$out" '.variables[0].ranges | any(.proof == "callees" and .location.reg == "r15")'
json "one range reaches over several compares" "$out" '.variables[0] as $v | $v.ranges | any(. as $r
    | [$v.sites[] | select(.pc >= $r.start and .pc < $r.end)] | length >= 9)'
json "the probe is emulated by the kernel and in r15" "$out" '.variables[0].probe | .cost == "emulated" and .location.reg == "r15"'
probe=$(jq -r '.variables[0].probe.pc' <<<"$out")
same "the probe's bytes are the file's" \
    "$(bytes_at $target "$(jq -r '.variables[0].probe.file_offset' <<<"$out")" "$(jq -r '.variables[0].probe.bytes | length / 2' <<<"$out")")" \
    "$(jq -r '.variables[0].probe.bytes' <<<"$out")"
same "objdump has an instruction at the probe" \
    "$(objdump -d --start-address="$probe" --stop-address=$((probe + 1)) $target | grep -c "^ *${probe#0x}:")" 1
same "the same with one thread and with two" "$("$LVSCAN" --json -j1 -c 30000..30011 $target | jq -c 'del(.stats.elapsed_ns)')" \
    "$("$LVSCAN" --json -j2 -c 30000..30011 $target | jq -c 'del(.stats.elapsed_ns)')"
json "--proof exact leaves out what rests on more" "$("$LVSCAN" --json --proof exact -c 30000..30011 $target)" \
    '[.variables[].ranges[].proof] | length > 0 and all(. == "exact")'
json "an enum of a source file stands for its values" "$("$LVSCAN" --json -e tests/fixtures/async_action.h:AsyncAction $target)" \
    '.variables[0].matched | length >= 11 and index(30007) != null'
same "--sha256 is the file's" "$("$LVSCAN" --json --sha256 -c 30000 $target | jq -r .binary.sha256)" "$(sha256sum <$target | cut -d' ' -f1)"
same "the build id is the file's" "$(jq -r .binary.build_id <<<"$out")" "$(readelf -n $target | sed -n 's/.*Build ID: //p')"

spec=$("$LVSCAN" --emit perf -e tests/fixtures/async_action.h:AsyncAction $target)
json "--emit perf is a whole spec" "$spec" '.schema == "lvscan-probe/1" and .location.reg == "r15" and .names["30007"] == "print_non_map"
    and (.binary.sha256 | test("^[0-9a-f]{64}$")) and .perf.pmu == "uprobe" and .perf.config2 == .file_offset
    and .perf.sample_regs_user == "0x800000" and .perf.sample_type == ["IP", "TID", "TIME", "REGS_USER"]
    and .perf.config1 == .binary.path'

program='BEGIN { print("trigger!"); exit() }'
if live "trace -- COMMAND"; then
    hits=$("$LVSCAN" trace --json -e tests/fixtures/async_action.h:AsyncAction $target -- bpftrace -e "$program")
    same "live: trace ends well" "$?" 0
    hits=$(grep '^{' <<<"$hits" | jq -s .)
    json "live: a hit is 30007, named print_non_map" "$hits" 'any(.value == 30007 and .name == "print_non_map" and .comm == "bpftrace")'
    json "live: another is 30000, named exit" "$hits" 'any(.value == 30000 and .name == "exit")'
    json "live: each hit has its keys" "$hits" 'map(select(.summary | not)) | length >= 2 and all((.time_ns | type) == "number"
        and (.pid | type) == "number" and (.tid | type) == "number" and (.pc | test("^0x[0-9a-f]+$")))'
    json "live: each was read where the variable is proved to be in r15" "$hits" "def number: ltrimstr(\"0x\") | explode
        | reduce .[] as \$c (0; . * 16 + (if \$c > 96 then \$c - 87 else \$c - 48 end));
        $(jq -c '[.variables[0].ranges[] | select(.location.reg == "r15") | [.start, .end]]' <<<"$out") as \$ranges
        | map(select(.summary | not)) | all((.pc | number) as \$pc | any(\$ranges[]; (.[0] | number) <= \$pc and \$pc < (.[1] | number)))"
    json "live: the summary comes last and counts them" "$hits" '.[-1].summary and .[-1].hits == length - 1 and .[-1].lost == 0'

    echo "$spec" >"$work/spec"
    same "live: trace --spec reads the same" "$("$LVSCAN" trace --json --spec "$work/spec" -- bpftrace -e "$program" |
        jq -rc 'select(.value == 30007) | .name')" print_non_map
    jq -c '.bytes = "90"' "$work/spec" >"$work/wrong"
    "$LVSCAN" trace --spec "$work/wrong" -- bpftrace -e "$program" >"$work/out" 2>"$work/err"
    same "live: a spec with other bytes is refused" "$? $(wc -l <"$work/err") $(wc -c <"$work/out")" "4 1 0"
fi

if live "--emit bpftrace in bpftrace"; then
    "$LVSCAN" --emit bpftrace -c 30000..30011 $target >"$work/script.bt"
    chmod +x "$work/script.bt"
    "$work/script.bt" >"$work/bt.out" 2>"$work/bt.err" &
    tracer=$!
    for _ in $(seq 100); do grep -qi attach "$work/bt.out" "$work/bt.err" && break; sleep 0.1; done
    sleep 1
    for _ in $(seq 20); do bpftrace -e "$program" >/dev/null 2>&1; grep -q 30007 "$work/bt.out" && break; done
    kill -INT $tracer && wait $tracer
    same "live: bpftrace runs the emitted script and prints 30007" "$(grep -o -m1 30007 "$work/bt.out")" 30007
    grep -q 30007 "$work/bt.out" || say "$(cat "$work/script.bt" "$work/bt.out" "$work/bt.err")"
fi

if live "--emit tracefs in the kernel"; then
    tracefs=$(awk '$3 == "tracefs" { print $2; exit }' /proc/mounts)
    if [ -z "$tracefs" ]; then mount -t tracefs tracefs /sys/kernel/tracing && tracefs=/sys/kernel/tracing; fi
    line=$("$LVSCAN" --emit tracefs -c 30000..30011 $target | grep -v '^#' | head -1)
    event=$(sed 's/^p:\([^ ]*\).*/\1/' <<<"$line")
    mkdir "$tracefs/instances/lvscan-test.$$"
    instance=$tracefs/instances/lvscan-test.$$
    if check "live: the kernel takes the emitted line" sh -c "echo '$line' >>$tracefs/uprobe_events"; then :; fi
    if echo 1 >"$instance/events/$event/enable"; then
        bpftrace -e "$program" >/dev/null 2>&1
        timeout 2 cat "$instance/trace_pipe" >"$work/pipe"
        echo 0 >"$instance/events/$event/enable"
    fi
    echo "-:$event" >>"$tracefs/uprobe_events"
    rmdir "$instance"
    same "live: trace_pipe shows 30007" "$(grep -ow -m1 -e 30007 -e 0x7537 "$work/pipe")" 30007
fi
done_testing
