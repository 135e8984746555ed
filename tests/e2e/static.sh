#!/usr/bin/env bash
# timeout: 400
# The program needs nothing at run time: it works in a folder that holds only it and its target.
. "$(dirname "$0")/../lib.sh"

check "statically linked: no interpreter" sh -c '! readelf -lW "$1" | grep -q INTERP' sh "$LVSCAN"
check "statically linked: no libraries" sh -c '! readelf -dW "$1" | grep -q NEEDED' sh "$LVSCAN"
check "no executable stack" sh -c 'readelf -lW "$1" | grep GNU_STACK | grep -vq E' sh "$LVSCAN"
mkdir "$work/root" && cp "$LVSCAN" /usr/bin/bpftrace "$work/root"
if [ "$(id -u)" = 0 ]; then enter=(chroot "$work/root"); else enter=(unshare --user --map-root-user chroot "$work/root"); fi
if "${enter[@]}" /lvscan --version >/dev/null 2>&1; then
    out=$("${enter[@]}" /lvscan --json -c 30000..30011 /bpftrace)
    json "in an empty root: the variable is found" "$out" '.variables[0].matched | length >= 11'
    same "in an empty root: nothing was written" "$(cd "$work/root" && echo *)" "bpftrace lvscan"
else
    check "in an empty root the program runs" "${enter[@]}" /lvscan --version
fi
if command -v musl-gcc >/dev/null; then
    check "builds with musl" make -s -j"$(nproc)" BUILD="$work/musl" CC=musl-gcc all
    json "the musl build finds the same" \
        "$("$work/musl/lvscan" --json -c 30000..30011 /usr/bin/bpftrace | jq -s '[.[0].variables]')" \
        "length == 1 and .[0] == ($("$LVSCAN" --json -c 30000..30011 /usr/bin/bpftrace | jq -c .variables))"
fi
make -s install DESTDIR="$work/dest" PREFIX=/usr BUILD="$BUILD" >/dev/null
check "make install puts it under DESTDIR and PREFIX" "$work/dest/usr/bin/lvscan" --version
done_testing
