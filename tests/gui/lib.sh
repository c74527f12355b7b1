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
export XDG_CONFIG_HOME="$WORK/config"
mkfifo "$WORK/ask" "$WORK/answer"
exec 7<>"$WORK/ask" 8<>"$WORK/answer"
export VMATLAS_REST_FDS=7,8
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
	Xvfb -displayfd 3 -screen 0 "$1x24" -nolisten tcp -noreset 3>"$WORK/displayfd" >/dev/null 2>&1 &
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
	WINDOW=
	until_true find_window || return 1
	xdotool windowfocus "$WINDOW"
}

# A search dies of a window that goes while it looks: SDL opens some for a moment. So it may need another try.
find_window() {
	WINDOW=$(timeout 5 xdotool search --onlyvisible --pid "$PROGRAM" 2>/dev/null | head -n 1)
	[ -n "$WINDOW" ]
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
	[ -n "$WINDOW" ] && timeout 10 import -silent -window "$WINDOW" -depth 8 "$1"
}

# Answers that came too late for whoever asked.
forget_answers() {
	while read -r -t 0.01 said <&8; do
		:
	done
}

# A picture as soon as the program says that all keys so far are handled and nothing moves any more (gui/window_rest.h).
settle() { # file
	forget_answers
	echo >&7
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		if read -r -t 2 said <&8; then
			shot "$1"
			return
		fi
		kill -0 "$PROGRAM" 2>/dev/null || break
	done
	echo "# the window does not come to rest; it said:"
	sed "s/^/# /" "$WORK/stderr"
	return 1
}

# Every text in the picture, a line each, as soon as it has come to rest.
texts() {
	forget_answers
	echo -n t >&7
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		if read -r -t 2 said <&8; then
			printf '%s\n' "$said" | tr '\t' '\n' | tail -n +2
			return
		fi
		kill -0 "$PROGRAM" 2>/dev/null || break
	done
	return 1
}

# Is this among them?
says() { # text
	texts | grep -qF -- "$1"
}

# Waits until a command succeeds, 30 seconds at most.
until_true() { # command...
	patience=$((SECONDS + 30))
	until "$@"; do
		[ $SECONDS -lt $patience ] || return 1
		sleep 0.1
	done
}

different_pixels() { # a, b
	compare -metric AE -fuzz 8% "$1" "$2" null: 2>&1 | sed 's/[^0-9.e+].*//' | awk '{ printf "%d", $1 }'
}

same() { # a, b: every pixel
	cmp -s "$1" "$2"
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
	until_true settled_as_approved "$1"
}

settled_as_approved() { # name
	settle "$WORK/eventually.ppm" && approved "$WORK/eventually.ppm" "$1"
}

# Processor time of the program so far, in ticks of 10 ms.
ticks() {
	awk '{ print $14 + $15 }' "/proc/$PROGRAM/stat"
}
