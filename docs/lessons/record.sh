#!/bin/sh
# Makes the recordings of the lessons (`list`) anew, in the VM: record.sh BUILD DIRECTORY [NAME...]. One that lost anything, or whose program failed, is not kept.
set -eu
here=$(dirname "$0")
build=$(cd "$1" && pwd)
out=$2
shift 2

# Always the same place, and nobody's: it is in every recording.
lab=/tmp/lab
mkdir "$lab" || { echo "recordings: $lab is needed for a moment, and is there already" >&2 && exit 1; }
trap 'rm -rf "$lab"' EXIT
mkdir -p "$out"
out=$(cd "$out" && pwd)

lost() { # recording
	"$build/vmatlas" stats "$1" --json | python3 -c 'import json, sys; s = json.load(sys.stdin); print(s["lost"] + s["late"] + s["invalid"])'
}

record() { # name, pace, [random], arguments
	name=$1 pace=$2 addresses=--no-aslr
	shift 2
	[ "${1:-}" != random ] || { addresses= && shift; }
	cp "$build/demos/$name" "$lab/"
	# shellcheck disable=SC2086
	(cd "$lab" && VMATLAS_PACE=$pace "$build/vmatlas" record -q --vm $addresses -o "$lab/made.vmatlas" --title "$name" -- "./$name" "$@" >"$lab/said" </dev/null) || {
		cat "$lab/said"
		echo "recordings: $name failed" >&2
		exit 1
	}
	[ "$(lost "$lab/made.vmatlas")" = 0 ] || { echo "recordings: something was lost of $name; once more, please" >&2 && exit 1; }
	mv "$lab/made.vmatlas" "$out/$name.vmatlas"
	chmod 644 "$out/$name.vmatlas"
	echo "$(wc -c <"$out/$name.vmatlas") bytes  $name"
}

only=$*
while read -r name pace arguments; do
	case "$name" in '' | '#'*) continue ;; esac
	[ -z "$only" ] || case " $only " in *" $name "*) ;; *) continue ;; esac
	# shellcheck disable=SC2086
	record "$name" "$pace" $arguments
done <"$here/list"
