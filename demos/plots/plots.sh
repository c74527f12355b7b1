#!/bin/sh
# plots.sh APP DIR: runs app, lets it measure itself (/proc/self/smaps, sbrk), and draws what it measured, as SVG and PNG, into DIR.
set -eu

app=$1 out=$2
here=$(cd "$(dirname "$0")" && pwd)
command -v gnuplot >/dev/null || { echo "plots: there is no gnuplot (Debian: gnuplot-nox); 'make deps' installs it" >&2; exit 1; }
mkdir -p "$out"
"$app" -d "$out/small.data" -s "alloc 1000 3000; free all" >"$out/small.log"
"$app" -d "$out/large.data" -s "alloc 200k 15; free all" >"$out/large.log"
"$app" -d "$out/stack.data" -s "recurse 3000; return" >"$out/stack.log"
for name in heap stack; do
	for kind in svg png; do
		gnuplot -e "kind='$kind'; dir='$out'; out='$out/$name.$kind'" "$here/style.gp" "$here/$name.gp"
	done
done
echo "plots: $out/heap.svg $out/heap.png $out/stack.svg $out/stack.png"
