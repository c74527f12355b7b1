#!/bin/bash
# The window on a desk: what it remembers, how it lives in little room, and a film of it.
. "$(dirname "$0")/lib.sh"

remembered() { # name, value
	grep -qx "$1 $2" "$XDG_CONFIG_HOME/vmatlas/window"
}

frames() { # film
	ffprobe -v error -count_frames -show_entries stream=nb_read_frames -of csv=p=0 "$1"
}

start_display 1920x1200
start_window replay "$TOUR" --at 29.9
settle "$WORK/dark.ppm"
key t
settle "$WORK/light.ppm"
! same "$WORK/dark.ppm" "$WORK/light.ppm"
ok $? "T changes the theme"
key F8
settle "$WORK/compact.ppm"
! same "$WORK/compact.ppm" "$WORK/light.ppm"
ok $? "F8 leaves the map alone"
! says "PGD"
ok $? "which has no walk"
key v
settle "$WORK/a.ppm"
key v
settle "$WORK/stage.ppm"
says "PGD" && ! says "Address space of tour"
ok $? "V shows the stage alone"
key v
settle "$WORK/b.ppm"
same "$WORK/b.ppm" "$WORK/light.ppm" && ! same "$WORK/stage.ppm" "$WORK/a.ppm"
ok $? "V goes from the map to the stage and back to both"
key F8
xdotool windowmove --sync "$WINDOW" 37 41 windowsize --sync "$WINDOW" 700 900
settle "$WORK/a.ppm"
stop_window
ok $? "closed with status 0"
remembered theme light && remembered compact yes && remembered width 700 && remembered height 900
ok $? "how it looked is remembered"
! grep -q "tour" "$XDG_CONFIG_HOME/vmatlas/window"
ok $? "what was looked at is not"

start_window replay "$TOUR" --at 29.9
settle "$WORK/b.ppm"
same "$WORK/a.ppm" "$WORK/b.ppm"
ok $? "the next window looks the same, pixel by pixel"
stop_window

start_window replay "$TOUR" --at 29.9 --theme dark --size 1280x720
key F8
settle "$WORK/b.ppm"
[ "$(identify -format %wx%h "$WORK/b.ppm")" = 1280x720 ] && ! same "$WORK/a.ppm" "$WORK/b.ppm"
ok $? "what is asked for goes before what is remembered"
stop_window

start_window replay "$TOUR" --at 29.9 --theme dark --size 1280x720 --tab stats
settle "$WORK/stats.ppm"
says "median" && ! says "PGD"
ok $? "--tab: another tab is open from the beginning"
stop_window

head -c 3000 /dev/urandom >"$XDG_CONFIG_HOME/vmatlas/window"
printf '\ntheme none\nscale 1e99\nwidth -4\nheight x\nunknown thing\n' >>"$XDG_CONFIG_HOME/vmatlas/window"
start_window replay "$TOUR" --at 29.9 --size 1280x720
settle "$WORK/a.ppm"
same "$WORK/a.ppm" "$WORK/b.ppm"
ok $? "a damaged memory is as none"

key shift+F12
key period
settle "$WORK/filming.ppm"
key period
settle "$WORK/a.ppm"
sleep 1
key shift+F12
settle "$WORK/a.ppm"
film=$(find "$WORK" -name 'vmatlas-*.mp4')
[ -n "$film" ] && [ "$(frames "$film")" -ge 30 ]
ok $? "Shift F12 films the window, also while it stands still"
[ "$(convert "$WORK/filming.ppm" -crop 1x1+1264+15 -format '%[pixel:p{0,0}]' info:)" != "$(convert "$WORK/a.ppm" -crop 1x1+1264+15 -format '%[pixel:p{0,0}]' info:)" ]
ok $? "and a sign says so while it does"
stop_window
sed "s/^/# /" "$WORK/stderr"
! grep -vq "pictures" "$WORK/stderr"
ok $? "nothing else was said on stderr"

XDG_CONFIG_HOME=/proc/nowhere
start_window replay "$TOUR" --at 29.9 --size 640x480
settle "$WORK/b.ppm"
stop_window
ok $? "where nothing can be remembered it works all the same"
echo "1..$N"
