#!/bin/sh
# Runs as root inside a guest that nobody records: the tool attaches to processes that are busy already, several at once, some with many threads.
# Then all stand still a few times: a mark, and the maps as the kernel prints them. test_crowd.py compares. usage: crowd.sh DIR MODULE.ko VMATLAS CROWD MOMENTS
set -u
out=$1 module=$2 vmatlas=$3 crowd=$4 moments=$5
D=/proc/vmatlas
cgroup=/sys/fs/cgroup/crowd

mkdir $cgroup && insmod "$module" subbuf_count=256 fault_subbuf_count=256 || exit 1
all=
for n in 1 2 3; do
	sh -c "echo 0 >$cgroup/cgroup.procs; exec '$crowd' /tmp c$n $n 16 1 0" &
	all="$all $!"
done
sleep 1
# shellcheck disable=SC2086
"$vmatlas" attach -o "$out/crowd.vmatlas" $all 2>"$out/attach.err" &
tool=$!
for one in $all; do
	until grep -qs "^$one\$" $D/target; do sleep 0.1; done
done

stop_all() {
	tries=0
	echo 1 >$cgroup/cgroup.freeze
	until grep -q 'frozen 1' $cgroup/cgroup.events; do
		sleep 0.05
		tries=$((tries + 1))
		[ $tries -lt 400 ] || return 1
	done
}

i=0
while [ $i -lt "$moments" ]; do
	sleep 0.2
	if stop_all; then
		echo "still.$i" >$D/marker
		ps=$(cat $cgroup/cgroup.procs)
		for one in $ps; do
			cat "/proc/$one/maps" >"$out/$i.$one.maps"
		done
		# All faults of theirs, as the kernel has counted them.
		for one in $all; do
			sed 's/.*) //' "/proc/$one/stat" | cut -d' ' -f8,10 | sed "s/^/$one /" >>"$out/$i.counts"
		done
	fi
	echo 0 >$cgroup/cgroup.freeze
	i=$((i + 1))
done
echo 1 >$cgroup/cgroup.kill
wait $tool
echo "attach ended with $?"
cat "$out/attach.err"
echo "targets:$all"
rmmod vmatlas && echo "done"
