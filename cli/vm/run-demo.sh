#!/bin/sh
# What `make run` does: the demo in the throw-away VM, live in the window. Where there is no display, it is recorded and rendered instead:
# a picture and a film (or, without ffmpeg, numbered pictures) below BUILD, and the places are said.
# usage: run-demo.sh BUILD
set -eu

build=${1:?usage: run-demo.sh BUILD}
vmatlas=$build/vmatlas
demo=$(cd "$build" && pwd)/demos/tour

if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
	export VMATLAS_PACE="${VMATLAS_PACE:-0.7}"
	exec "$vmatlas" run --vm --title "a tour of a process's memory" -- "$demo"
fi

recording=$build/first-light.vmatlas
picture=$build/first-light.png

echo "run: there is no display, so the demo is recorded and rendered" >&2
VMATLAS_PACE=${VMATLAS_PACE:-0.3} "$vmatlas" record -o "$recording" --vm --title "a tour of a process's memory" -- "$demo"
"$vmatlas" render "$recording" -o "$picture" --at end
if command -v ffmpeg >/dev/null; then
	film=$build/first-light.mp4
else
	film=$build/first-light/
	mkdir -p "$film"
fi
"$vmatlas" render "$recording" -o "$film"
echo "run: recording $recording"
echo "run: picture   $picture"
echo "run: film      $film"
echo "run: 'vmatlas replay $recording' shows it in the window where there is a display"
