#!/bin/sh
# packages.sh [tests|bench]: installs, as root and from Debian's packages, the programs that the tests or the benchmarks
# start; otherwise names what is missing. With CI=true a missing one is an error; elsewhere what needs it says so and is
# left out.
set -u
purpose="${1:-tests}"

# need PROGRAM-OR-FILE PACKAGE
need() {
    [ -e "$1" ] || command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}

look() {
    missing=""
    case "$purpose" in
    tests)
        need /usr/lib/postgresql/15/bin/initdb postgresql-15
        need zbarimg zbar-tools
        need /usr/bin/chromium chromium
        need npm npm # brings axe-core
        need /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc fonts-noto-cjk
        need curl curl # the README's and the demo's commands
        ;;
    bench)
        need wrk wrk
        need taskset util-linux
        need /usr/bin/chromium chromium
        ;;
    *)
        echo "usage: packages.sh [tests|bench]" >&2
        exit 2
        ;;
    esac
}

install() {
    apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

look
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >/dev/null
    # All at once is quicker; where one cannot be had, the others still can.
    # shellcheck disable=SC2086
    install $missing || for package in $missing; do install "$package"; done
    look
    [ -z "$missing" ] && exit 0
fi
echo "missing for the $purpose:$missing (Debian package names)" >&2
[ "${CI:-}" = "true" ] && exit 1
exit 0
