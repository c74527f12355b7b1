#!/bin/sh
# Runs as root in a guest of four CPUs without a recording: one CPU is offline when the module is loaded, one more when recording begins; both come up
# while it goes on, and then CPUs go and come while programs on all of them change their maps.
# usage: hotplug.sh DIR MODULE VMATLAS WORKLOADS ROUNDS SEED
#        hotplug.sh inside DIR WORKLOADS ROUNDS SEED        what is recorded
set -u

power() { # cpu, 0|1
	echo "$2" >"/sys/devices/system/cpu/cpu$1/online" || echo "cpu $1 cannot be set to $2" >&2
}

inside() { # directory, workloads, rounds, seed
	"$2/maps_random" "$1" random0 "$4" 280 &
	random=$!
	power 3 1
	power 2 1
	"$2/cpus_flat_out" "$1" storm 4 "$3" &
	storm=$!
	switched=0
	while kill -0 $storm 2>/dev/null || kill -0 $random 2>/dev/null; do
		for cpu in 1 2 3; do
			power $cpu 0
			power $cpu 1
			switched=$((switched + 1))
		done
	done
	wait $random && wait $storm && echo "switched $switched" >"$1/switched"
}

if [ "$1" = inside ]; then
	inside "$2" "$3" "$4" "$5"
	exit
fi

dir=$1 module=$2 vmatlas=$3 workloads=$4 rounds=$5 seed=$6
# What is no module of this kernel: a sentence.
refused() { # name, file
	"$vmatlas" record --local --quiet --module "$2" -o /tmp/refused.vmatlas -- true 2>"$dir/refused.$1"
	echo "status $?" >>"$dir/refused.$1"
}

# Of each other kernel there is: some are refused for their format, some for the versions of their symbols.
n=0
for other in "${module%/*/*}"/*/vmatlas.ko; do
	[ "$other" = "$module" ] || refused "foreign$((n += 1))" "$other"
done
refused missing /nowhere/vmatlas.ko

power 3 0
insmod "$module" subbuf_count=64 || exit 1
power 2 0
"$vmatlas" record --local --quiet -o /tmp/hotplug.vmatlas -- "$0" inside "$dir" "$workloads" "$rounds" "$seed" || exit 1
rmmod vmatlas || exit 1
cp /tmp/hotplug.vmatlas "$dir/recording.vmatlas"
echo done
