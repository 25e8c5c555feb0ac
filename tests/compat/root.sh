#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes a Debian system with the newest Emscripten in build/compat/root, and runs commands in a copy of
# the project there. Needs root. A list of packages that has expired is taken where
# FERRY_ALLOW_EXPIRED_LISTS=1.
# usage: root.sh make                 makes the system, unless it is there already (minutes)
#        root.sh copy                 copies the project as it is now to the system's /srv/project
#        root.sh run COMMAND [ARG...] runs it there
set -eu
cd "$(dirname "$0")/../.."
. cmake/apt_lists.sh
root=$PWD/build/compat/root
project=$root/srv/project
suite=forky
packages=ca-certificates,emscripten,nodejs,cmake,ninja-build,gcc,libc6-dev,pkgconf
packages=$packages,zlib1g-dev,libbrotli-dev,libzstd-dev

fail() {
    echo "compat: $1" >&2
    exit 1
}

[ "$(id -u)" = 0 ] || fail "it makes a system of its own in build/compat, for which it has to be root"

# Without --quiet, which keeps from the log what apt complains of.
make_system() { # make_system OPTION...
    mmdebstrap --variant=minbase --include="$packages" --keyring="$keyring" "$@" \
        "$suite" "$root.new" "$mirror"
}

# What the system was made of: it is made again where the list has changed.
made_of=$root.packages

make() {
    if [ -x "$root/usr/bin/emcc" ] && [ "$(cat "$made_of" 2>/dev/null)" = "$suite $packages" ]; then
        return 0
    fi
    command -v mmdebstrap >/dev/null || fail "please install mmdebstrap"
    command -v apt-get >/dev/null || fail "it takes Debian's mirror from apt, which is not here"
    mirror=$(find_mirror)
    [ -n "$mirror" ] || fail "apt has no mirror of Debian"
    rm -rf "$root" "$root.new"
    mkdir -p "$(dirname "$root")"
    set --
    if takes_expired_lists; then set -- --aptopt='Acquire::Check-Valid-Until "false"'; fi
    make_system "$@" >"$root.log" 2>&1 || {
        cat "$root.log" >&2
        explain_expired_list "$root.log" "$suite"
        fail "the system could not be made"
    }
    mv "$root.new" "$root"
    echo "$suite $packages" >"$made_of"
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
