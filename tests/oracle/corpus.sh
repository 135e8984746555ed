#!/usr/bin/env bash
# tests/oracle/corpus.sh - real sources from Debian, built with debug information, for the DWARF oracle.
#   tests/oracle/corpus.sh FOLDER [CONFIG...]        CONFIG: PROJECT-COMPILER-LEVEL, such as zlib-gcc-O2; none: all
#   tests/oracle/corpus.sh --projects [CONFIG...]    only their projects
# Makes FOLDER/PROJECT-COMPILER-LEVEL/ with the linked programs (-g, relocations and local labels kept) and, beside each PROGRAM,
# PROGRAM.stripped. Prints each program's path. What is there already is kept. Sources come by `apt-get source` with an own list,
# so the machine's package sources are left as they are.
set -u
projects='zlib expat lua xz bash redis jsoncpp tinyxml2'
levels='O1 O2 O3 Os'
[ "${1-}" != --projects ] || { # of the given configurations; none: all
    shift
    if [ $# -gt 0 ]; then printf '%s\n' "${@%%-*}" | sort -u; else printf '%s\n' $projects; fi
    exit
}
folder=$(realpath -m "${1:?usage: corpus.sh FOLDER [CONFIG...]}")
shift
mkdir -p "$folder/source" "$folder/apt/lists/partial" || exit 2

# project: Debian's source package | how to prepare a copy of it | how to build | programs. In the last two $CC, $CXX, $FLAGS, $LINK hold.
project() {
    package=$1 prepare='' build='' programs=''
    case $1 in
    zlib) prepare='./configure --static' programs='minigzip'
        build='make -s CC="$CC" CFLAGS="$FLAGS -D_LARGEFILE64_SOURCE=1 -DHAVE_HIDDEN" LDSHAREDLIBC= TEST_LDFLAGS="-L. libz.a $LINK" minigzip' ;;
    expat) prepare=': >expat/lib/expat_config.h' programs='expat/xmlwf/xmlwf'
        build='cd expat && $CC $FLAGS -w -Ilib -DXML_DTD -DXML_NS -DXML_CONTEXT_BYTES=1024 -DXML_DEV_URANDOM -DBYTEORDER=1234 -o xmlwf/xmlwf \
            lib/xmlparse.c lib/xmlrole.c lib/xmltok.c xmlwf/xmlwf.c xmlwf/xmlfile.c xmlwf/codepage.c xmlwf/unixfilemap.c $LINK' ;;
    lua) package=lua5.4 programs='src/lua'
        build='make -s -C src CC="$CC -std=gnu99" MYCFLAGS="-O0 $FLAGS -DLUA_USE_POSIX" MYLDFLAGS="$LINK" lua' ;;
    xz) package=xz-utils prepare='./configure --disable-shared --disable-nls --disable-doc --disable-scripts' programs='src/xz/xz'
        build='make -s CC="$CC" CFLAGS="$FLAGS" LDFLAGS="$LINK"' ;;
    bash) prepare='./configure --disable-nls --without-bash-malloc' programs='bash'
        build='make -s CC="$CC" CFLAGS="$FLAGS -w" LDFLAGS="$LINK" bash' ;;
    redis) programs='src/redis-cli src/redis-benchmark'
        build='make -s -C src CC="$CC" OPTIMIZATION= CFLAGS="$FLAGS -w" LDFLAGS="$LINK" DEBUG= MALLOC=libc redis-cli redis-benchmark' ;;
    jsoncpp) package=libjsoncpp programs='jsontest' # C++
        build='$CXX $FLAGS -w -Iinclude -o jsontest src/lib_json/*.cpp src/jsontestrunner/main.cpp $LINK' ;;
    tinyxml2) programs='xmltest' build='$CXX $FLAGS -o xmltest tinyxml2.cpp xmltest.cpp $LINK' ;; # C++
    *) return 1 ;;
    esac
}
apt_own() { # apt-get with a list of Debian's sources of its own
    apt-get -qq -o Dir::Etc::sourcelist="$folder/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$folder/apt/lists" \
        -o APT::Sandbox::User=root "$@"
}

fetch() { # fetch PROJECT: its unpacked and prepared sources in $folder/source/PROJECT
    local to=$folder/source/$1 tarball
    [ -e "$to/.ready" ] && return
    if [ ! -e "$folder/apt/ready" ]; then
        echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main" >"$folder/apt/sources.list"
        apt_own update && touch "$folder/apt/ready" || return
    fi
    rm -rf "$to"
    mkdir -p "$to" "$folder/download/$1" || return
    (cd "$folder/download/$1" && apt_own source --download-only "$package") || return
    tarball=$(find "$folder/download/$1" -name '*.orig.tar.*[a-z2]' ! -name '*.asc' | head -1)
    tar -xf "$tarball" -C "$to" --strip-components=1 || return
    (cd "$to" && CFLAGS='-O1 -w' bash -c "${prepare:-:}") >"$to.log" 2>&1 || { tail -5 "$to.log" >&2; return 1; }
    touch "$to/.ready"
}

config() { # config PROJECT COMPILER LEVEL
    local to=$folder/$1-$2-$3 program
    project "$1" || return
    if [ ! -e "$to/ready" ]; then
        fetch "$1" || { echo "corpus: $1: no source" >&2; return 1; }
        rm -rf "$to" && mkdir -p "$to" && cp -a "$folder/source/$1" "$to/tree" || return
        case $2 in gcc) CC=gcc CXX=g++ ;; clang) CC=clang CXX=clang++ ;; esac
        (cd "$to/tree" && export CC CXX FLAGS="-$3 -g -Wa,-L" LINK="-Wl,--emit-relocs" && eval "$build") >"$to.log" 2>&1 ||
            { echo "corpus: $1-$2-$3 was not built:" >&2; tail -5 "$to.log" >&2; return 1; }
        for program in $programs; do
            cp "$to/tree/$program" "$to/" && strip -s -o "$to/${program##*/}.stripped" "$to/tree/$program" || return
        done
        rm -rf "$to/tree"
        touch "$to/ready"
    fi
    for program in $programs; do echo "$to/${program##*/}"; done
}

[ $# -gt 0 ] || for p in $projects; do for c in gcc clang; do for l in $levels; do set -- "$@" "$p-$c-$l"; done; done; done
status=0
for name; do
    IFS=- read -r p c l <<<"$name"
    config "$p" "$c" "$l" || status=1
done
exit $status
