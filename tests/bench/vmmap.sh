#!/bin/sh
# How long vmmap takes for the largest map a process may have (vm.max_map_count: 65,530 regions), beside what cat takes to read the same smaps, and pmap -X.
# usage: vmmap.sh [BUILD [REGIONS [RUNS]]]    Prints a table, then a JSON line a row. CPU time (user + system) of the fastest of 5 RUNS: it does not depend on what else the machine does.
set -eu

build=${1:-$(dirname "$0")/../../build} most=${2:-65530} runs=${3:-5}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/vmmap-bench.XXXXXX")
trap 'exec 3>&-; rm -rf "$tmp"' EXIT

mkfifo "$tmp/in"
"$build/tests/workloads/many_maps" "$most" <"$tmp/in" >"$tmp/out" &
pid=$!
exec 3>"$tmp/in"
while [ ! -s "$tmp/out" ]; do sleep 0.1; done
regions=$(wc -l <"/proc/$pid/maps")

# Milliseconds of CPU, and KB in RAM at most, of the fastest run.
measure() { # command...
	for _ in $(seq "$runs"); do
		/usr/bin/env python3 - "$@" <<'EOF'
import os, sys
nowhere = os.open("/dev/null", os.O_WRONLY)
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, nowhere, 1)])
_, status, u = os.wait4(pid, 0)
print(round((u.ru_utime + u.ru_stime) * 1000), u.ru_maxrss)
sys.exit(status != 0)
EOF
	done | sort -n | head -n 1
}

set -- $(measure cat "/proc/$pid/smaps")
cat_ms=$(($1 ? $1 : 1))
: >"$tmp/json"
printf '%s regions\n  %-22s %8s %12s %10s\n' "$regions" "" "CPU" "cat takes" "RAM"
row() { # name, command...
	name=$1
	shift
	set -- $(measure "$@")
	printf '  %-22s %5d ms %9d.%02d x %7d KB\n' "$name" "$1" $(($1 / cat_ms)) $(($1 * 100 / cat_ms % 100)) "$2"
	printf '{"bench":"vmmap","name":"%s","regions":%d,"cpu_ms":%d,"cat_ms":%d,"rss_kb":%d}\n' "$name" "$regions" "$1" "$cat_ms" "$2" >>"$tmp/json"
}
row "cat smaps" cat "/proc/$pid/smaps"
row "vmmap" "$build/vmmap" "$pid"
row "vmmap --flat" "$build/vmmap" --flat "$pid"
row "vmmap --json" "$build/vmmap" --json "$pid"
! command -v pmap >/dev/null || row "pmap -X" pmap -X "$pid"
cat "$tmp/json"
