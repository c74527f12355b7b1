#!/bin/sh
# In the VM, as its root, under the recorder: compiles each part twice, once recorded, once with the module standing still (no hook is attached), in turn first and second.
# usage: stress-guest.sh JOBS FLAGS WARM PART...      in the directory of the sources; PART: files without .c in one word; WARM: those compiled beforehand
set -eu
jobs=$1 flags=$2 warm=$3
shift 3
D=/proc/vmatlas
parts=$#

compile() { # directory, files
	out=/tmp/$1
	mkdir -p "$out"
	: >"$out/.deps" # nothing is to be installed in here
	list=
	for name in $2; do
		list="$list $out/obj/$name.o"
	done
	# shellcheck disable=SC2086
	make -s -j"$jobs" B="$out" CFLAGS="$flags" $list >/dev/null
}

timed() { # number, word, files
	began=$(cut -d' ' -f1 /proc/uptime)
	compile "$1-$2" "$3"
	awk -v a="$began" -v what="$1 $2" '{ printf "stress: %s %.2f\n", what, $1 - a }' /proc/uptime
}

stand_still() {
	echo 0 >$D/enable
	echo none >$D/target
}

recorded() { # number, files
	echo 1 >$D/enable
	echo "pid $$" >$D/target
	echo "Part $1 of $parts begins" >$D/marker
	timed "$1" recorded "$2"
	echo "Part $1 of $parts is done" >$D/marker
	stand_still
}

stand_still
# What both read is in memory already: compiler, headers, sources.
compile warm "$warm"
find core gui cli include Makefile -type f -exec cat {} + >/dev/null
number=0
for part; do
	number=$((number + 1))
	[ $((number % 2)) = 0 ] || timed $number without "$part"
	recorded $number "$part"
	[ $((number % 2)) = 1 ] || timed $number without "$part"
done
