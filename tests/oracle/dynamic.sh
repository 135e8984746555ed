#!/usr/bin/env bash
# tests/oracle/dynamic.sh - the dynamic oracle over Debian's programs: lvscan analyses each, then dynamic/main.c runs it and checks
# every claimed range, site and probe, and every indirect jump.
#   tests/oracle/dynamic.sh [--full] [LABEL...]      from the project's root; BUILD names the build folder
# Without --full: the 300 best variables of each program, minutes in all. --full: all variables, every activation that an hour has
# room for. Violations are in $BUILD/oracle/dynamic/LABEL.log, the totals in TOTALS there. Exit status 1: violations, or nothing ran.
set -u
cd "$(dirname "$0")/../.." || exit 2
BUILD=${BUILD:-build}
LVSCAN=$(realpath -m "${LVSCAN:-$BUILD/lvscan}")
OUT=$BUILD/oracle/dynamic
full=
[ "${1-}" != --full ] || { full=yes && shift; }
PATH=/usr/bin:/bin:$PATH
only=" $* "
mkdir -p "$OUT" && OUT=$(realpath "$OUT") || exit 2
WARN="-std=c11 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Werror"
# shellcheck disable=SC2086
${CC:-gcc} $WARN -O2 -g -D_GNU_SOURCE -I. -o "$OUT/dynamic" tests/oracle/dynamic/*.c || exit 2
tests/oracle/dynamic/self.sh "$OUT/dynamic" "$OUT/self" || exit 1

if [ $full ]; then variables=0 activations=2000 seconds=240 analysis=600 parallel=2; else
    variables=300 activations=12 seconds=5 analysis=40 parallel=2
fi
lib=/lib/x86_64-linux-gnu

work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
prepare() { # something for the programs to work on
    seq 1 3000 | awk '{ print $1 * 7919 % 3001, "line", $1, "foo" $1 % 17 "bar", "{\"a\":" $1 "}" }' >"$work/text"
    head -c 200000 /usr/bin/bpftrace >"$work/bytes"
    awk '{ printf "{\"id\":%d,\"name\":\"%s\",\"list\":[1,2.5,null,true,\"\\u00e9\\n\"]}\n", NR, $4 }' "$work/text" >"$work/json"
    printf '#include <stdio.h>\nint f(int x) { switch (x) { case 1: return 5; case 2: return 7; case 9: return x; } return 0; }\n%s\n' \
        'int main(int c, char **v) { for (int i = 0; i < c; i++) printf("%d %s\n", f(i), v[i]); return 0; }' >"$work/a.c"
    { git init -q "$work/repo" && cd "$work/repo" && git config user.email a@b && git config user.name n && cp ../a.c . &&
        git add . && git commit -qm one && sed -i 's/5/6/' a.c && git commit -qam two && echo 'int y;' >>a.c; } >/dev/null 2>&1
    for one in sed grep mawk sort bc gzip; do # programs that no table tells anything of
        strip -R .eh_frame -R .eh_frame_hdr -o "$work/bare-$one" "$(readlink -f "$(command -v $one)")"
    done
    printf 'all: b\nb: a.c\n\techo $< $(words 1 2 3) $(patsubst %%.c,%%.o,a.c) >$@\n' >"$work/Makefile"
    printf "define(f, \`eval(\$1 * 2) ifelse(\$1, 3, y, n)')f(3) f(4) substr(abcdef, 2, 3) translit(abc, a-c, x-z)\n" >"$work/macros"
    printf 'scale=20\nfor (i = 1; i < 20; i++) { x = x + sqrt(i) / i }\nx\ne(1)\n2^100 %%%% 7\nquit\n' >"$work/sums"
    printf 'CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c REAL);\n' >"$work/sql"
    printf 'program a;\nvar i: integer;\nbegin\nfor i := 1 to 3 do case i of 1: writeln(i); 2..5: writeln(2 * i); end;\nend.\n' >"$work/a.pas"
    seq 200 | awk '{ printf "INSERT INTO t VALUES(%d, \"x%d\", %f);\n", $1, $1 % 13, $1 / 3 }' >>"$work/sql"
    printf 'CREATE INDEX i ON t(b);\nSELECT b, count(*), sum(c) FROM t WHERE a BETWEEN 10 AND 150 GROUP BY b ORDER BY 2 DESC, 1;\n%s\n' \
        'WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 50) SELECT group_concat(x) FROM n;' >>"$work/sql"
}
(prepare)

# run LABEL BINARY COMMAND...: BINARY (a path, or a name in PATH) is analysed and checked while COMMAND runs.
run() {
    local label=$1 binary path
    shift
    case $only in "  " | *" $label "*) ;; *) return ;; esac
    if [ -e "$1" ]; then path=$1; else path=$(command -v "$1") || return; fi
    binary=$(readlink -f "$path")
    [ -e "$binary" ] || return
    shift
    printf '%s\0%s\0' "$label" "$binary" >"$work/job.$label"
    printf '%s\0' "$@" >"$work/job.$label.command"
    echo "$label" >>"$work/jobs"
}

job() { # job LABEL: analyses, runs, checks
    local label=$1 binary command log=$OUT/$1.log
    mapfile -d '' -t command <"$work/job.$label"
    binary=${command[1]}
    mapfile -d '' -t command <"$work/job.$label.command"
    rm -f "$log"
    timeout "$analysis" "$LVSCAN" --json -j 1 -n "$variables" "$binary" >"$OUT/$label.json" 2>"$OUT/$label.err"
    local status=$?
    timeout "$analysis" "$LVSCAN" functions --json "$binary" >"$OUT/$label.functions" 2>>"$OUT/$label.err" || : >"$OUT/$label.functions"
    if [ $status -gt 1 ]; then
        echo "TOTAL $label analysis failed: status $status" | tee "$log"
        return
    fi
    (cd "$work" && timeout -k 5 $((seconds * 2 + 30)) "$OUT/dynamic" --label "$label" --json "$OUT/$label.json" \
        --functions "$binary" "$OUT/$label.functions" --max-activations $activations --seconds $seconds -- "${command[@]}" \
        </dev/null) 2>&1 | grep -a -E '^(VIOLATION|COVERAGE|TOTAL|dynamic:)' >"$log"
    grep -a '^TOTAL' "$log" || echo "TOTAL $label did not end" | tee -a "$log"
    rm -f "$OUT/$label.functions" "$OUT/$label.json"
}

run bash bash bash -c 'x=1; for i in {1..20}; do case $i in [5-8]*) x=$((x*i%97));; 1?) x=${x/1/2};; *) a[i]=$x;; esac; done
    f() { local y=$1; [[ $y =~ ([0-9]+)b ]] && echo "${BASH_REMATCH[1]}"; }; f 12b; printf "%s %d\n" "${a[*]}" $x; echo $(ls / | head -2)'
run grep grep grep -E -n -i 'fo+(1|2)*bar|LINE 2[0-9]+ ' text
run sed sed sed -n -E 's/([0-9]+) line ([0-9]+)/\2-\1/; /foo3/{p;d}; $!N; P; D' text
run awk mawk mawk '{ n[$4] += $1; if (match($0, /foo[0-9]+/)) s = substr($0, RSTART, RLENGTH) } END { for (k in n) printf "%s %d %.2f\n", k, n[k], log(n[k]) }' text
run tar tar tar -C / -cf /dev/null --exclude='*.pl' usr/share/perl5/Debconf etc/apt
run xz xz xz -6 -k -c bytes
run liblzma "$lib/liblzma.so.5" xz -6 -k -c bytes
run gzip gzip gzip -9 -c bytes
run libz "$lib/libz.so.1" git -C repo log --stat -p
run bzip2 "$lib/libbz2.so.1.0" bzip2 -k -c bytes
run zstd zstd zstd -q -9 -c bytes
run sort sort sort -k4,4 -k1,1n text
run find find find /usr/share/perl5 /etc -name '*.pm' -size +1k -newer /bin/ls -printf '%p %s %m\n'
run git git git -C repo diff HEAD~1
run gitlog git git -C repo log --graph --oneline --stat --format='%h %an %s'
run perl perl perl -e 'use strict; my %h; for (1..400) { $h{$_ % 7} .= chr(65 + $_ % 26); } for (sort keys %h) { (my $s = $h{$_}) =~ s/([AEIOU])(.)/$2\L$1/g;
    printf "%s %s %d\n", $_, pack("N", $_) eq "x" ? 1 : substr($s, 2, 9), length $s; } eval { die {a => 1} }; print sprintf("%.3f", sin 1), "\n"; print `echo hi`;'
run python python3.11 /usr/bin/python3.11 -S -E -c 'import json, re
class A:
    def __init__(self, x): self.x = x
    def __lt__(self, o): return self.x < o.x
print(json.dumps([sorted([A(3), A(1)])[0].x, {"a": 1.5, "b": None}]), re.sub(r"(a+)b?", r"\1", "caabt"), "%5.2f|%s" % (3.14159, "é".encode()))
try: {}["x"]
except KeyError as e: print(repr(e), 2 ** 200 // 7, [x * x for x in range(30) if x % 3], f"{12345:,}")'
run sqlite sqlite3 sqlite3 :memory: '.read sql'
run libsqlite "$lib/libsqlite3.so.0" sqlite3 :memory: '.read sql'
run openssl openssl openssl req -x509 -newkey rsa:1024 -nodes -keyout key -subj /CN=a -days 3
run libcrypto "$lib/libcrypto.so.3" openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key2 -subj /CN=a -days 3
run jq "$lib/libjq.so.1" jq -c 'select(.id % 50 == 3) | {n: (.name | ascii_upcase), s: (.list | map(tostring) | join("-")), k: keys}' json
run objdump objdump objdump -d --stop-address=0x29000 /usr/bin/sed
run libopcodes "$(ls $lib/libopcodes-*.so 2>/dev/null | head -1)" objdump -d --stop-address=0x29000 /usr/bin/sed
run libbfd "$(ls $lib/libbfd-*.so 2>/dev/null | head -1)" objdump -x /usr/bin/sed
run readelf readelf readelf -a -W /usr/bin/sed
run as x86_64-linux-gnu-as sh -c 'gcc -O2 -S -o a.s a.c && exec x86_64-linux-gnu-as -o a.o a.s'
run ld x86_64-linux-gnu-ld.bfd sh -c 'gcc -c -o l.o a.c && exec x86_64-linux-gnu-ld.bfd -r -o r.o l.o'
[ -z "$full" ] || run cc1 "$(gcc -print-prog-name=cc1)" "$(gcc -print-prog-name=cc1)" -O2 -quiet a.c -o a.out.s
[ -z "$full" ] || run clang "$(ls $lib/libclang-cpp.so.14 /usr/lib/llvm-14/lib/libclang-cpp.so.14 2>/dev/null | head -1)" /usr/lib/llvm-14/bin/clang -cc1 -fsyntax-only a.c
run gdb gdb gdb -batch -nx -ex 'p 1+2*3' -ex 'info line nosuch' -ex 'info functions ma' -ex 'p sizeof(int)' -ex 'x/20i main' /usr/bin/sort
run bpftrace bpftrace bpftrace -e 'BEGIN { @a[1] = count(); $x = 5; if ($x > 3) { printf("hi %d %s\n", $x, "s"); } print(@a); exit(); }'
run bpftrace-d bpftrace bpftrace -d -e 'BEGIN { @h = hist(5); @l = lhist(3, 0, 10, 1); printf("%s\n", strftime("%H", nsecs)); clear(@h); time("%S\n"); exit(); }'
run make make make -C . -r b
run diff diff diff -u text json
run bare-sed "$work/bare-sed" ./bare-sed -n -E 's/([0-9]+) line ([0-9]+)/\2-\1/; /foo3/{p;d}; $!N; P; D' text
run bare-grep "$work/bare-grep" ./bare-grep -E -n -i 'fo+(1|2)*bar|LINE 2[0-9]+ ' text
run bare-awk "$work/bare-mawk" ./bare-mawk '{ n[$4] += $1; if (match($0, /foo[0-9]+/)) s = substr($0, RSTART, RLENGTH) } END { for (k in n) printf "%s %d %.2f\n", k, n[k], log(n[k]) }' text
run bare-sort "$work/bare-sort" ./bare-sort -k4,4 -k1,1n text
run bare-bc "$work/bare-bc" ./bare-bc -l -q sums
run bare-gzip "$work/bare-gzip" ./bare-gzip -9 -c bytes
run m4 m4 m4 macros
run bc bc bc -l -q sums
run strace strace strace -f -o trace ls /
run curl "$lib/libcurl.so.4" curl -s -o /dev/null "file://$work/text"
run file "$lib/libmagic.so.1" file /usr/bin/sed "$work/text" "$work/a.c"
run libc "$lib/libc.so.6" sort -k4,4 -k1,1n text
run libc-printf "$lib/libc.so.6" bash -c 'printf "%5d %-8s %x %.3f %e\n" 42 abc 255 2.5 1e10; date +%A; [[ abc == a*c ]]; echo {a..e} /e*'
run libm "$lib/libm.so.6" mawk 'BEGIN { for (i = 1; i < 60; i++) s += sin(i) + exp(i / 9) + log(i) + i ^ 0.3 + atan2(i, 7) + cos(i * 1e5); print s }'
run ldso "$lib/ld-linux-x86-64.so.2" /usr/bin/python3.11 -S -c 'import zlib, json'
run libstdcxx "$lib/libstdc++.so.6" gdb -batch -nx -ex 'p 1.5*2' -ex 'info functions ma' /usr/bin/sort
run ripgrep rg rg -j 1 -n -i 'fo+1.?bar|line 2\d+' text
[ -z "$full" ] || run rustfmt rustfmt rustfmt --version
run docker docker docker --version
[ -z "$full" ] || run kubectl kubectl kubectl version --client
[ -z "$full" ] || run node node node --jitless --single-threaded -e 'console.log(JSON.stringify([1,2,3].map(x=>x*2)))'
run vim vim.basic vim.basic -u NONE -es -c '%s/foo/baz/g' -c 'g/line 1/d' -c 'q!' text
run less less less -N -E text
run zsh zsh zsh -f -c 'x=1; for i in {1..20}; do case $i in [5-8]*) x=$((x*i%97));; 1?) x=${x/1/2};; esac; done; print -r -- ${(s:,:)"a,b,c"} $x *(N[1,3])'
run fish fish fish --no-config -c 'for i in (seq 5); echo (math $i \* 2.5) (string replace -r "o+" x foo$i); end; set a 1 2 3; count $a'
run perlmath perl perl -e 'use POSIX; use List::Util qw(sum); print sum(map { floor($_ * 1.5) } 1..50), join(",", sort { $b <=> $a } 1..30)'
run cppcheck cppcheck cppcheck -q --enable=all a.c
run shellcheck shellcheck shellcheck -s sh Makefile
run fpc ppcx64 ppcx64 -Cn a.pas
run gron gron gron json
run go go go env GOROOT
run fd fdfind fdfind -j 1 -e pm . /usr/share/perl5/Debconf
run libapt "$lib/libapt-pkg.so.6.0" apt-cache policy bash
run mke2fs mke2fs mke2fs -q -F img 1000
run ldconfig ldconfig ldconfig -p
run tc tc tc -s qdisc show
run nginx nginx nginx -t -p . -e stderr
run sshd sshd sshd -t
run redis redis-server redis-server --test-memory 1
run wget wget wget -q -O - http://127.0.0.1:1/
run libgnutls "$lib/libgnutls.so.30" wget -q -O - https://127.0.0.1:1/
run libgcrypt "$lib/libgcrypt.so.20" gpg --homedir . --print-md sha256 text
[ -z "$full" ] || run f951 "$(gfortran -print-prog-name=f951)" sh -c "printf 'program a\nprint *, 1\nend\n' >p.f90; exec $(gfortran -print-prog-name=f951) -quiet p.f90 -o p.s"
run gpg gpg gpg --homedir . --batch --symmetric --passphrase x -o - text

export -f job
export OUT LVSCAN variables activations seconds analysis work
xargs -P $parallel -I{} bash -c 'job {}' <"$work/jobs" | tee "$OUT/TOTALS"

awk '$1 == "TOTAL" {
        ran += $3 ~ /^checks=/ && substr($3, 8) + 0 > 0
        bad += $3 !~ /^checks=/
        for (i = 3; i <= NF; i++) if (split($i, f, "=") == 2) {
            if (split(f[2], g, "/") == 2) { a[f[1]] += g[1]; b[f[1]] += g[2] } else a[f[1]] += f[2]
        }
    }
    END {
        printf "dynamic: %d programs, %d checks, %d violations", ran, a["checks"], a["violations"]
        n = split("exact callees abi frame partial site jumps notonce", k, " ")
        for (i = 1; i <= n; i++) printf ", %s %d/%d", k[i], a[k[i]], b[k[i]]
        printf ", %d programs without a total\n", bad
        exit !(ran && a["violations"] == 0)
    }' "$OUT/TOTALS"
