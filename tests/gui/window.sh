#!/bin/bash
# The window on the shipped recording, under Xvfb, with real keys and a real mouse.
. "$(dirname "$0")/lib.sh"

above_timeline="1280x600+0+0"

start_display 1920x1200
start_window replay "$TOUR" --at 29.9 --size 1280x720
ok $? "a window opens"
settle "$WORK/cow.png"
ok $? "a paused picture comes to rest"
approved "$WORK/cow.png" window-cow
ok $? "copy-on-write in the child looks as approved"

"$VMATLAS" render "$TOUR" -o "$WORK/render.png" --at 29.9
convert "$WORK/cow.png" -crop $above_timeline +repage "$WORK/a.png"
convert "$WORK/render.png" -crop $above_timeline +repage "$WORK/b.png"
same "$WORK/a.png" "$WORK/b.png"
ok $? "the window shows what render draws, pixel by pixel"

before=$(ticks)
sleep 2
[ $(($(ticks) - before)) -le 2 ]
ok $? "a window at rest uses no processor time"

key question
settle "$WORK/help.png"
approved "$WORK/help.png" window-help
ok $? "the help looks as approved"
key Escape
settle "$WORK/a.png"
same "$WORK/a.png" "$WORK/cow.png"
ok $? "Esc closes it"

key period
settle "$WORK/a.png"
! same "$WORK/a.png" "$WORK/cow.png"
ok $? ". steps forward"
key period
settle "$WORK/b.png"
key comma
settle "$WORK/b.png"
same "$WORK/a.png" "$WORK/b.png"
ok $? ", steps back to the same picture"

key bracketright
settle "$WORK/mark.png"
! same "$WORK/mark.png" "$WORK/cow.png"
ok $? "] goes to the next mark"
key bracketleft bracketleft bracketright bracketright
settle "$WORK/a.png"
same "$WORK/a.png" "$WORK/mark.png"
ok $? "[ and ] lead there and back"

key t
settle "$WORK/light.png"
approved "$WORK/light.png" window-light
ok $? "the light theme looks as approved"
key t
settle "$WORK/projector.png"
approved "$WORK/projector.png" window-projector
ok $? "the projector theme looks as approved"
key t
settle "$WORK/a.png"
same "$WORK/a.png" "$WORK/mark.png"
ok $? "T goes round the themes"

key ctrl+plus
settle "$WORK/large.png"
! same "$WORK/large.png" "$WORK/mark.png"
ok $? "Ctrl + makes texts larger"
key ctrl+0
settle "$WORK/a.png"
same "$WORK/a.png" "$WORK/mark.png"
ok $? "Ctrl 0 makes them as they were"

key Tab
settle "$WORK/other.png"
! same "$WORK/other.png" "$WORK/mark.png"
ok $? "Tab shows the other process"
key Tab f
settle "$WORK/a.png"
same "$WORK/a.png" "$WORK/mark.png"
ok $? "Tab again and F lead back"

xdotool mousemove --window "$WINDOW" 420 300 click 4 click 4 click 4
xdotool mousemove --window "$WINDOW" 1000 20
settle "$WORK/zoomed.png"
approved "$WORK/zoomed.png" window-zoomed
ok $? "the wheel zooms at the pointer, as approved"
key 0
settle "$WORK/a.png"
same "$WORK/a.png" "$WORK/mark.png"
ok $? "0 shows the whole map again"

xdotool mousemove --window "$WINDOW" 90 102 click 1
xdotool mousemove --window "$WINDOW" 1000 20
settle "$WORK/a.png"
! same "$WORK/a.png" "$WORK/mark.png"
ok $? "a click chooses a process"

xdotool mousemove --window "$WINDOW" 640 670 click 1
xdotool mousemove --window "$WINDOW" 1000 20
settle "$WORK/middle.png"
! same "$WORK/a.png" "$WORK/middle.png"
ok $? "a click in the timeline goes to that moment"
xdotool mousemove --window "$WINDOW" 640 670 mousedown 1 mousemove --window "$WINDOW" 300 670 mouseup 1
xdotool mousemove --window "$WINDOW" 1000 20
settle "$WORK/a.png"
! same "$WORK/a.png" "$WORK/middle.png"
ok $? "dragging there scrubs"

key space
sleep 1
shot "$WORK/b.png"
! same "$WORK/b.png" "$WORK/a.png"
ok $? "Space plays"
key space
settle "$WORK/a.png"
ok $? "Space pauses"
key Home bracketright bracketright bracketright # from here on again the same for every run

key F12
sleep 0.5
png=$(find "$WORK" -name 'vmatlas-*.png' | head -n 1)
[ -n "$png" ] && identify -verbose "$png" | grep -q 'Process: tour (' && identify -verbose "$png" | grep -q 'Software: vmatlas'
ok $? "F12 saves a picture that says program, process and time"

xdotool windowmove "$WINDOW" 0 0 windowsize --sync "$WINDOW" 1800 1000
settle "$WORK/a.png"
[ "$(identify -format %wx%h "$WORK/a.png")" = 1800x1000 ]
ok $? "the window follows its size"
xdotool windowsize --sync "$WINDOW" 700 480
settle "$WORK/small.png"
approved "$WORK/small.png" window-small
ok $? "in a small window panes fold away, as approved"

stop_window
ok $? "Ctrl+Q ends it with status 0"
sed "s/^/# /" "$WORK/stderr"
[ ! -s "$WORK/stderr" ]
ok $? "nothing was said on stderr"

# A stream that comes in pieces, and one that breaks off.
mkfifo "$WORK/in"
(head -c 20000 "$TOUR" && sleep 2 && tail -c +20001 "$TOUR") >"$WORK/in" &
start_window replay - --size 1280x720
settle "$WORK/half.png"
! same "$WORK/half.png" "$WORK/cow.png"
ok $? "a stream is shown while it comes"
sleep 2.5
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

env -u DISPLAY -u WAYLAND_DISPLAY "$VMATLAS" replay "$TOUR" 2>"$WORK/stderr"
[ $? -eq 1 ] && grep -q 'no display' "$WORK/stderr"
ok $? "without a display it says so instead of running unseen"
echo "1..$N"
