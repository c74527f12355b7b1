#!/bin/bash
# What is noticed, and explain mode, in the window under Xvfb with real keys and a real mouse.
. "$(dirname "$0")/lib.sh"

NOTICES=$ROOT/tests/data/notices.vmatlas

start_display 1280x800
start_window replay "$NOTICES" --at 2.9 --size 1280x720
ok $? "a window opens"
says "Noticed 3"
ok $? "the tab's title counts what was noticed so far"
key 8
says "Writable and executable"
ok $? "8 opens the tab"
says "127 holes lie between pieces of anonymous memory"
ok $? "and it says what, with figures"
! says "Why it matters"
ok $? "reasons only of the chosen one"

# The first card is that of the process shown; further down are the others.
xdotool mousemove --window "$WINDOW" 900 125 click 1
says "Why it matters: Who can make the program write"
ok $? "a click on a card tells why and what to do"
settle "$WORK/wx.ppm"
key n
says "Why it matters: A stack grows"
ok $? "N goes to another"
settle "$WORK/next.ppm"
! same "$WORK/wx.ppm" "$WORK/next.ppm"
ok $? "and shows its memory"
texts | grep -qx "stack-growth"
ok $? "of the process it is about"

key 1
key x
says "Access" && says "CR2, error code"
ok $? "X explains the last event as its steps"
until_true says "executed again"
ok $? "which come one after the other, up to the retry"
key period
key period
key period
says "Access" || says "Call" || says "Event"
ok $? "stepping explains the next events"
key x
! says "CR2, error code"
ok $? "X ends it"
key x
stop_window
ok $? "the window closes"
grep -qx "explain yes" "$XDG_CONFIG_HOME/vmatlas/window"
ok $? "explain mode is remembered"
start_window replay "$TOUR" --at 29.9 --size 1280x720
says "CR2, error code"
ok $? "and on again the next time"
stop_window
ok $? "the window closes again"
echo "1..$N"
