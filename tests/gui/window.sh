#!/bin/bash
# The window on the shipped recording, under Xvfb, with real keys and a real mouse.
. "$(dirname "$0")/lib.sh"

changed_from() { # picture
	shot "$WORK/now.ppm"
	! same "$WORK/now.ppm" "$1"
}

# An empty window has few colours: a stream's first half brings boxes.
shows_something() {
	settle "$WORK/half.ppm"
	[ "$(identify -format %k "$WORK/half.ppm")" -gt 500 ]
}

above_timeline="1280x590+0+0"

start_display 1920x1200
start_window replay "$TOUR" --at 29.9 --size 1280x720
ok $? "a window opens"
settle "$WORK/cow.ppm"
ok $? "a paused picture comes to rest"
approved "$WORK/cow.ppm" window-cow
ok $? "copy-on-write in the child looks as approved"


before=$(ticks)
sleep 1
[ $(($(ticks) - before)) -le 1 ]
ok $? "a window at rest uses no processor time"

# Each action of a script has a second's time: what glows has faded.
"$VMATLAS" render "$TOUR" -o "$WORK/render.png" --at 29.9 --do escape,escape,escape,escape
convert "$WORK/cow.ppm" -crop $above_timeline +repage "$WORK/a.ppm"
convert "$WORK/render.png" -crop $above_timeline +repage "$WORK/b.ppm"
same "$WORK/a.ppm" "$WORK/b.ppm"
ok $? "the window shows what render draws, pixel by pixel"

key question
settle "$WORK/help.ppm"
approved "$WORK/help.ppm" window-help
ok $? "the help looks as approved"
key Escape
settle "$WORK/a.ppm"
same "$WORK/a.ppm" "$WORK/cow.ppm"
ok $? "Esc closes it"

key period
settle "$WORK/a.ppm"
! same "$WORK/a.ppm" "$WORK/cow.ppm"
ok $? ". steps forward"
key period
settle "$WORK/b.ppm"
key comma
settle "$WORK/b.ppm"
same "$WORK/a.ppm" "$WORK/b.ppm"
ok $? ", steps back to the same picture"

key bracketright
settle "$WORK/mark.ppm"
! same "$WORK/mark.ppm" "$WORK/cow.ppm"
ok $? "] goes to the next mark"
key bracketleft bracketleft bracketright bracketright
settle "$WORK/a.ppm"
same "$WORK/a.ppm" "$WORK/mark.ppm"
ok $? "[ and ] lead there and back"

key t
settle "$WORK/light.ppm"
approved "$WORK/light.ppm" window-light
ok $? "the light theme looks as approved"
key t
settle "$WORK/projector.ppm"
approved "$WORK/projector.ppm" window-projector
ok $? "the projector theme looks as approved"
key t
settle "$WORK/a.ppm"
same "$WORK/a.ppm" "$WORK/mark.ppm"
ok $? "T goes round the themes"

key ctrl+plus
settle "$WORK/large.ppm"
! same "$WORK/large.ppm" "$WORK/mark.ppm"
ok $? "Ctrl + makes texts larger"
key ctrl+0
settle "$WORK/a.ppm"
same "$WORK/a.ppm" "$WORK/mark.ppm"
ok $? "Ctrl 0 makes them as they were"

key Tab
settle "$WORK/other.ppm"
! same "$WORK/other.ppm" "$WORK/mark.ppm"
ok $? "Tab shows the other process"
key Tab f
settle "$WORK/a.ppm"
same "$WORK/a.ppm" "$WORK/mark.ppm"
ok $? "Tab again and F lead back"

xdotool mousemove --window "$WINDOW" 420 300 click 4 click 4 click 4
xdotool mousemove --window "$WINDOW" 1000 20
settle "$WORK/zoomed.ppm"
approved "$WORK/zoomed.ppm" window-zoomed
ok $? "the wheel zooms at the pointer, as approved"
key 0
settle "$WORK/a.ppm"
same "$WORK/a.ppm" "$WORK/mark.ppm"
ok $? "0 shows the whole map again"

xdotool mousemove --window "$WINDOW" 90 102 click 1
xdotool mousemove --window "$WINDOW" 1000 20
settle "$WORK/a.ppm"
! same "$WORK/a.ppm" "$WORK/mark.ppm"
ok $? "a click chooses a process"

xdotool mousemove --window "$WINDOW" 640 670 click 1
xdotool mousemove --window "$WINDOW" 1000 20
settle "$WORK/middle.ppm"
! same "$WORK/a.ppm" "$WORK/middle.ppm"
ok $? "a click in the timeline goes to that moment"
xdotool mousemove --window "$WINDOW" 640 670 mousedown 1 mousemove --window "$WINDOW" 300 670 mouseup 1
xdotool mousemove --window "$WINDOW" 1000 20
settle "$WORK/a.ppm"
! same "$WORK/a.ppm" "$WORK/middle.ppm"
ok $? "dragging there scrubs"

key space
until_true changed_from "$WORK/a.ppm"
ok $? "Space plays"
key space
settle "$WORK/a.ppm"
ok $? "Space pauses"
key Home bracketright bracketright bracketright # from here on again the same for every run

key F12
settle "$WORK/a.ppm"
png=$(find "$WORK" -name 'vmatlas-*.png' | head -n 1)
[ -n "$png" ] && identify -verbose "$png" | grep -q 'Process: tour (' && identify -verbose "$png" | grep -q 'Software: vmatlas'
ok $? "F12 saves a picture that says program, process and time"

xdotool windowmove "$WINDOW" 0 0 windowsize --sync "$WINDOW" 1800 1000
settle "$WORK/a.ppm"
[ "$(identify -format %wx%h "$WORK/a.ppm")" = 1800x1000 ]
ok $? "the window follows its size"
xdotool windowsize --sync "$WINDOW" 700 480
settle "$WORK/small.ppm"
approved "$WORK/small.ppm" window-small
ok $? "in a small window panes fold away, as approved"

stop_window
ok $? "Ctrl+Q ends it with status 0"
sed "s/^/# /" "$WORK/stderr"
[ ! -s "$WORK/stderr" ]
ok $? "nothing was said on stderr"

# A stream that comes in pieces, and one that breaks off.
mkfifo "$WORK/in" "$WORK/more"
(head -c 20000 "$TOUR" && read -r _ <"$WORK/more" && tail -c +20001 "$TOUR") >"$WORK/in" &
start_window replay - --size 1280x720
until_true shows_something
ok $? "a stream is shown while it comes"
echo >"$WORK/more"
eventually_approved window-stream
ok $? "its end is said and all of it kept, as approved"
stop_window
ok $? "the window of a stream ends with status 0"

head -c 24000 "$TOUR" >"$WORK/in" &
start_window replay - --size 1280x720
eventually_approved window-broken
ok $? "a stream that breaks off: said, and what came is kept, as approved"
stop_window
rm "$WORK/in"

# Each frame put on the screen, what it is the first to show, and what was pressed before it (gui/window_times.h): a step is in the very next picture.
steps_are_in_the_next_picture() { # file, steps
	python3 - "$1" "$2" <<'PY'
import struct, sys
data, at, pressed, with_records, late = open(sys.argv[1], "rb").read(), 0, False, 0, 0
while at + 32 <= len(data):
    _, _, inputs, records = struct.unpack_from("<4Q", data, at)
    at += 32 + 16 * records
    pressed |= inputs > 0
    with_records += pressed and records > 0
    late += pressed and records > 0 and not inputs
print("# %d pictures with something new, %d of them not right behind a key" % (with_records, late))
sys.exit(late or with_records != int(sys.argv[2]))
PY
}

VMATLAS_TIMES_FD=6 start_window replay "$TOUR" --at 10 --size 1280x720 6>"$WORK/times"
for _ in 1 2 3 4 5 6 7 8; do
	key period
	settle "$WORK/step.ppm"
done
stop_window
steps_are_in_the_next_picture "$WORK/times" 8
ok $? "what a key does is in the very next picture"

env -u DISPLAY -u WAYLAND_DISPLAY "$VMATLAS" replay "$TOUR" 2>"$WORK/stderr"
[ $? -eq 1 ] && grep -q 'no display' "$WORK/stderr"
ok $? "without a display it says so instead of running unseen"
echo "1..$N"
