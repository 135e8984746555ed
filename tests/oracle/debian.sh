#!/usr/bin/env bash
# tests/oracle/debian.sh - programs as Debian ships them, each beside its copy with the symbols and debug information that Debian ships
# apart: DIR/NAME and DIR/NAME.stripped. Prints each program's path. Packages are downloaded, not installed; what is there is kept.
#   tests/oracle/debian.sh DIR [NAME...]
set -u
dir=${1:?"usage: debian.sh DIR [NAME...]"}
shift
mkdir -p "$dir" && cd "$dir" || exit 2
PATH=/usr/bin:/bin:$PATH

# name : file in its package : package : package with the debug information
programs='vsftpd:usr/sbin/vsftpd:vsftpd:vsftpd-dbg
    libpcre.so:lib/x86_64-linux-gnu/libpcre.so.3.13.3:libpcre3:libpcre3-dbg
    uwsgi-core:usr/bin/uwsgi-core:uwsgi-core:uwsgi-dbg
    libsyslog-ng.so:usr/lib/syslog-ng/libsyslog-ng-3.38.so.0.0.0:syslog-ng-core:syslog-ng-dbg
    rbd-nbd:usr/bin/rbd-nbd:rbd-nbd:rbd-nbd-dbg
    libjdwp.so:usr/lib/jvm/java-17-openjdk-amd64/lib/libjdwp.so:openjdk-17-jre-headless:openjdk-17-dbg
    libGraphicsMagick.so:usr/lib/libGraphicsMagick-Q16.so.3.24.2:libgraphicsmagick-q16-3:graphicsmagick-dbg
    libgsl.so:usr/lib/x86_64-linux-gnu/libgsl.so.27.0.0:libgsl27:libgsl-dbg
    python3.11:usr/bin/python3.11:python3.11-minimal:python3.11-dbg'

fetch() { # fetch PACKAGE: its files under x/
    [ -e "x/.$1" ] && return
    mkdir -p x && apt-get -qq download "$1" >/dev/null 2>&1 && dpkg -x "$1"_*.deb x && rm -f "$1"_*.deb && touch "x/.$1"
}

debug_file() { # debug_file PROGRAM
    local id
    id=$(readelf -n "$1" 2>/dev/null | sed -n 's/.*Build ID: //p')
    echo "x/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug"
}

for one in $programs; do
    IFS=: read -r name file package debug <<<"$one"
    [ $# = 0 ] || [[ " $* " == *" $name "* ]] || continue
    if [ ! -e "$name" ]; then
        fetch "$package" && fetch "$debug" && [ -f "x/$file" ] && cp "x/$file" "$name.stripped" &&
            eu-unstrip -o "$name" "x/$file" "$(debug_file "x/$file")" || { echo "debian: no $name from $package and $debug" >&2; continue; }
        chmod u+w "$name"
    fi
    echo "$PWD/$name"
done
