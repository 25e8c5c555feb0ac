#!/bin/sh
# SPDX-License-Identifier: MIT
# What the scripts that fetch packages from Debian's mirror have in common: where the mirror is, which
# keys are trusted, and that a list of packages which has expired is taken only by those who say so.
# Whoever stands between here and the mirror could put an old list, with old faults, in its place: its
# signature stays right.

# FERRY_DEBIAN_KEYRING names other keys, for a mirror that signs with its own.
# shellcheck disable=SC2034 # for those who read this file
keyring=${FERRY_DEBIAN_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}

# The mirror that apt uses here.
find_mirror() {
    # shellcheck disable=SC2016 # the names are apt's
    apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' |
        grep -v security | sort -u | head -n 1
}

# True where the person says so, by the variable or in apt's own configuration.
takes_expired_lists() {
    [ "${FERRY_ALLOW_EXPIRED_LISTS:-}" != 1 ] || return 0
    apt-config dump | grep -qi '^Acquire::Check-Valid-Until "\(false\|no\|0\)"'
}

# explain_expired_list LOG SUITE: says so, where that is what apt complains of in the log.
explain_expired_list() {
    grep -q 'is not valid anymore\|is expired' "$1" || return 0
    cat >&2 <<END
The mirror's list of Debian's $2 has expired. A mirror that is a copy of some day has lists from that
day; it may also be that somebody keeps newer ones from this machine. Where the first is so, set
FERRY_ALLOW_EXPIRED_LISTS=1 to take the list as it is. Its signature is checked all the same.
END
}
