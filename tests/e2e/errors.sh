#!/usr/bin/env bash
# What cannot be done ends in one clear line on standard error, the right exit status, and nothing on standard output.
. "$(dirname "$0")/../lib.sh"

# refused STATUS NAME PATTERN COMMAND...: the line on standard error must match PATTERN.
refused() {
    local wanted=$1 name=$2 pattern=$3 status
    shift 3
    "$@" >"$work/out" 2>"$work/err"
    status=$?
    same "$name" "$status, $(wc -l <"$work/err") line, $(wc -c <"$work/out") bytes out" "$wanted, 1 line, 0 bytes out"
    check "$name: says why" grep -qEi -e "$pattern" "$work/err"
    if [ $status != "$wanted" ] || [ "$(wc -l <"$work/err")" != 1 ]; then say "$*" "$(head -5 "$work/err")"; fi
}

cp /usr/bin/bpftrace "$work/good"
: >"$work/empty"
echo 'hello, this is text' >"$work/text"
head -c 100000 /dev/urandom | tail -c +7 | { printf 'MZ'; cat; } >"$work/noise"
patch() { # patch FILE OFFSET BYTES: a copy of good with other bytes in its header
    cp "$work/good" "$work/$1" && printf "$3" | dd of="$work/$1" bs=1 seek="$2" conv=notrunc status=none
}
head -c 40 "$work/good" >"$work/short"
head -c 64 "$work/good" >"$work/header"
head -c 200000 "$work/good" >"$work/truncated"
patch elf32 4 '\001'
patch big-endian 5 '\002'
patch aarch64 18 '\267\000'
patch relocatable 16 '\001\000'
patch core 16 '\004\000'
mkdir "$work/nothing" "$work/texts" && cp "$work/text" "$work/texts"
mkfifo "$work/fifo"

c=(-c 30000)
refused 3 "a missing file" 'missing: .*no such file' "$LVSCAN" "${c[@]}" "$work/missing"
refused 3 "an empty file" 'empty' "$LVSCAN" "${c[@]}" "$work/empty"
refused 3 "a text file" 'text: .*ELF' "$LVSCAN" "${c[@]}" "$work/text"
refused 3 "noise" 'noise: .*ELF' "$LVSCAN" "${c[@]}" "$work/noise"
refused 3 "half a header" 'short: .*(truncated|short|header)' "$LVSCAN" "${c[@]}" "$work/short"
refused 3 "only a header" 'header: .*(truncated|outside|end|header)' "$LVSCAN" "${c[@]}" "$work/header"
refused 3 "a 32-bit file" 'elf32: .*32-bit' "$LVSCAN" "${c[@]}" "$work/elf32"
refused 3 "a big-endian file" 'big-endian: .*endian' "$LVSCAN" "${c[@]}" "$work/big-endian"
refused 3 "an AArch64 file" 'aarch64: .*(aarch64|machine|architecture|x86-64)' "$LVSCAN" "${c[@]}" "$work/aarch64"
refused 3 "a relocatable object" 'relocatable: .*(relocatable|object|linked)' "$LVSCAN" "${c[@]}" "$work/relocatable"
refused 3 "a core file" 'core: .*core' "$LVSCAN" "${c[@]}" "$work/core"
refused 3 "a directory without ELF files" 'nothing: .*no .*ELF' "$LVSCAN" "${c[@]}" "$work/nothing"
refused 3 "a directory of texts" 'texts: .*no .*ELF' "$LVSCAN" "${c[@]}" "$work/texts"
refused 3 "a FIFO" 'fifo: ' timeout 10 "$LVSCAN" "${c[@]}" "$work/fifo"
refused 3 "a device" '/dev/null: ' "$LVSCAN" "${c[@]}" /dev/null
refused 3 "a process that is not there" 'pid:4194305|4194305' "$LVSCAN" "${c[@]}" pid:4194305

"$LVSCAN" "${c[@]}" "$work/truncated" >"$work/out" 2>"$work/err"
status=$?
check "a truncated file is refused, or read as far as it goes with a warning" test $status = 3 -o -s "$work/err"
if [ $status = 3 ]; then same "a truncated file: nothing on standard output" "$(wc -c <"$work/out")" 0; fi

refused 2 "no arguments" 'usage|try|BINARY' "$LVSCAN"
refused 2 "no binary" 'BINARY|file' "$LVSCAN" -c 1
refused 2 "an unknown option" 'bogus' "$LVSCAN" --bogus "$work/good"
refused 2 "an option without its value" 'const|-c' "$LVSCAN" "$work/good" -c
refused 2 "no number" 'twelve' "$LVSCAN" -c twelve "$work/good"
refused 2 "a number over 64 bits" '99999999999999999999' "$LVSCAN" -c 99999999999999999999 "$work/good"
refused 2 "a range that runs backward" '9\.\.1' "$LVSCAN" -c 9..1 "$work/good"
refused 2 "an endless range" '0\.\.' "$LVSCAN" -c 0..0xffffffffffff "$work/good"
refused 2 "an unknown proof level" 'certain' "$LVSCAN" --proof certain "$work/good"
refused 2 "an unknown form" 'fortran' "$LVSCAN" --emit fortran -c 1 "$work/good"
refused 2 "threads that are no number" 'jobs.*many|many' "$LVSCAN" -j many "$work/good"
refused 2 "trace without a target" 'pid|-p|command' "$LVSCAN" trace -c 30000 "$work/good"
refused 2 "trace of a process that is no number" 'abc' "$LVSCAN" trace -c 30000 "$work/good" -p abc
refused 2 "hexadecimal that is none" 'hex' "$LVSCAN" disasm --hex zz
refused 3 "an enum file that is not there" 'gone\.h' "$LVSCAN" -e "$work/gone.h" "$work/good"
refused 3 "an enum that is not in the file" 'NoSuch' "$LVSCAN" -e tests/fixtures/async_action.h:NoSuch "$work/good"
refused 1 "a function that is not there" 'no_such_function' "$LVSCAN" -c 30000 -f no_such_function "$work/good"
"$LVSCAN" --json -c 0x123456789abc "$work/good" >"$work/out" 2>"$work/err"
same "a constant that is nowhere: status 1, an object without variables" "$? $(jq '.variables | length' "$work/out")" "1 0"

"$LVSCAN" --json "${c[@]}" "$work/text" "$work/good" "$work/missing" >"$work/out" 2>"$work/err"
same "with several inputs the others are still done" "$? $(wc -l <"$work/out") $(wc -l <"$work/err")" "3 1 2"
"$LVSCAN" --json "${c[@]}" "$work/good" >/dev/full 2>"$work/err"
check "a full standard output is an error" test $? != 0 -a -s "$work/err"
check "--help exits 0" "$LVSCAN" --help
check "--version exits 0" "$LVSCAN" --version

# as USER: runs the command as one who may not attach, nor read what is another's
if [ "$(id -u)" = 0 ]; then
    as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all --inh-caps=-all "$@"; }
    chmod 755 "$work" && cp "$work/good" "$work/secret" && chmod 600 "$work/secret"
    install -m 755 "$LVSCAN" "$work/lvscan"
    refused 3 "an unreadable file" 'secret: .*permission' as_nobody "$work/lvscan" "${c[@]}" "$work/secret"
    refused 4 "no permission to attach" 'permission|privilege|root|CAP_' \
        as_nobody "$work/lvscan" trace -c 30000..30011 "$work/good" -- "$work/good" --version
else
    skip "an unreadable file" "needs root to become another user"
    refused 4 "no permission to attach" 'permission|privilege|root|CAP_' \
        "$LVSCAN" trace -c 30000..30011 "$work/good" -- "$work/good" --version
fi
long=$(printf 'n%.0s' {1..80})
refused 1 "a long name that no function has" "no function named n{60} " "$LVSCAN" -f "$long" "$work/good"
done_testing
