#!/usr/bin/env bash
# timeout: 600
# live: every command of docs/HOWTO.md, run as it stands there. A section's blocks share a folder; a block must succeed, and
# where it asks lvscan something must print something.
. "$(dirname "$0")/../lib.sh"

mkdir "$work/bin" && cp "$LVSCAN" "$work/bin/lvscan"
export PATH=$work/bin:$PATH HOME=$work

# blocks: FILE per block, NUMBER.KIND.SECTION, from the fences ```sh, ```sh live, ```sh ssh
mkdir "$work/blocks"
awk -v dir="$work/blocks" '
    /^## / { section++ }
    /^```/ && out { close(out); out = ""; next }
    /^```sh/ { kind = $2 ? $2 : "plain"; out = sprintf("%s/%03d.%s.%d", dir, ++n, kind, section); printf "" >out; next }
    out { print >out }' docs/HOWTO.md
check "there are blocks of all sections" test "$(find "$work/blocks" -type f | sed 's/.*\.//' | sort -u | wc -l)" -ge 6

# An sshd of our own on loopback, with keys made here; false where that does not work.
ssh_open() {
    command -v /usr/sbin/sshd ssh ssh-keygen >/dev/null || return 1
    mkdir -p "$work/ssh" /run/sshd && chmod 700 "$work/ssh" || return 1
    ssh-keygen -q -t ed25519 -N '' -f "$work/ssh/host" && ssh-keygen -q -t ed25519 -N '' -f "$work/ssh/key" || return 1
    cp "$work/ssh/key.pub" "$work/ssh/authorized"
    port=$((20000 + RANDOM % 20000))
    /usr/sbin/sshd -f /dev/null -h "$work/ssh/host" -p $port -o ListenAddress=127.0.0.1 -o StrictModes=no -o UsePAM=no \
        -o AuthorizedKeysFile="$work/ssh/authorized" -o PidFile="$work/ssh/pid" -o PermitRootLogin=prohibit-password || return 1
    trap 'kill "$(cat "$work/ssh/pid")" 2>/dev/null; rm -rf "$work"' EXIT
    export HOSTS=127.0.0.1
    export SSH="ssh -p $port -i $work/ssh/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        $SSH 127.0.0.1 true </dev/null 2>/dev/null && return
        sleep 0.3
    done
    return 1
}

needed() { # needed FILE: the first program that the block uses and that is not here
    local program
    for program in bpftrace gron rg redis-server redis-cli redis-benchmark parallel sqlite3 jq cc; do
        if grep -qE "(^|[ |/(])$program( |$)" "$1" && ! command -v $program >/dev/null; then
            echo $program
            return
        fi
    done
}

for block in "$work"/blocks/*; do
    IFS=. read -r number kind section <<<"$(basename "$block")"
    name="section $section, block $((10#$number)): $(grep -m1 lvscan "$block" | cut -c1-60)"
    missing=$(needed "$block")
    if [ -n "$missing" ]; then skip "$name" "$missing is not installed"; continue; fi
    if [ "$kind" = live ] && ! live "$name"; then continue; fi
    if [ "$kind" = ssh ] && ! ssh_open; then skip "$name" "no sshd of our own"; continue; fi
    mkdir -p "$work/section-$section" && cp "$work/bin/lvscan" "$work/section-$section/"
    (cd "$work/section-$section" && timeout 120 bash -euo pipefail "$block" </dev/null) >"$work/out" 2>"$work/err"
    status=$?
    result $status "$name"
    [ $status = 0 ] || say "status $status" "$(tail -5 "$work/out")" "$(tail -5 "$work/err")"
    cp "$work/out" "$work/said.$section.$number"
done

said() { # said WORD SECTION: a block of the section printed it
    check "section $2 says $1" sh -c 'cat "$1".* "$2"/*.jsonl 2>/dev/null | grep -qF -e "$3"' sh "$work/said.$2" "$work/section-$2" "$1"
}
said '▶' 1
said 'print_non_map' 1
said 'encoding/json.stateBeginValue' 2
said 'redis_check_rdb' 3
said 'ok    location' 5
[ "$(id -u)" = 0 ] && said '250 RDB_OPCODE_AUX' 3 && said '20000  4 OBJ_HASH' 3 && said '16383' 4 && said 'lvscan-record/1' 5 && said 0493b1f0 6
check "the table has programs" grep -qE '^some/.* [1-9]' "$work"/said.6.*

# The Velociraptor artifact, as far as that goes without Velociraptor.
mapfile -t words < <(/usr/bin/python3 tests/artifact.py docs/lvscan.artifact.yaml)
check "the artifact's command line has all its words" test ${#words[@]} -ge 8
"$LVSCAN" "${words[@]:0:${#words[@]}-1}" /bin/ls >"$work/artifact.json" 2>"$work/err"
check "lvscan takes the artifact's command line" test $? -le 1
"$LVSCAN" --json --sha256 -n 1 /bin/ls >"$work/artifact.json"
check "the artifact's keys, and what it reads of lvscan's output" /usr/bin/python3 tests/artifact.py docs/lvscan.artifact.yaml "$work/artifact.json"
done_testing
