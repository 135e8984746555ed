#!/usr/bin/env bash
# tests/oracle/dwarf.sh - the DWARF oracle: builds real sources (corpus.sh), strips them, scores lvscan on them (dwarf.py).
#   tests/oracle/dwarf.sh [--full] [CONFIG...]       from the project's root; BUILD names the build folder
#   tests/oracle/dwarf.sh --debian [NAME...]         the same of programs as Debian built them (debian.sh), all questions
# Without --full: five small projects, one compiler and level each, 60 questions a program. --full: all projects by gcc and clang at
# four levels, all questions. Prints a table and its totals; what was not right is listed in $BUILD/oracle/dwarf/notes.
# Exit status 1: a total is below its limit.
set -u
cd "$(dirname "$0")/../.." || exit 2
BUILD=${BUILD:-build}
LVSCAN=$(realpath -m "${LVSCAN:-$BUILD/lvscan}")
PATH=/usr/bin:/bin:$PATH
OUT=$BUILD/oracle/dwarf
mkdir -p "$OUT" || exit 2

corpus() { # corpus [CONFIG...]: builds them, and those without optimisation, which have the sources' own constants
    local plain
    plain=$(tests/oracle/corpus.sh --projects "$@" | sed 's/$/-gcc-O0/')
    # shellcheck disable=SC2086
    tests/oracle/corpus.sh "${CORPUS:-$BUILD/corpus}" $plain >/dev/null
    tests/oracle/corpus.sh "${CORPUS:-$BUILD/corpus}" "$@"
}

questions=1000000000
case ${1-} in
--debian) shift && tests/oracle/debian.sh "${CORPUS:-$BUILD/corpus}/debian" "$@" ;;
--full) shift && corpus "$@" ;;
'') questions=60 && corpus zlib-gcc-O2 zlib-clang-O3 expat-clang-Os expat-gcc-O1 lua-gcc-O3 lua-clang-O2 tinyxml2-gcc-O2 jsoncpp-clang-O2 ;;
*) questions=60 && corpus "$@" ;;
esac >"$OUT/programs" || echo "dwarf: some were not built" >&2
rm -f "$OUT"/notes.*
xargs -a "$OUT/programs" -P "${JOBS:-2}" -I{} sh -c 'tests/oracle/dwarf.py --lvscan "$1" --questions "$2" --verbose "$3/notes.$(basename \
    "$(dirname "$4")").$(basename "$4")" "$4"' - "$LVSCAN" "$questions" "$OUT" {} | sort >"$OUT/scores"
cat "$OUT"/notes.* >"$OUT/notes" 2>/dev/null

awk 'function percent(good, all) { return all ? sprintf("%6.2f", 100 * good / all) : "     -" }
    function row(label, s, t) { # s: good by name, t: all by name
        printf "%-34s %6d", label, t["right"]
        for (i = 1; i <= n; i++) printf " %s", percent(s[names[i]], t[names[i]])
        printf " %6.4f", 2 * s["starts"] / (t["starts"] + s["starts"] + s["extra"] + !t["starts"])
        printf " %d/%d %d\n", s["tables"], t["tables"], s["missing"]
    }
    BEGIN {
        n = split("right wrong none unknown right2 wrong2 immediate immediate3 real covered", names, " ")
        printf "%-34s %6s  right  wrong   none unknwn right2 wrong2   imm%%  imm3%%  real%%  cover  F1     tables missing\n", "program", "asked"
    }
    {
        split("", s); split("", t)
        for (f = 3; f <= NF; f++) {
            split($f, word, "=")
            k = split(word[2], pair, "/")
            s[word[1]] = pair[1]; t[word[1]] = k > 1 ? pair[2] : 0
            S[word[1]] += pair[1]; T[word[1]] += t[word[1]]
        }
        row($2, s, t)
    }
    END {
        if (!NR) { print "dwarf: nothing was scored"; exit 1 }
        row("all of " NR, S, T)
        # What must hold. A probe where DWARF has nothing to say (unknown) is neither right nor wrong.
        judged = T["right"] - S["unknown"]
        bad = S["right"] < .97 * judged || S["wrong"] > .003 * judged || S["immediate"] < .995 * T["immediate"] ||
            S["real"] < .995 * T["real"] || S["covered"] < .9 * T["covered"] || 2 * S["starts"] < .998 * (T["starts"] + S["starts"] + S["extra"]) ||
            S["tables"] < .99 * T["tables"] || S["missing"] > 0
        printf "of the %d questions that DWARF can judge: right %.2f%%, wrong %.2f%%, none %.2f%%\n", judged, 100 * S["right"] / (judged + !judged),
            100 * S["wrong"] / (judged + !judged), 100 * S["none"] / (judged + !judged)
        print "dwarf: " (bad ? "below a limit" : "every limit is held")
        exit bad
    }' "$OUT/scores"
