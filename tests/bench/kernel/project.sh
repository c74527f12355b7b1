#!/bin/sh
# Puts a C project into a guest's file system: sources of this one, the headers they take, what gcc needs, and a makefile that makes them in parts.
# usage: project.sh ROOT FILES PARTS      in the directory of the sources
set -eu
root=$1 files=$2 parts=$3
flags="-std=gnu11 -D_GNU_SOURCE -Iinclude -iquote core -O0 -g"
dir=$root/project
mkdir -p "$dir"

# shellcheck disable=SC2012
list=$(ls -S core/*.c | tail -n "$files")
# shellcheck disable=SC2086
[ "$(echo $list | wc -w)" = "$files" ] || { echo "project.sh: core/ has no $files files" >&2; exit 1; }

copy() { # file: of this project below /project, of the system where it was
	case $1 in
	/*) to=$root$1 ;;
	*) to=$dir/$1 ;;
	esac
	[ -e "$to" ] || install -D "$1" "$to"
}

# shellcheck disable=SC2086
${CC:-gcc} $flags -M $list | tr ' \\' '\n\n' | grep '\.[ch]$' | sort -u | while read -r f; do copy "$f"; done
compiler=$(${CC:-gcc} -print-prog-name=cc1)
copy "$compiler"
for f in $(ldd "$compiler" | sed -n 's/.*[ \t]\(\/[^ ]*\).*/\1/p'); do [ -e "$root$f" ] || install -D "$(readlink -f "$f")" "$root$f"; done

{
	echo ".SUFFIXES:"
	printf '/tmp/objects/%%.o: core/%%.c\n\tgcc %s -c $< -o $@\n' "$flags"
	number=0
	for f in $list; do
		echo "part$((number % parts + 1)): /tmp/objects/$(basename "$f" .c).o"
		number=$((number + 1))
	done
} >"$dir/objects.mk"
