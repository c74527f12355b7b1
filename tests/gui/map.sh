#!/bin/bash
# The map under Xvfb, with real keys and a real mouse: down to a page of a mapping of 1 GiB and back, colours, filters, the overview.
. "$(dirname "$0")/lib.sh"

LARGE=$ROOT/tests/data/large.vmatlas

away() {
	xdotool mousemove --window "$WINDOW" 1000 20
}


start_display 1920x1200
start_window replay "$LARGE" --at mark:touched --size 1280x720
ok $? "a window opens"
settle "$WORK/whole.ppm"
says "start_brk" && says "colour: kind" && says "anonymous"
ok $? "the whole map has its ticks, its colouring and its legend"

# The mapping of 1 GiB is the box that says so: go to it by the wheel.
key z
settle "$WORK/page.ppm"
texts >"$WORK/page.texts"
grep -q "in RAM, read" "$WORK/page.texts" && grep -q "fault.* here" "$WORK/page.texts"
ok $? "Z goes close up to the page of the event"
key 0
settle "$WORK/a.ppm"
same "$WORK/a.ppm" "$WORK/whole.ppm"
ok $? "0 shows the whole map again"

key Next
settle "$WORK/a.ppm"
! same "$WORK/a.ppm" "$WORK/whole.ppm"
ok $? "PgDn chooses the box below"
key Prior
settle "$WORK/b.ppm"
! same "$WORK/a.ppm" "$WORK/b.ppm"
ok $? "PgUp the box above"
key Escape

# The wheel alone, at the pointer, 70 steps: some page's cell fills the words it has.
xdotool mousemove --window "$WINDOW" 180 330
for _ in 1 2 3 4 5 6 7; do
	xdotool click --repeat 10 --delay 1 4
done
away
settle "$WORK/close.ppm"
texts >"$WORK/close.texts"
[ "$(grep -c "^absent\|^in RAM, \|^not known" "$WORK/close.texts")" -ge 4 ]
ok $? "the wheel alone goes in to single pages"
xdotool mousemove --window "$WINDOW" 400 330 click 1
away
settle "$WORK/chosen.ppm"
[ "$(different_pixels "$WORK/close.ppm" "$WORK/chosen.ppm")" -gt 100 ]
ok $? "a click on a page chooses it"
xdotool mousemove --window "$WINDOW" 400 330
says "Click: the walk that leads there"
ok $? "the pointer is told about the page"
xdotool mousedown 1
xdotool mousemove --window "$WINDOW" 400 250 mousemove --window "$WINDOW" 400 180
xdotool mouseup 1
away
settle "$WORK/dragged.ppm"
! same "$WORK/dragged.ppm" "$WORK/chosen.ppm"
ok $? "dragging moves the map"

xdotool mousemove --window "$WINDOW" 579 120 click 1
away
says "stack"
ok $? "a click in the overview goes there"
xdotool mousemove --window "$WINDOW" 579 120 mousedown 1 mousemove --window "$WINDOW" 579 300 mousemove --window "$WINDOW" 579 500 mouseup 1
away
texts >"$WORK/low.texts"
! grep -q "^stack" "$WORK/low.texts" && grep -q "start_code" "$WORK/low.texts"
ok $? "dragging in the overview goes along the map"
key 0 Escape

for name in zone permission age heat sharing; do
	key c
	says "colour: $name"
	ok $? "C colours by $name"
done
key shift+c
says "colour: heat" && says "144 faults"
ok $? "Shift C goes back, and the boxes tell how often they were faulted at"
key c c
settle "$WORK/kind.ppm"
says "colour: kind"
ok $? "C goes round"

# The first entry of the legend: anonymous.
xdotool mousemove --window "$WINDOW" 60 71 click 1
away
settle "$WORK/only.ppm"
says "only anonymous" && ! same "$WORK/only.ppm" "$WORK/kind.ppm"
ok $? "a click in the legend fades the rest, and it is said"
xdotool mousemove --window "$WINDOW" 60 71 click 1
away
settle "$WORK/a.ppm"
same "$WORK/a.ppm" "$WORK/kind.ppm"
ok $? "a second click brings it back"
xdotool mousemove --window "$WINDOW" 60 71 click 1
away
key Escape
! says "only anonymous"
ok $? "Esc clears the filter"

xdotool mousemove --window "$WINDOW" 548 50 click 1
away
says "colour: zone"
ok $? "the button in the pane's head changes the colouring"

stop_window
ok $? "the window closes"

"$VMATLAS" render "$LARGE" -o "$WORK/a.png" --at mark:touched --do zoom:0x600000001000 &&
	"$VMATLAS" render "$LARGE" -o "$WORK/b.png" --at mark:touched --do colour:zone,filter:mapping &&
	! same "$WORK/a.png" "$WORK/b.png"
ok $? "scripts go close, colour and filter by name"
"$VMATLAS" render "$LARGE" -o "$WORK/a.png" --at mark:touched --do colour:plaid 2>"$WORK/stderr"
[ $? -eq 2 ] && [ "$(wc -l <"$WORK/stderr")" -ge 1 ]
ok $? "a colouring that does not exist is refused"
