# Shared by the window tests: an X server of their own, the program in it, pictures of it. Source it; not a test itself.
#
# Pictures are compared with those in tests/gui/approved, which APPROVE=1 makes anew. Tolerance: TOLERANCE pixels of a million may differ by more than
# 8 % of a channel (a glyph of another FreeType release; nothing a reader would see).

TOLERANCE=2000
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
VMATLAS=${VMATLAS:-$ROOT/build/vmatlas}
TOUR=$ROOT/tests/data/tour.vmatlas
APPROVED=$ROOT/tests/gui/approved
WORK=$(mktemp -d "${TMPDIR:-/tmp}/vmatlas-gui.XXXXXX")
XVFB= WINDOW= PROGRAM=
unset WAYLAND_DISPLAY
N=0

ok() { # status, text
	N=$((N + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $N - $2"
	else
		echo "not ok $N - $2"
	fi
}

finish() {
	[ -z "$PROGRAM" ] || kill "$PROGRAM" 2>/dev/null
	[ -z "$XVFB" ] || kill "$XVFB" 2>/dev/null
	rm -rf "$WORK"
}
trap finish EXIT
trap 'exit 1' INT TERM

start_display() { # WxH
	mkfifo "$WORK/displayfd"
	Xvfb -displayfd 3 -screen 0 "$1x24" -nolisten tcp 3>"$WORK/displayfd" >/dev/null 2>&1 &
	XVFB=$!
	read -r number <"$WORK/displayfd"
	export DISPLAY=":$number"
}

# Starts vmatlas with these arguments (standard input: $WORK/in where that exists) and waits for its window.
start_window() {
	cd "$WORK" || exit 1
	xdotool mousemove 1 1 # a pointer above something would be told what it is
	if [ -e "$WORK/in" ]; then
		"$VMATLAS" "$@" <"$WORK/in" 2>"$WORK/stderr" &
	else
		"$VMATLAS" "$@" </dev/null 2>"$WORK/stderr" &
	fi
	PROGRAM=$!
	WINDOW=$(timeout 20 xdotool search --sync --onlyvisible --pid "$PROGRAM" 2>/dev/null | head -n 1)
	xdotool windowfocus "$WINDOW"
}

stop_window() {
	key ctrl+q
	wait "$PROGRAM"
	status=$?
	PROGRAM=
	return $status
}

key() {
	xdotool key --window 0 "$@"
}

shot() { # file
	import -silent -window "$WINDOW" "$1"
}

# Takes pictures until three in a row are equal: what moved has come to rest.
settle() { # file
	equal=0
	shot "$1"
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24; do
		mv "$1" "$WORK/before.png"
		sleep 0.15
		shot "$1"
		if same "$1" "$WORK/before.png"; then
			equal=$((equal + 1))
			[ $equal -lt 2 ] || return 0
		else
			equal=0
		fi
	done
	return 1
}

different_pixels() { # a, b
	compare -metric AE -fuzz 8% "$1" "$2" null: 2>&1 | sed 's/[^0-9.e+].*//' | awk '{ printf "%d", $1 }'
}

same() { # a, b: every pixel
	[ "$(compare -metric AE "$1" "$2" null: 2>&1)" = 0 ]
}

approved() { # picture, name
	if [ -n "${APPROVE:-}" ]; then
		mkdir -p "$APPROVED"
		convert "$1" +dither -colors 256 -strip -define png:compression-level=9 "PNG8:$APPROVED/$2.png" # small: 256 colours are within the tolerance
	fi
	pixels=$(($(identify -format '%w*%h' "$1")))
	[ "$(different_pixels "$1" "$APPROVED/$2.png")" -le $((pixels * TOLERANCE / 1000000)) ]
}

# The same, with time to get there: for what does not depend on this program alone (a stream that ends, a loaded machine).
eventually_approved() { # name
	for _ in 1 2 3 4 5 6; do
		settle "$WORK/eventually.png"
		if approved "$WORK/eventually.png" "$1"; then
			return 0
		fi
		sleep 1
	done
	return 1
}

# Processor time of the program so far, in ticks of 10 ms.
ticks() {
	awk '{ print $14 + $15 }' "/proc/$PROGRAM/stat"
}
