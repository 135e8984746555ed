#!/usr/bin/env bash
# tests/bench/growth.sh [--svg FILE] - how the cost grows with the text's size: processor seconds of lvscan in three modes and of
# objdump -d, over programs of 10 KB to 100 MB. --svg draws them, both axes logarithmic: linear growth is a slope of one.
set -u
lvscan=$(realpath -m "${BUILD:-build}")/lvscan svg=
[ "${1-}" = --svg ] && svg=$2
# shellcheck disable=SC2206
files=(${BENCH_FILES:-/bin/true /bin/ls /bin/bash /usr/bin/bpftrace /usr/bin/git /usr/bin/gdb /usr/bin/node /usr/lib/x86_64-linux-gnu/libLLVM-1[45].so.1})
TIMEFORMAT='%U %S'

# Bytes of the executable segments.
text_bytes() {
    local total=0 size
    for size in $(readelf -lW "$1" 2>/dev/null | sed -n 's/^ *LOAD \+[^ ]* [^ ]* [^ ]* \([^ ]*\) .* R E .*/\1/p'); do
        total=$((total + size))
    done
    echo $total
}
cpu() { { time "$@" >/dev/null 2>&1; } 2>&1 | awk '{ printf "%.3f", $1 + $2 }'; } # user and system time

echo "$(date -u +%F), $(nproc) x $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1); processor seconds, one thread"
printf '%-46s %12s %10s %10s %10s %10s\n' file text-bytes rare common all objdump
for file in "${files[@]}"; do
    [ -e "$file" ] || continue
    cat "$file" >/dev/null
    printf '%-46s %12s %10s %10s %10s %10s\n' "$file" "$(text_bytes "$file")" "$(cpu "$lvscan" -q -j1 -c 30000 "$file")" \
        "$(cpu "$lvscan" -q -j1 -c 7 "$file")" "$(cpu "$lvscan" -q -j1 "$file")" "$(cpu objdump -d "$file")"
done | tee >(awk -v out="$svg" '
    function x(v) { return 60 + 540 * (log(v) / log(10) - 4) / 4.2 }
    function y(v) { return 380 - 340 * (log(v < 0.001 ? 0.001 : v) / log(10) + 3) / 5 }
    { for (i = 3; i <= 6; i++) line[i] = line[i] sprintf("%.1f,%.1f ", x($2), y($i)) }
    END {
        if (out == "") exit
        split("#06c #090 #c60 #888", color); split("rare|common|all|objdump -d", name, "|")
        print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"720\" height=\"420\" font-family=\"sans-serif\" font-size=\"12\">" > out
        for (e = 4; e <= 8; e++) printf "<text x=\"%.0f\" y=\"398\">1e%d bytes</text>\n", x(10 ^ e) - 20, e > out
        for (e = -3; e <= 2; e++) printf "<text x=\"4\" y=\"%.0f\">%g s</text><path d=\"M60 %.0fH600\" stroke=\"#ddd\"/>\n", y(10 ^ e) + 4, 10 ^ e, y(10 ^ e) > out
        for (i = 3; i <= 6; i++) {
            printf "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"%s\"/>\n", color[i - 2], line[i] > out
            printf "<text x=\"610\" y=\"%d\" fill=\"%s\">%s</text>\n", 40 + 18 * i, color[i - 2], name[i - 2] > out
        }
        print "</svg>" > out
    }')
