#!/bin/sh
# SPDX-License-Identifier: MIT
# Puts mbedTLS 3.6, with its headers, into build/deps/usr, where Debian's own is older (Debian 12 has
# 2.28, which has no TLS 1.3). The packages are Debian 13's, taken from the mirror that apt uses here
# and checked by apt; nothing outside of build/ is touched. They need no newer C library than 2.25.
# A list of packages that has expired is taken where FERRY_ALLOW_EXPIRED_LISTS=1.
# usage: get_mbedtls.sh
set -eu
cd "$(dirname "$0")/.."
. cmake/apt_lists.sh
deps=$PWD/build/deps
apt=$deps/apt
suite=trixie
packages='libmbedtls-dev libmbedtls21 libmbedx509-7 libmbedcrypto16'

fail() {
    echo "get_mbedtls: $1" >&2
    exit 1
}

[ ! -f "$deps/usr/include/mbedtls/ssl.h" ] || exit 0
command -v apt-get >/dev/null || fail "there is no apt here: please install mbedTLS 3.6"
[ -f "$keyring" ] || fail "Debian's keys are not here: please install debian-archive-keyring"

mirror=$(find_mirror)
[ -n "$mirror" ] || fail "apt has no mirror of Debian"

rm -rf "$apt"
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/etc/apt.conf.d" "$apt/packages"
echo "deb [signed-by=$keyring] $mirror $suite main" >"$apt/etc/sources.list"
: >"$apt/status"
cat >"$apt/apt.conf" <<CONF
Dir::State "$apt";
Dir::State::Lists "$apt/lists";
Dir::State::Status "$apt/status";
Dir::Cache "$apt/cache";
Dir::Etc::SourceList "$apt/etc/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Parts "$apt/etc/apt.conf.d";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
APT::Sandbox::User "";
Acquire::Languages "none";
CONF
# A proxy and the like are as the machine has them.
apt-config dump | grep -i '^Acquire::\(http\|https\|Retries\)[: ]' >>"$apt/apt.conf" || true

if takes_expired_lists; then echo 'Acquire::Check-Valid-Until "false";' >>"$apt/apt.conf"; fi

own_apt() { APT_CONFIG="$apt/apt.conf" apt-get -qq "$@"; }

own_apt update 2>"$apt/log" || {
    cat "$apt/log" >&2
    explain_expired_list "$apt/log" "$suite"
    fail "the list of Debian's $suite could not be had"
}
# shellcheck disable=SC2086 # a list of names
(cd "$apt/packages" && own_apt download $packages)
rm -rf "$deps/new"
for package in "$apt"/packages/*.deb; do dpkg -x "$package" "$deps/new"; done
rm -rf "${deps:?}/usr"
mv "$deps/new/usr" "$deps/usr"
rm -rf "$deps/new" "$apt"
