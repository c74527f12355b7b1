#!/bin/bash
# The walk view and the page-table view under Xvfb, with real keys and a real mouse: an entry is enlarged, a page's walk is shown and left again, the tables are gone down to a page.
. "$(dirname "$0")/lib.sh"

REGIONS=$ROOT/tests/data/regions4.vmatlas

click() { # x, y in the window
	xdotool mousemove --window "$WINDOW" "$1" "$2" click 1
	xdotool mousemove --window "$WINDOW" 3 3
}

silent() { # text: no longer said
	! says "$1"
}

start_display 1920x1200
start_window replay "$TOUR" --at 29.9 --size 1280x720 --theme dark
until_true says "copy-on-write"
ok $? "a copy-on-write fault is shown"
says "old frame"
ok $? "the old frame stands beside the copy"

key Return
until_true says "PTE entry 1 = 0x800000000559f867"
ok $? "Enter enlarges the last entry"
says "no instruction may be fetched from it" || says "user mode may use it"
ok $? "its bits are explained"
says "Maps a page of 4 KiB in frame 0x559f."
ok $? "and the whole in a sentence"
key Escape
until_true silent "PTE entry 1 = 0x800000000559f867"
ok $? "Esc makes it small again"
stop_window

start_window replay "$REGIONS" --at end --size 1280x720 --theme dark
key 2
until_true says "22 page tables known, 88 KiB"
ok $? "the page-table view counts the tables"
says "The kernel counted as much when it last told: 84 KiB without the PGD."
ok $? "and compares with the kernel"
says "PGD entry 16, 0x010"
ok $? "the first entry in use is chosen"
key Return
until_true says "PUD entry 0, 0x000"
ok $? "Enter goes down to the PUD table"
key Return
until_true says "PMD entry 0, 0x000"
ok $? "to the PMD table"
key shift+Right
until_true says "PMD entry 1, 0x001"
ok $? "an arrow chooses the next entry"
key Return
until_true says "PTE entry 0, 0x000"
ok $? "to its PTE table"
key Return
until_true says "The walk to this page, as last known"
ok $? "a page of it shows its walk"
says "0800 0020 0000" || says "0x0800 0020 0000"
ok $? "of the page that was chosen"
texts | grep -q "^read by the kernel module .* ago"
ok $? "with its age"
key Escape
until_true silent "The walk to this page, as last known"
ok $? "Esc goes back to the faults"

key 2
until_true says "PTE entry 0, 0x000"
key shift+BackSpace
until_true says "PMD entry 1, 0x001"
ok $? "Shift Backspace goes up again"
settle "$WORK/pmd.ppm"
click 625 190
until_true says "PTE entry 0, 0x000"
ok $? "a click on an entry opens its table"
stop_window
ok $? "the window closes with Ctrl-Q"
