#!/bin/bash
# Fork view and list of processes in the window, under Xvfb, with real keys and a real mouse; a film of a fork.
. "$(dirname "$0")/lib.sh"

FAMILY=$ROOT/tests/data/fork.vmatlas

start_display 1400x800
start_window replay "$FAMILY" --at mark:kin.both --size 1280x720
ok $? "a window opens on a family"
key 3
says "fork took the R/W bit from 337 entries"
ok $? "3 shows parent and child"
says "parent's alone: mmap at 0.747 s"
ok $? "what one has alone is told with its reason"
# The parent's head: it is the one shown from now on, whatever happens.
xdotool mousemove --window "$WINDOW" 875 95 click 1
xdotool mousemove --window "$WINDOW" 1 1
settle "$WORK/fork.ppm"
key ctrl+k
settle "$WORK/all.ppm"
[ -s "$WORK/all.ppm" ] && ! same "$WORK/all.ppm" "$WORK/fork.ppm"
ok $? "Ctrl K unfolds what is equal"
key ctrl+k
settle "$WORK/again.ppm"
same "$WORK/again.ppm" "$WORK/fork.ppm"
ok $? "and folds it again"

# A page of the stack, in the parent's column.
xdotool mousemove --window "$WINDOW" 845 142 click 1
says "; parent "
ok $? "a click on a page says the frames behind it"
xdotool mousemove --window "$WINDOW" 1 1

key End
key k
says "of 3, 0.680 s"
ok $? "at the end there are three children; K goes to the next: the first"
key k
says "threw the copy away"
ok $? "K again: the one that called exec"

key 4
says "4 processes so far, 0 running"
ok $? "4 lists all processes"
says "failed: 3"
ok $? "with the status of each in words"
settle "$WORK/busiest.ppm"
key o
settle "$WORK/newest.ppm"
[ -s "$WORK/newest.ppm" ] && ! same "$WORK/busiest.ppm" "$WORK/newest.ppm"
ok $? "O sorts them in another way"
key shift+o
says "+ 3 ended"
ok $? "Shift O folds those that ended into a counted line"
key ctrl+n
until_true says "142, ended"
ok $? "Ctrl N turns to the newest process"
stop_window
ok $? "it ends well"

mkdir "$WORK/film" "$WORK/film2"
for dir in film film2; do
	"$VMATLAS" render "$FAMILY" -o "$WORK/$dir/" --from 0.66 --to 0.72 --speed 0.03 --fps 3 --size 640x480 --view fork --pid 137 2>/dev/null
done
n=$(find "$WORK/film" -name '*.png' | wc -l)
[ "$n" -ge 10 ] && diff -r "$WORK/film" "$WORK/film2" >/dev/null
ok $? "a film of a fork is the same each time"
echo "1..$N"
