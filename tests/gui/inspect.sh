#!/bin/bash
# The inspector, the search and the clipboard under Xvfb, with real keys, a real mouse and another program that reads the clipboard.
. "$(dirname "$0")/lib.sh"

shows() { # words, in one text
	texts | grep -qF -- "$1"
}

clipboard() {
	timeout 5 xclip -selection clipboard -o 2>/dev/null
}

has() { # pattern, in the clipboard
	clipboard | grep -q "$1"
}

is_a_mapping() {
	[ "$(clipboard | wc -l)" -eq 1 ] && grep -qxF "$(clipboard)" "$WORK/maps"
}

start_display 1920x1200
start_window replay "$ROOT/tests/data/inspect.vmatlas" --at mark:inspect.ready --size 1600x900
ok $? "a window opens"
settle "$WORK/before.ppm"

key ctrl+f
shows "address, name, rw-p, w+x, >1M, pid"
ok $? "Ctrl F opens a search line that says what it takes"
xdotool type --delay 20 "36001000000q"
key BackSpace
xdotool type --delay 20 0
shows "360010000000"
ok $? "what is typed stands in it, Backspace takes back"
key Down
shows "360010000000-360010003000"
ok $? "an address leads to its mapping, with all facts"
shows "rd wr mr mw me lo ac"
ok $? "its flags are those of smaps"
key Return
shows "locked in memory"
ok $? "Enter closes the list, the mapping stays"

settle "$WORK/chosen.ppm"
key ctrl+c
until_true has "^360010000000-360010003000 rw-p 00000000 00:00 0"
ok $? "another program gets the line as /proc/PID/maps prints it"
shot "$WORK/now.ppm"
! same "$WORK/now.ppm" "$WORK/chosen.ppm"
ok $? "a notice in the window says so"
key ctrl+shift+c
until_true has "^a read *no fault"
ok $? "Ctrl Shift C copies all its facts"

key Escape
! shows "locked in memory"
ok $? "Esc goes back to the tab before"

key slash
xdotool type --delay 20 "rw-s"
shows "1 found"
ok $? "/ opens it too, and is not typed into it"
printf 'r-xp' | xclip -selection clipboard -i
key ctrl+u ctrl+v
until_true texts >/dev/null
key ctrl+c
until_true has "^.* r-xp .*libc"
ok $? "a text is pasted, the results are copied"
xdotool type --delay 20 "zzz"
shows "nothing found"
ok $? "it says when nothing is found"
key Escape

"$VMATLAS" dump "$ROOT/tests/data/inspect.vmatlas" --at mark:inspect.ready --pid 136 >"$WORK/maps"
xdotool mousemove --window "$WINDOW" 500 620 click 1
xdotool mousemove --window "$WINDOW" 1200 15
shows "What would happen at"
ok $? "a click on a box shows its facts"
key ctrl+c
until_true is_a_mapping
ok $? "… of a mapping that is there"

stop_window
ok $? "Ctrl+Q ends it with status 0"
sed "s/^/# /" "$WORK/stderr"
[ ! -s "$WORK/stderr" ]
ok $? "it said nothing on stderr"
echo "1..$N"
