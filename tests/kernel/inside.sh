#!/bin/sh
# Runs as root inside the guest, where breaking the kernel hurts nobody. Prints a line a check; test_inside.py reads them.
# usage: inside.sh DIR MODULE.ko VMATLAS WORKLOADS STORMS
set -u
out=$1 module=$2 vmatlas=$3 workloads=$4 storms=$5
D=/proc/vmatlas
probes=/sys/kernel/debug/kprobes/list
hooked=/sys/kernel/tracing/enabled_functions

check() { # name, command...
	name=$1
	shift
	if "$@" >/tmp/check.log 2>&1; then
		echo "ok - $name"
	else
		echo "not ok - $name"
		head -n 5 /tmp/check.log
	fi
}

not() { ! "$@"; }

# Nothing of the module is left: no files, no probes.
clean() {
	[ ! -e $D ] && [ ! -e /sys/module/vmatlas ] && ! grep -q . $probes && ! grep -q . $hooked
}

watch_me() {
	[ -e $D ] || insmod "$module" || return 1
	echo "pid $$" >$D/target && echo 1 >$D/enable
}

# Any file may be open when the module goes: then there is nothing more to read, and nothing to write to.
unload_with_files_open() {
	check "loading, watching this shell" watch_me
	check "the shell is listed" grep -q "^$$\$" $D/target
	exec 3<$D/cpu0 4<$D/faults0
	check "records come" [ "$(head -c 128 <&3 | wc -c)" -eq 128 ]
	check "rmmod while a process has the records open and is watched" rmmod vmatlas
	check "nothing is left behind" clean
	check "the open file has nothing more to give" not [ "$(head -c 128 <&3 2>/dev/null | wc -c)" -gt 0 ]
	exec 3<&- 4<&-
	check "loading again" watch_me
	exec 3>$D/marker
	check "rmmod while a process has the marker open" rmmod vmatlas
	check "a mark into the open file fails" not sh -c 'echo late >&3'
	exec 3>&-
}

fails_at_each_step() {
	step=1
	dirty=
	while [ $step -lt 100 ] && ! insmod "$module" fail_at=$step 2>/dev/null; do
		clean || dirty="$dirty $step"
		step=$((step + 1))
	done
	check "loading made to fail at each of $((step - 1)) steps" [ $step -gt 4 -a $step -lt 100 ]
	check "each leaves nothing behind" [ -z "$dirty" ]
	[ -z "$dirty" ] || echo "steps:$dirty"
}

private() {
	[ -z "$(find $D -type f -perm /0177)" ] && [ -z "$(find $D ! -user root)" ] && [ -n "$(find $D -name cpu0)" ]
}

# Garbage is refused: what the file says afterwards is what it said before.
refuses() { # file, text
	before=$(cat $D/"$1" 2>/dev/null)
	if printf '%b' "$2" >$D/"$1" 2>/dev/null; then
		echo "$1 takes '$2'"
		return 1
	fi
	[ "$before" = "$(cat $D/"$1" 2>/dev/null)" ]
}

hostile_writes() {
	long=$(head -c 5000 /dev/zero | tr '\0' x)
	for text in 'pid' 'pid x' 'pid -1' 'pid 0' 'pid 99999999999999999999' 'pid 4194304' 'exec now' 'nonsense' '\0001\0377\0000' "$long"; do
		check "target refuses '$(echo "$text" | head -c 24)'" refuses target "$text"
	done
	for text in 2 -1 yes "$long"; do
		check "enable refuses '$(echo "$text" | head -c 24)'" refuses enable "$text"
	done
	for text in 'faults' '+nothing' 'fault,op' '-' "$long"; do
		check "classes refuses '$(echo "$text" | head -c 24)'" refuses classes "$text"
	done
	check "follow refuses 'maybe'" refuses follow maybe
	check "snapshot refuses a process that is not there" refuses snapshot 'pid 4194000'
	check "marker refuses more than 4096 bytes" refuses marker "$long"
}

one_storm() {
	watch_me || return 1
	"$workloads"/cpus_flat_out /tmp storm 4 100000 &
	storm=$!
	cat $D/faults0 >/dev/null 2>&1 &
	sleep "0.$(($1 % 4 + 1))"
	rmmod vmatlas || return 1
	kill $storm
	wait
	clean
}

storms_end() {
	good=0
	i=0
	while [ $i -lt "$storms" ]; do
		one_storm $i >/tmp/storm.log 2>&1 && good=$((good + 1))
		i=$((i + 1))
	done
	check "unloaded $storms times while all CPUs fault and a reader reads" [ $good -eq "$storms" ]
	[ $good -eq "$storms" ] || tail -n 3 /tmp/storm.log
}

same_map() { # recording, mark, file
	"$vmatlas" dump "$1" --at "mark:$2" --pid "$(sed -n 's/^pid //p' "$out/${2%%.*}.facts")" >/tmp/map && cmp /tmp/map "$3"
}

status_is() { # wanted, command...
	wanted=$1
	shift
	"$@"
	got=$?
	[ $got = "$wanted" ] || { echo "status $got, not $wanted"; return 1; }
}

local_kernel() {
	check "record --local" "$vmatlas" record --local --module "$module" -o /tmp/local.vmatlas -- "$workloads"/fork_cow "$out" local
	check "--local: the map at a mark" same_map /tmp/local.vmatlas local.parent "$out/local.parent.maps"
	check "--local: the map of the parent beside its child" same_map /tmp/local.vmatlas local.after "$out/local.after.maps"
	check "--local passes the status through" status_is 9 "$vmatlas" record --local -o /tmp/nine.vmatlas -- sh -c 'exit 9'
	check "--local: killed by a signal" status_is 143 "$vmatlas" record --local -o /tmp/term.vmatlas -- sh -c 'kill -TERM $$'
	check "run and record choose the local kernel by themselves where it works" "$vmatlas" record -o /tmp/auto.vmatlas -- true
	check "--local without rights: exit code 3" status_is 3 setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$vmatlas" record --local -o /tmp/nobody.vmatlas -- true
	check "no process 4194000: exit code 4" status_is 4 "$vmatlas" attach -o /tmp/none.vmatlas 4194000
	cp /tmp/local.vmatlas "$out"/
}

# Only a failure waits to the end: a kernel that checks itself needs many seconds to switch its hooks.
wait_until() { # tenths of a second, command...
	left=$1
	shift
	while [ "$left" -gt 0 ] && ! "$@"; do
		sleep 0.1
		left=$((left - 1))
	done
	[ "$left" -gt 0 ]
}

# A process that already runs is told whole; nothing it does is needed for that.
attach_running() { # what to put before the names
	say=${1:-}
	sleep 1000 &
	process=$!
	"$vmatlas" attach -o /tmp/attached.vmatlas $process 2>/tmp/attach.err &
	tool=$!
	check "${say}attach: the running process is watched" wait_until 900 grep -qs "^$process\$" $D/target
	echo attached >$D/marker
	cat /proc/$process/maps >/tmp/attached.maps
	kill $process
	check "${say}attach ends with the process" wait $tool
	"$vmatlas" dump /tmp/attached.vmatlas --at mark:attached --pid $process >/tmp/attached.dump
	check "${say}attach: its map equals /proc/PID/maps" cmp /tmp/attached.maps /tmp/attached.dump
	check "${say}attach: its map has lines" [ -s /tmp/attached.maps ]
}

# Two at once: both are told whole, and it goes on until the last has ended.
attach_several() {
	sleep 1000 &
	one=$!
	sleep 1000 &
	two=$!
	"$vmatlas" attach -o /tmp/several.vmatlas $one $two 2>/tmp/several.err &
	tool=$!
	check "attach: both of two processes are watched" wait_until 900 grep -qs "^$two\$" $D/target
	echo several >$D/marker
	cat /proc/$one/maps >/tmp/one.maps
	cat /proc/$two/maps >/tmp/two.maps
	kill $one
	check "attach: the first ends" wait_until 900 sh -c "! kill -0 $one 2>/dev/null"
	echo first-gone >$D/marker
	check "attach goes on with the other" kill -0 $tool
	kill $two
	check "attach ends with the last" wait $tool
	for name in one two; do
		[ $name = one ] && process=$one || process=$two
		"$vmatlas" dump /tmp/several.vmatlas --at mark:several --pid $process >/tmp/$name.dump
		check "attach: map $name of two equals /proc/PID/maps" cmp /tmp/$name.maps /tmp/$name.dump
	done
	check "attach: recorded until the last ended" sh -c "'$vmatlas' events /tmp/several.vmatlas --type mark | grep -q first-gone"
}

disk_full() {
	mkdir -p /tmp/small && mount -t tmpfs -o size=64k none /tmp/small || return
	"$vmatlas" record --local -o /tmp/small/r.vmatlas -- "$workloads"/cpus_flat_out /tmp full 2 400 >/dev/null 2>/tmp/full.err
	check "disk full: one sentence says so" sh -c 'cat /tmp/full.err; df -k /tmp/small; grep -qi "no space" /tmp/full.err'
	check "disk full: what is whole can be used" "$vmatlas" stats /tmp/small/r.vmatlas
	rm /tmp/small/r.vmatlas
	mount -o remount,size=16k /tmp/small
	"$vmatlas" record --local --flight -o /tmp/small/f.vmatlas -- "$workloads"/cpus_flat_out /tmp full 2 100 >/dev/null 2>/tmp/full.err
	check "disk full: a flight recorder says so" grep -qi 'no space' /tmp/full.err
	check "disk full: and does not keep the module" status_is 0 "$vmatlas" record --local --flight -o /tmp/after.vmatlas -- true
	umount /tmp/small
}

# A module that is there can be used, whatever level: its files are not in debugfs, where lockdown forbids to write, or even to read.
lockdown() { # integrity or confidentiality
	[ -e /sys/kernel/security/lockdown ] || { echo "not ok - this guest has no lockdown"; return; }
	[ -e $D ] || insmod "$module"
	echo "$1" >/sys/kernel/security/lockdown
	check "lockdown=$1 is raised" grep -q "\[$1\]" /sys/kernel/security/lockdown
	check "lockdown=$1: record --local" "$vmatlas" record --local -o /tmp/down.vmatlas -- "$workloads"/fork_cow "$out" "$1"
	check "lockdown=$1: the map at a mark" same_map /tmp/down.vmatlas "$1".parent "$out/$1.parent.maps"
	attach_running "lockdown=$1: "
}

locked_out() {
	rmmod vmatlas
	check "lockdown: no unsigned module is loaded" not insmod "$module"
	"$vmatlas" record --local --module "$module" -o /tmp/out.vmatlas -- true 2>/tmp/out.err
	code=$?
	check "lockdown: record --local says why not" grep -qi 'locked down.*signed' /tmp/out.err
	check "lockdown: with exit code 5 ($code)" [ $code -eq 5 ]
}

without_debugfs() {
	umount /sys/kernel/tracing 2>/dev/null
	umount /sys/kernel/debug/tracing 2>/dev/null
	check "debugfs is not mounted" umount /sys/kernel/debug
	check "without debugfs: record --local" "$vmatlas" record --local --module "$module" -o /tmp/nodebug.vmatlas -- true
}

# vmmap and the module: the entry it shows names the frame that pagemap tells, and its bits foretell what a write does.
vmmap_asks_the_module() {
	vmmap=${vmatlas%/*}/vmmap
	check "loading the module for vmmap" insmod "$module"
	mkfifo /tmp/orders
	"$workloads/poke" </tmp/orders >/tmp/places &
	exec 3>/tmp/orders
	while ! grep -q ready /tmp/places; do sleep 0.2; done
	for place in written zero poke_here untouched; do
		"$vmmap" --json --detail "$(sed -n "s/^$place //p" /tmp/places)" $! >/tmp/detail.json
		entry=$(sed -n 's/.*"level":"PTE"[^}]*"entry":"\?\([^",}]*\).*/\1/p' /tmp/detail.json)
		frame=$(sed -n 's/.*"frame":"\?\([^",}]*\).*/\1/p' /tmp/detail.json)
		check "vmmap --detail, $place: the module answers" grep -q '"source":"module"' /tmp/detail.json
		case $place in
		untouched) check "… no page, no entry ($entry)" [ "$frame" = null ] ;;
		*) check "… its entry $entry names frame $frame" [ $(($(echo "$entry" | sed 's/^0x8000000/0x/; s/...$//'))) -eq $((frame)) ] ;;
		esac
		case $place in
		written) check "… and lets write: no fault is foretold" grep -q '"write":{"outcome":"nothing"[^}]*"sure":true' /tmp/detail.json ;;
		zero) check "… and does not let write: copy-on-write is foretold" grep -q '"write":{"outcome":"cow"[^}]*"sure":true' /tmp/detail.json ;;
		esac
	done
	check "in words" sh -c '"$0" --tables "0x$(sed -n "s/^written //p" /tmp/places)" "$1" | grep "PTE\[.* 0x8.*67  page, frame"' "$vmmap" $!
	exec 3>&-
	wait $!
	check "rmmod behind vmmap" rmmod vmatlas
}

unload_with_files_open
fails_at_each_step
check "files belong to root, mode 0600 or less" private
hostile_writes
check "rmmod after all that" rmmod vmatlas
check "nothing is left behind" clean
storms_end
vmmap_asks_the_module
local_kernel
attach_running
attach_several
disk_full
rmmod vmatlas 2>/dev/null
without_debugfs
lockdown integrity
lockdown confidentiality
locked_out
echo "done"
