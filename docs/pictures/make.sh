#!/bin/sh
# Makes the pictures of the documentation: make.sh DIRECTORY [NAME...]
set -eu
here=$(dirname "$0")
out=$1
shift
mkdir -p "$out"
while read -r name recording options; do
	case "$name" in '' | '#'*) continue ;; esac
	[ $# -eq 0 ] || case " $* " in *" $name "*) ;; *) continue ;; esac
	# shellcheck disable=SC2086
	build/vmatlas render "$recording" -o "$out/$name.png" $options
	# There is one for each lesson: 128 colours are enough for them, and a third of the size.
	case $name in lesson-*) convert "$out/$name.png" +dither -colors 128 -strip -define png:compression-level=9 "PNG8:$out/$name.png" ;; esac
done <"$here/list"
