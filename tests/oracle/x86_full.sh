#!/bin/sh
# The decoder's oracles at full length, in parts that are done once: 10^8 structured random sequences, 10^8 cut ones, every
# executable section of every ELF file under /usr/bin, /usr/lib and /usr/local, and the processor with 1000 states a row.
#   tests/oracle/x86_full.sh [KIND...]        from the project's root, after tests/oracle/x86.sh --build; BUILD names the build folder
# KIND: random cut files text (att and intel) cpu; all without one. Interrupt it and start it again: what is done is kept in
# $BUILD/oracle/full, in a folder for each program named after what it and the list of known differences hold, so that another
# decoder begins anew. Prints totals at the end, and whenever it is started with "totals".
set -u
cd "$(dirname "$0")/../.." || exit 2
OUT=${BUILD:-build}/oracle
dir_of() { # dir_of PROGRAM: the folder of its parts, with a copy of it, as the build folder may be rebuilt meanwhile
    dir=$OUT/full/$1.$(cat "$OUT/$1" tests/oracle/x86_known.txt | sha256sum | cut -c1-12)
    mkdir -p "$dir/lists" || exit 2
    [ -e "$dir/$1" ] || cp "$OUT/$1" "$dir/$1" || exit 2
    [ -e "$dir/known.txt" ] || cp tests/oracle/x86_known.txt "$dir/known.txt" || exit 2
    [ -e "$dir/lists/00" ] || find /usr/bin /usr/lib /usr/local -xdev -type f -size +1k | sort | split -d -n r/48 - "$dir/lists/"
    echo "$dir"
}
ZYDIS=$(dir_of x86_zydis) && TEXT=$(dir_of x86_text) && CPU=$(dir_of x86_cpu) || exit 2

part() { # part PROGRAM NAME LIST ARGUMENT...
    dir=${1%/*} program=$1 name=$2 list=$3
    shift 3
    [ ! -e "$dir/$name" ] || return 0
    "$program" --full --known "$dir/known.txt" "$@" <"$list" >"$dir/.$name.now" 2>/dev/null
    case $? in
    0 | 1) mv "$dir/.$name.now" "$dir/$name" ;;
    *) echo "oracle: $name did not end well" >&2; exit 2 ;;
    esac
    [ -z "${VERBOSE-}" ] || echo "oracle: $(date +%T) $name" >&2
}

text() { # text SYNTAX SEED LINES_FOR_LLVM
    for n in "$TEXT"/lists/*; do
        part "$TEXT/x86_text" "$1.${n##*/}" "$n" --syntax "$1" --random 1e5 --llvm "$3" --seed "$2${n##*/}" -
    done
}

kind() { # kind KIND: all its parts
    case $1 in
    random) for n in $(seq -w 1 50); do
        part "$ZYDIS/x86_zydis" "random.$n" /dev/null --random 2e6 --truncate 1 --seed "1$n"
    done ;;
    cut) for n in $(seq -w 1 16); do
        part "$ZYDIS/x86_zydis" "cut.$n" /dev/null --random 1 --truncate 5.2e5 --seed "2$n"
    done ;;
    files) for n in "$ZYDIS"/lists/*; do
        part "$ZYDIS/x86_zydis" "files.${n##*/}" "$n" --random 1 --truncate 1 -
    done ;;
    text) kind att && kind intel ;;
    att) text att 3 1e5 ;;
    intel) text intel 4 0 ;;
    cpu) for n in $(seq -w 1 64); do
        part "$CPU/x86_cpu" "cpu.$n" /dev/null --states 1000 --random 1e7 --seed 5 --part "$n/64"
    done ;;
    totals) ;;
    *) echo "oracle: no such kind: $1" >&2; exit 2 ;;
    esac
}

logs() { # logs KIND...: the files of the parts that are done, and one that is empty
    for k; do find "$ZYDIS" "$TEXT" "$CPU" -maxdepth 1 -name "$k.*"; done
    echo /dev/null
}
# The numbers before words that say what they count, added up.
sum() { # sum KIND WORDS
    logs "$1" | xargs grep -ohE "[0-9]+ $2" | awk '{ n += $1 } END { printf "%d", n }'
}
unexplained() { # unexplained KIND...
    logs "$@" | xargs grep -ohE 'unexplained (differences|violations): [0-9]+' | awk '{ n += $NF } END { printf "%d", n }'
}
total() { # total KIND PARTS
    printf 'oracle full %s: %d of %d parts, %s instructions, %s files, %s random, %s cuts, unexplained %s\n' "$1" \
        "$(($(logs "$1" | wc -l) - 1))" "$2" "$(sum "$1" instructions)" "$(sum "$1" files)" "$(sum "$1" random)" \
        "$(sum "$1" cuts)" "$(unexplained "$1")"
}
# Lines of the list that no part had a use for.
stale() { # stale ORACLE KIND...
    oracle=$1
    shift
    logs "$@" | xargs grep -h "^STALE known entry: $oracle " | sort | uniq -c |
        awk -v parts="$(($(logs "$@" | wc -l) - 1))" '$1 == parts { $1 = ""; print }'
}

[ $# -gt 0 ] || set -- random cut files cpu text
for k; do kind "$k"; done
total random 50
total cut 16
total files 48
total att 48
total intel 48
printf 'oracle full cpu: %d of 64 parts, %s forms of rows run, %s from 1000 states or more, %s states, unexplained %s\n' \
    "$(($(logs cpu | wc -l) - 1))" "$(logs cpu | xargs grep -ohE 'run [0-9]+' | awk '{ n += $2 } END { printf "%d", n }')" \
    "$(logs cpu | xargs grep -ohE '\([0-9]+ from' | tr -d '(' | awk '{ n += $1 } END { printf "%d", n }')" \
    "$(logs cpu | xargs grep -ohE 'states [0-9]+,' | awk '{ n += $2 } END { printf "%d", n }')" "$(unexplained cpu)"
stale zydis random cut files
stale objdump att intel
stale llvm att
logs random cut files att intel cpu | xargs grep -h -A1 '^DIFF' | head -n "${SHOW:-40}"
[ "$(unexplained random cut files att intel cpu)" = 0 ]
