#!/bin/bash
# Time in the window: A and B and their tab, bookmarks, steps by call, the timeline dragged; with real keys and mouse.
. "$(dirname "$0")/lib.sh"

changed() { # before, after, text
	! same "$1" "$2"
	ok $? "$3"
}

back() { # before, after, text
	same "$1" "$2"
	ok $? "$3"
}

start_display 1280x800
start_window replay "$TOUR" --at 5 --size 1280x720 --theme dark
settle "$WORK/walk.ppm"
key shift+a
settle "$WORK/a.ppm"
changed "$WORK/walk.ppm" "$WORK/a.ppm" "Shift A sets moment A on the timeline"
key 6
settle "$WORK/tab.ppm"
changed "$WORK/a.ppm" "$WORK/tab.ppm" "6 opens the difference"
for _ in 1 2 3 4 5; do key bracketright; done
settle "$WORK/later.ppm"
changed "$WORK/tab.ppm" "$WORK/later.ppm" "the difference goes along with the picture"
key shift+b
settle "$WORK/b.ppm"
key ctrl+x
settle "$WORK/swapped.ppm"
changed "$WORK/b.ppm" "$WORK/swapped.ppm" "Ctrl X swaps A and B"
key ctrl+x
settle "$WORK/again.ppm"
back "$WORK/b.ppm" "$WORK/again.ppm" "and back, pixel by pixel"
key shift+x
settle "$WORK/zoomed.ppm"
changed "$WORK/b.ppm" "$WORK/zoomed.ppm" "Shift X shows the stretch from A to B"
key shift+Home
settle "$WORK/fit.ppm"
back "$WORK/b.ppm" "$WORK/fit.ppm" "Shift Home shows all again"

key greater
settle "$WORK/call.ppm"
changed "$WORK/fit.ppm" "$WORK/call.ppm" "Shift . goes to the next system call"
key greater
settle "$WORK/call2.ppm"
key less
settle "$WORK/call3.ppm"
back "$WORK/call.ppm" "$WORK/call3.ppm" "and Shift , back to the one before"

key b
settle "$WORK/mark.ppm"
changed "$WORK/call.ppm" "$WORK/mark.ppm" "B sets a bookmark"
key Home
settle "$WORK/home.ppm"
key ctrl+b
settle "$WORK/mark2.ppm"
back "$WORK/mark.ppm" "$WORK/mark2.ppm" "Ctrl B goes to it from the start"
key b
settle "$WORK/unmarked.ppm"
back "$WORK/call.ppm" "$WORK/unmarked.ppm" "B there takes it away"

# The mouse: shift and drag chooses a stretch; the wheel comes closer, the other button scrolls.
xdotool mousemove --window "$WINDOW" 300 665 keydown shift mousedown 1 mousemove --window "$WINDOW" 700 665 mouseup 1 keyup shift
xdotool mousemove 1 1
settle "$WORK/drag.ppm"
changed "$WORK/unmarked.ppm" "$WORK/drag.ppm" "shift and drag on the timeline sets A and B"
xdotool mousemove --window "$WINDOW" 500 665 click 4 click 4 click 4
xdotool mousemove 1 1
settle "$WORK/close.ppm"
xdotool mousemove --window "$WINDOW" 500 665 mousedown 3 mousemove --window "$WINDOW" 400 665 mouseup 3
xdotool mousemove 1 1
settle "$WORK/scrolled.ppm"
changed "$WORK/close.ppm" "$WORK/scrolled.ppm" "the right button scrolls the timeline that was zoomed"

key 7
settle "$WORK/stats.ppm"
changed "$WORK/scrolled.ppm" "$WORK/stats.ppm" "7 opens the statistics"
xdotool mousemove --window "$WINDOW" 716 83 click 1
xdotool mousemove 1 1
settle "$WORK/all.ppm"
changed "$WORK/stats.ppm" "$WORK/all.ppm" "a click shows those of all processes"
stop_window
ok $? "closed with status 0"
[ ! -s "$WORK/stderr" ]
ok $? "nothing was said on stderr"
echo "1..$N"
