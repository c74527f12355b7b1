#!/bin/sh
# Installs the peers of `make bench` (Debian, Ubuntu: apt); what cannot be had is left out, and the tables say so.
set -u
PEERS="trace-cmd linux-perf bpftrace babeltrace2 libkshark-dev libtracecmd-dev libtracefs-dev libtraceevent-dev libjson-c-dev pkg-config valgrind"

command -v apt-get >/dev/null || { echo "bench-deps: this is not Debian or Ubuntu; the peers are (Debian's names): $PEERS" >&2; exit 0; }
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
$sudo apt-get -q update >/dev/null
for p in $PEERS; do
	dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q '^install ok installed' && continue
	DEBIAN_FRONTEND=noninteractive $sudo apt-get -q install -y --no-install-recommends "$p" >/dev/null 2>&1 || echo "bench-deps: $p cannot be installed here" >&2
done
