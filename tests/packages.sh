#!/bin/sh
# Installs the programs the tests start (PostgreSQL 15, zbar, Chromium, npm) from Debian's packages, as root; otherwise names
# what is missing. With CI=true a missing one is an error, elsewhere the tests that need it skip and say so.
set -u
missing=""
ls /usr/lib/postgresql/15/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql-15"
command -v zbarimg >/dev/null 2>&1 || missing="$missing zbar-tools"
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
command -v npm >/dev/null 2>&1 || missing="$missing npm"
ls /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc >/dev/null 2>&1 || missing="$missing fonts-noto-cjk"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >/dev/null && exit 0
fi
echo "missing for the tests:$missing (Debian package names)" >&2
[ "${CI:-}" = "true" ] && exit 1
exit 0
