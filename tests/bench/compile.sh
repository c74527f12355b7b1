#!/bin/sh
# Runs inside the guest: a compile under trace-cmd and perf, while vmatlas records it, so that all three hold the same events.
# usage: compile.sh OUT SOURCES JOBS     OUT: for trace.dat and perf.data ("-": neither is made); SOURCES: how many files of core/
set -eu
out=$1 sources=$2 jobs=$3
cd "$(dirname "$0")/../.."
objects=$(mktemp -d)
cat >"$objects/one" <<EOF
#!/bin/sh
exec gcc -std=gnu11 -D_GNU_SOURCE -Iinclude -iquote core -O1 -c "\$1" -o "$objects/\$(basename "\$1" .c).o"
EOF
chmod +x "$objects/one"
# shellcheck disable=SC2012
ls core/*.c | head -n "$sources" >"$objects/list"
compile="xargs -P $jobs -n 1 -a $objects/list $objects/one"
if [ "$out" = - ]; then
	$compile
else
	trace-cmd record -q -b 8192 -e exceptions:page_fault_user -o "$out/trace.dat" \
		perf record -q -m 1024 -a -e exceptions:page_fault_user -o "$out/perf.data" -- $compile
fi
