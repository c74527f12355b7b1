#!/bin/sh
# Runs inside the guest, as its root: the window on the guest's own kernel (--local), without a display, while `timely` touches pages.
# usage: timely.sh BUILD OUT RATE SECONDS SIZE     OUT/local.times: gui/window_times.h; OUT/local.said: what timely says
set -u
build=$1 out=$2 rate=$3 seconds=$4 size=$5
export SDL_VIDEODRIVER=dummy VMATLAS_TIMES_FD=9 XDG_CONFIG_HOME=/tmp/config
insmod "$build/module/$(uname -r | cut -d. -f1,2)/vmatlas.ko" || exit 1
# Marks know their moment here, too: a check of the method, for both clocks are the same one.
mkfifo /tmp/in
"$build/vmatlas" run -q --local --size "$size" -- "$build/bench/timely" "$rate" "$seconds" </tmp/in >/tmp/said 9>/tmp/times &
window=$!
"$(dirname "$0")/marks.py" /tmp/marks >/tmp/in &
marks=$!
while [ ! -s /tmp/said ] && kill -0 $window 2>/dev/null; do
	sleep 0.2
done
sleep 1
kill $marks
kill -TERM $window
wait $window
cp /tmp/said "$out/local.said"
cp /tmp/times "$out/local.times"
cp /tmp/marks "$out/local.marks"
uptime
