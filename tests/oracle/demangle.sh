#!/usr/bin/env bash
# tests/oracle/demangle.sh PROGRAM [FILE-OR-FOLDER...] - every mangled name of the ELF files and archives in the folders
# (/usr/bin /usr/lib /usr/local and the Rust toolchains by default), or of a list of names (a FILE *.txt), through PROGRAM
# (tests/oracle/demangle.c, built) and through c++filt. Differences that demangle_known.txt does not explain fail.
# Rust names are compared with `c++filt -i`, which leaves the hashes out as we do.
set -u -o pipefail
here=$(dirname "$0") program=$1
shift
[[ $# -gt 0 ]] || set -- /usr/bin /usr/lib /usr/local /root/.rustup
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

names_of_file() {
    case $(head -c 7 "$1" 2>/dev/null | tr -d '\0') in
    $'\x7fELF'* | '!<arch>'*) { nm "$1"; nm -D "$1"; } 2>/dev/null | sed 's/.* //; s/@.*//' ;;
    esac
}

all_names() {
    local path file
    for path; do
        if [[ -f $path && $path == *.txt ]]; then
            cat "$path"
        else
            find "$path" -type f -size +4k \( -perm -u+x -o -name '*.so*' -o -name '*.a' -o -name '*.rlib' \) -print0 2>/dev/null |
                while IFS= read -r -d '' file; do names_of_file "$file"; done
        fi
    done | grep -aE '^_(Z|R|GLOBAL_)' | sort -u
}

# $1: the names; the rest: c++filt's options. Lines "name, c++filt's, ours" where they differ.
differences() {
    local names=$1
    shift
    paste "$names" <(c++filt "$@" <"$names") <("$program" <"$names") | awk -F'\t' '$2 != $3'
}

all_names "$@" >"$work/all"
grep -aE '^_R|17h[0-9a-f]{16}E' "$work/all" >"$work/rust"
grep -avE '^_R|17h[0-9a-f]{16}E' "$work/all" >"$work/cxx"
{ differences "$work/cxx"; differences "$work/rust" -i; } >"$work/different"
grep -v '^#' "$here/demangle_known.txt" | cut -f1 >"$work/known"
cut -f1 "$work/different" | grep -naEf "$work/known" | cut -d: -f1 >"$work/explained"
awk 'NR == FNR { known[$1]; next } !(FNR in known)' "$work/explained" "$work/different" >"$work/unexplained"
echo "$(wc -l <"$work/cxx") C++ and $(wc -l <"$work/rust") Rust names: $(wc -l <"$work/different") differ," \
    "$(wc -l <"$work/unexplained") of them unexplained"
[[ -s $work/all ]] || { echo "no names found" >&2; exit 1; }
if (($(wc -l <"$work/different") * 1000 > $(wc -l <"$work/all"))); then
    echo "more than one name in a thousand differs" >&2
    exit 1
fi
if [[ -s $work/unexplained ]]; then
    head -n 20 "$work/unexplained"
    exit 1
fi
