#!/usr/bin/env bash
# timeout: 1500
# What is handed out: manual page, completions, installed files, the release binary (the same wherever it is made), the package.
. "$(dirname "$0")/../lib.sh"

cc -std=c11 -I. -o "$work/mkdocs" cli/mkdocs/mkdocs.c
for form in man bash zsh fish; do "$work/mkdocs" $form >"$work/$form"; done
check "docs/lvscan.1 is what the option table makes (make docs)" cmp "$work/man" docs/lvscan.1
for option in $(sed -n 's/^OPTION([A-Z0-9_]*, [^,]*, "\([a-z0-9-]*\)".*/\1/p' cli/options.tbl); do
    check "--$option is in the page and in each completion" sh -c 'grep -qF -- "$(printf %s "$1" | sed "s/-/\\\\-/g")" "$2/man" &&
        grep -qF -e "--$1" "$2/bash" && grep -qF -e "--$1" "$2/zsh" && grep -qF -e "-l $1" "$2/fish"' sh "$option" "$work"
done
if command -v man >/dev/null; then
    same "the page has no faults" "$(man --warnings -E UTF-8 -l -Tutf8 -Z docs/lvscan.1 2>&1 >/dev/null)" ""
fi
for shell in bash zsh fish; do
    if command -v $shell >/dev/null; then check "$shell reads its completion" $shell -n "$work/$shell"; else skip "$shell" "not installed"; fi
done
complete_word() { # complete_word WORD...: what bash would offer for the last one
    # shellcheck disable=SC2016  # expanded by the inner shell
    bash -c '. "$1"; shift; COMP_WORDS=(lvscan "$@"); COMP_CWORD=$#; _lvscan; printf "%s\n" "${COMPREPLY[@]}"' bash "$work/bash" "$@"
}
same "bash completes a form" "$(complete_word --emit bp)" bpftrace
same "bash completes a command's option" "$(complete_word trace --chi)" --children

# Two copies of the sources, in folders of different names and lengths, built apart; the second by another user where this is
# root, at another time, with another umask, time zone, locale and PATH.
for copy in a/b another-folder; do
    mkdir -p "$work/$copy" && tar -c --exclude=./build --exclude=./.git --exclude=./tmp . | tar -x -C "$work/$copy"
    if [ $copy = a/b ] || [ "$(id -u)" != 0 ]; then as=(env); else # by another user, too
        chown -R nobody "$work/$copy" && chmod 711 "$work" "$work"/* && as=(setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME=/nonexistent)
    fi
    if [ $copy != a/b ]; then as+=(TZ=Pacific/Apia LC_ALL=C.UTF-8 USER=someone "PATH=$PATH:/opt/a/longer/path/than/before" CCACHE_DISABLE=1); fi
    (cd "$work/$copy" && { [ $copy = a/b ] || umask 077; } && "${as[@]}" env -u MAKEFLAGS make -s BUILD=build JOBS=2 deb) >"$work/said" 2>&1
    result $? "make release deb in $copy"
    [ -e "$work/$copy/build/release/lvscan" ] || sed 's/^/# /' "$work/said" | tail -20
done
one=$work/a/b/build two=$work/another-folder/build
check "the release is the same, bit for bit" cmp "$one/release/lvscan" "$two/release/lvscan"
check "so is the package" cmp "$one"/deb/*.deb "$two"/deb/*.deb
check "its SHA-256 is beside it" sh -c 'cd "$1" && sha256sum -c lvscan.sha256' sh "$one/release"
check "no path of the build is in it" sh -c '! grep -qaF "$1" "$2"' sh "$work" "$one/release/lvscan"
check "static and stripped" sh -c '! readelf -lW "$1" | grep -qE "INTERP|DYNAMIC" && ! readelf -SW "$1" | grep -q symtab' sh "$one/release/lvscan"
# libc's printf, scanf and calendar, and libgcc's list of processors, are 33 KB: see elf/format.h.
size=$(stat -c %s "$one/release/lvscan")
check "the release does not grow: $size bytes (limit 327680, not reached yet)" test "$size" -le 455000
check "no source calls libc's printf or scanf" sh -c '! grep -nE "(^|[^a-z_\"])(v?s?n?printf|dprintf|v?s?scanf|strtod|strftime)\\(" elf/*.c analysis/*.c x86/*.c cli/*.c |
    grep -v "sink_add\|sink_format\|format(printf"'
say "release: $(stat -c %s "$one/release/lvscan") bytes"
same "it works as the other" "$("$one/release/lvscan" --json -c 30000 /usr/bin/bpftrace | jq -c .variables)" \
    "$("$LVSCAN" --json -c 30000 /usr/bin/bpftrace | jq -c .variables)"
for file in ./usr/bin/lvscan ./usr/share/man/man1/lvscan.1.gz ./usr/share/bash-completion/completions/lvscan \
    ./usr/share/zsh/vendor-completions/_lvscan ./usr/share/fish/vendor_completions.d/lvscan.fish ./usr/share/doc/lvscan/copyright; do
    check "the package has $file" sh -c 'dpkg-deb -c "$1" | grep -q " $2\$"' sh "$(echo "$one"/deb/*.deb)" "$file"
done
package=$(echo "$one"/deb/*.deb)
if command -v lintian >/dev/null; then
    same "lintian has nothing to say of the package" "$(lintian --allow-root "$package" 2>&1 | grep -v 'root privileges')" ""
else
    skip "lintian" "not installed"
fi
if [ "$(id -u)" = 0 ]; then
    root=$work/root
    mkdir -p "$root/var/lib/dpkg/info" "$root/var/lib/dpkg/updates" && touch "$root/var/lib/dpkg/status" "$root/var/lib/dpkg/available"
    check "the package installs" dpkg --root="$root" --force-script-chrootless -i "$package"
    check "it runs where nothing else is" chroot "$root" /usr/bin/lvscan --version
    check "it is purged" dpkg --root="$root" -P lvscan
    same "and leaves nothing" "$(find "$root" -type f -not -path '*/var/lib/dpkg/*')" ""
fi
done_testing
