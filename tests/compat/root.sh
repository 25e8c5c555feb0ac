#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes a Debian system with the newest Emscripten in build/compat/root, and runs commands in a copy of
# the project there. Needs root.
# usage: root.sh make                 makes the system unless it is there (minutes)
#        root.sh copy                 copies the project as it is now to the system's /srv/project
#        root.sh run COMMAND [ARG...] runs it there
set -eu
cd "$(dirname "$0")/../.."
root=$PWD/build/compat/root
project=$root/srv/project
suite=forky
packages=ca-certificates,emscripten,nodejs,cmake,ninja-build,gcc,libc6-dev
packages=$packages,zlib1g-dev,libbrotli-dev,libzstd-dev

fail() {
    echo "compat: $1" >&2
    exit 1
}

[ "$(id -u)" = 0 ] || fail "it makes a system of its own in build/compat, for which it has to be root"

make_system() { # make_system OPTION...
    mmdebstrap --quiet --variant=minbase --include="$packages" "$@" "$suite" "$root.new" "$mirror"
}

make() {
    [ ! -x "$root/usr/bin/emcc" ] || return 0
    command -v mmdebstrap >/dev/null || fail "please install mmdebstrap"
    command -v apt-get >/dev/null || fail "it takes Debian's mirror from apt, which is not here"
    # shellcheck disable=SC2016 # the names are apt's
    mirror=$(apt-get indextargets --format '$(SITE) $(RELEASE)' 'Created-By: Packages' 'Origin: Debian' |
        grep -v security | cut -d ' ' -f 1 | sort -u | head -n 1)
    [ -n "$mirror" ] || fail "apt has no mirror of Debian"
    rm -rf "$root" "$root.new"
    mkdir -p "$(dirname "$root")"
    if ! make_system 2>"$root.log"; then
        # A mirror that is a copy of some day has lists from that day. Their signatures are checked.
        grep -q 'is not valid anymore\|is expired' "$root.log" || {
            cat "$root.log" >&2
            fail "the system could not be made"
        }
        echo "compat: the mirror's list of $suite is an old one, it is taken as it is" >&2
        rm -rf "$root.new"
        make_system --aptopt='Acquire::Check-Valid-Until "false"'
    fi
    mv "$root.new" "$root"
}

# What the copy has built stays: files keep their times, so only what has changed is built again.
copy() {
    mkdir -p "$project"
    find "$project" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
    tar -c --exclude=./build --exclude=./.git . | tar -x -C "$project"
}

undo() { umount -l "$root/proc" 2>/dev/null || true; }

run() {
    trap undo EXIT
    trap 'exit 1' HUP INT TERM
    mount --bind /proc "$root/proc"
    # shellcheck disable=SC2016 # it is for the shell inside
    chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        sh -c 'cd /srv/project && exec "$@"' sh "$@"
}

command=${1:-}
[ $# = 0 ] || shift
case $command in
make | copy) "$command" ;;
run) run "$@" ;;
*) fail "usage: root.sh make | copy | run COMMAND [ARG...]" ;;
esac
