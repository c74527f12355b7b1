#!/bin/bash
# A long recording: the window is there at once, shows how far reading is, and can be told to stop; what was read is shown.
. "$(dirname "$0")/lib.sh"

# The shipped recording with one of its blocks 15,000 times: 3.6 million records that come too late, but are kept and counted.
python3 - "$TOUR" "$WORK/long.vmatlas" <<'PYTHON'
import struct, sys
data = open(sys.argv[1], "rb").read()
chunks, at = [], 256
while at + 32 <= len(data):
    size = 32 + struct.unpack_from("<I", data, at + 8)[0]
    chunks.append(data[at:at + size])
    at += size
with open(sys.argv[2], "wb") as out:
    out.write(data[:256] + b"".join(chunks[:-2]))
    for _ in range(15):
        out.write(max(chunks[1:-2], key=len) * 1000)
PYTHON

start_display 1280x800
start_window replay "$WORK/long.vmatlas" --at 5 --size 1280x720 --theme dark
ok $? "the window opens before all is read"
shot "$WORK/early.ppm"
moves() {
	shot "$WORK/now.ppm" && ! same "$WORK/early.ppm" "$WORK/now.ppm"
}
until_true moves
ok $? "it shows that reading goes on"
key space
key Escape
settle "$WORK/stopped.ppm"
ok $? "Esc stops reading, and the window comes to rest"
[ ! -s "$WORK/stderr" ]
ok $? "nothing was said on stderr"
key Home
settle "$WORK/home.ppm"
! same "$WORK/stopped.ppm" "$WORK/home.ppm"
ok $? "what was read can be looked at"
stop_window
ok $? "closed with status 0"

# Without --at: the picture from the first block on, while the rest is read.
start_window replay "$WORK/long.vmatlas" --size 1280x720 --theme dark
until_true says "loading:"
ok $? "it says that more is being read"
until_true says "VMAs"
ok $? "… and shows the map meanwhile"
says "loading:"
ok $? "… which was before all was read"
key question
until_true says "Window"
ok $? "… and hears keys"
key question
key space
key Escape
settle "$WORK/half.ppm"
until_true says "loading was stopped"
ok $? "Esc stops reading there, too"
stop_window
ok $? "closed with status 0"

start_window replay "$WORK/long.vmatlas" --size 1280x720
stop_window
ok $? "closed while reading: status 0 too"

start_window replay "$WORK/long.vmatlas" --size 1280x720 --at mark:none
key Escape
wait "$PROGRAM"
[ $? -eq 1 ] && [ "$(wc -l <"$WORK/stderr")" -eq 1 ] && grep -q "no mark" "$WORK/stderr"
ok $? "a mark that is not there: one sentence, status 1"
PROGRAM=
echo "1..$N"
