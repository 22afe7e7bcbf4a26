#!/bin/sh
# What `make apart` needs beside Python: installed when root on Debian, else named.
set -eu
missing=""
need() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || missing="$missing $2"; }
need ip iproute2
need unshare util-linux
need named bind9
need dnssec-signzone bind9-utils
need unbound unbound
need nginx nginx-light
[ -z "$missing" ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "apart: missing:$missing (as root: apt-get install$missing)" >&2
    exit 2
fi
# Installing must not start a name server or a web server on this machine.
policy=/usr/sbin/policy-rc.d
made=""
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    made=1
fi
trap '[ -z "$made" ] || rm -f "$policy"' EXIT
apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
