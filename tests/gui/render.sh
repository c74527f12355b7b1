#!/bin/bash
# Pictures and films without a display: approved, and byte for byte the same each time.
. "$(dirname "$0")/lib.sh"
unset DISPLAY

render() {
	"$VMATLAS" render "$TOUR" "$@" 2>"$WORK/stderr"
}

render -o "$WORK/a.png" --at mark:"$("$VMATLAS" events "$TOUR" --type mark | sed -n '11s/.* mark //p')"
ok $? "a picture at a mark"
render -o "$WORK/huge.png" --at 10.9
approved "$WORK/huge.png" render-huge
ok $? "a huge page looks as approved"
render -o "$WORK/bad.png" --at 32.459 --theme light
approved "$WORK/bad.png" render-bad
ok $? "a bad access looks as approved"
render -o "$WORK/again.png" --at 10.9
cmp -s "$WORK/huge.png" "$WORK/again.png"
ok $? "the same picture twice has the same bytes"
render -o - --at 10.9 >"$WORK/again.png"
cmp -s "$WORK/huge.png" "$WORK/again.png"
ok $? "and on standard output"
[ "$(identify -format '%[Time] %[Process]' "$WORK/huge.png")" != " " ] && identify -verbose "$WORK/huge.png" | grep -q 'Software: vmatlas'
ok $? "it carries program, process and time"

render -o "$WORK/film/" --from 10.2 --to 11 --fps 10 --size 640x360
[ "$(find "$WORK/film" -name '*.png' | wc -l)" -ge 28 ]
ok $? "a directory gets numbered pictures"
mv "$WORK/film" "$WORK/film1"
render -o "$WORK/film/" --from 10.2 --to 11 --fps 10 --size 640x360
diff -r "$WORK/film" "$WORK/film1" >/dev/null
ok $? "twice the same film: the same bytes"
render -o "$WORK/a.gif" --from 10.2 --to 10.8 --fps 5 --size 640x360 && [ "$(identify "$WORK/a.gif" | wc -l)" -ge 5 ]
ok $? "a GIF"
render -o "$WORK/a.mp4" --from 10.2 --to 10.8 --size 641x361 && [ "$(head -c 8 "$WORK/a.mp4" | tail -c 4)" = ftyp ]
ok $? "an MP4, of odd size too"
render -o "$WORK/b.mp4" --from 10.2 --to 10.8 --size 641x361 && cmp -s "$WORK/a.mp4" "$WORK/b.mp4"
ok $? "the same MP4 twice has the same bytes"
render -o "$WORK/a.webm" --from 10.2 --to 10.6 --fps 10 --size 640x360 && [ "$(ffprobe -v error -count_frames -show_entries stream=nb_read_frames -of csv=p=0 "$WORK/a.webm")" -ge 24 ]
ok $? "a WebM, with every picture"
# What the encoder gets: the same as if it had got the pictures, whatever part of them was converted anew.
stand_in() { # keeps the frames
	mkdir -p "$WORK/stand-in"
	printf '#!/bin/sh\nfor last; do :; done\ncat >"%s"\necho made >"$last"\n' "$1" >"$WORK/stand-in/ffmpeg"
	chmod +x "$WORK/stand-in/ffmpeg"
}
converted() { # pictures, filter
	ffmpeg -loglevel error -nostdin -i "$1/%06d.png" -vf "format=bgra,${2}scale=out_color_matrix=bt709:out_range=tv:flags=area+accurate_rnd+bitexact,format=yuv420p" -f rawvideo -y "$WORK/wanted.yuv"
}
# No byte is off by more than one: libswscale 6 gives the very same, another one may round otherwise.
near() {
	[ -s "$1" ] && [ "$(stat -c %s "$1")" = "$(stat -c %s "$2")" ] && cmp -l "$1" "$2" | awk '
		function number(o) { return int(o / 100) * 64 + int(o % 100 / 10) * 8 + o % 10 }
		{ d = number($2) - number($3); if (d > 1 || d < -1) exit far = 1 } END { exit far }'
}
for size in 640x360 641x361; do
	rm -rf "$WORK/film"
	render -o "$WORK/film/" --from 10.2 --to 11 --fps 10 --size $size
	stand_in "$WORK/got.yuv"
	PATH="$WORK/stand-in:$PATH" render -o "$WORK/stood-in.mp4" --from 10.2 --to 11 --fps 10 --size $size
	converted "$WORK/film" "$([ $size = 640x360 ] || echo 'pad=642:362,fillborders=right=1:bottom=1:mode=smear,')"
	near "$WORK/got.yuv" "$WORK/wanted.yuv"
	ok $? "$size: the encoder gets what libswscale makes of the pictures"
done
stand_in "$WORK/got.bgra"
PATH="$WORK/stand-in:$PATH" render -o "$WORK/stood-in.gif" --from 10.2 --to 11 --fps 10 --size 641x361
ffmpeg -loglevel error -nostdin -i "$WORK/film/%06d.png" -pix_fmt bgra -f rawvideo -y "$WORK/wanted.bgra"
cmp -s "$WORK/got.bgra" "$WORK/wanted.bgra" && [ -s "$WORK/got.bgra" ]
ok $? "a GIF's palette is made from the pictures' own pixels"
[ "$(ffprobe -v error -show_entries stream=color_range,color_space,color_primaries,color_transfer -of csv=p=0 "$WORK/a.mp4")" = tv,bt709,iec61966-2-1,bt709 ]
ok $? "a film says how its colours are meant"
render -o "$WORK/slow/" --from 10.2 --to 10.4 --speed 0.1 --fps 10 --size 640x360
[ "$(find "$WORK/slow" -name '*.png' | wc -l)" -ge 40 ]
ok $? "slower than it happened: more pictures"
render -o "$WORK/tab.png" --at 10.9 --view stage --do help,escape,page:0x1000
ok $? "actions before a picture"
render -o "$WORK/tab.png" --at 10.9 --do nonsense
[ $? -eq 2 ]
ok $? "an action that is none: status 2"

mkdir "$WORK/bin"
PATH="$WORK/bin" render -o "$WORK/c.mp4" --from 10.2 --to 10.4 --size 640x360 && [ -s "$WORK/c/000001.png" ] && grep -q 'no ffmpeg' "$WORK/stderr"
ok $? "without ffmpeg: numbered pictures, and it says so"
printf '#!/bin/sh\necho "disk on fire" >&2\nexit 7\n' >"$WORK/bin/ffmpeg"
chmod +x "$WORK/bin/ffmpeg"
PATH="$WORK/bin:$PATH" render -o "$WORK/d.mp4" --from 10.2 --to 10.4 --size 640x360
[ $? -eq 1 ] && grep -q 'disk on fire' "$WORK/stderr" && grep -q 'exit code 7' "$WORK/stderr"
ok $? "when ffmpeg fails, its words and exit code are passed on"

render -o /nowhere/a.png
[ $? -eq 1 ] && grep -q '/nowhere/a.png: No such file' "$WORK/stderr"
ok $? "a place that cannot be written: a sentence, status 1"
render -o "$WORK/a.png" --size 12
[ $? -eq 2 ]
ok $? "a size that is none: status 2"
"$VMATLAS" render /dev/null -o "$WORK/a.png" 2>"$WORK/stderr"
[ $? -eq 6 ]
ok $? "no recording: status 6"
echo "1..$N"
