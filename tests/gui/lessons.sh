#!/bin/bash
# The lessons: every command in them is run as it stands there, replays in a window; one that needs the VM is looked through here (its options, its program) and run by
# tests/kernel/test_lessons.py. Each page has its picture, its recording and three questions, and is in the index.
. "$(dirname "$0")/lib.sh"
LESSONS=$ROOT/docs/lessons

# file, a tab, a command: the lines of all blocks ```sh, without what is said behind them.
commands() {
	awk '/^```/ { inside = $0 == "```sh"; next } inside && NF { sub(/ +# .*/, ""); print FILENAME "\t" $0 }' "$LESSONS"/*.md
}

# Where the commands believe to be at home. What they write is not written into the sources.
for name in build demos docs tests; do
	ln -s "$ROOT/$name" "$WORK/$name"
done

in_a_window() { # arguments of vmatlas
	start_window "$@" || return 1
	key End
	texts >"$WORK/texts"
	stop_window && grep -q "Address space of\|Walk" "$WORK/texts" && [ ! -s "$WORK/stderr" ]
}

makes_sense() { # command for the VM
	program=${1##* -- }
	program=${program%% *}
	(cd "$WORK" && bash -c "${1/ -- / --help -- }" >"$WORK/out" 2>"$WORK/stderr") && grep -q "^Usage" "$WORK/out" && (cd "$WORK" && command -v "$program" >/dev/null)
}

start_display 1280x800
count=0 pages=0
while IFS=$'\t' read -r file command; do
	count=$((count + 1))
	: >"$WORK/stderr"
	case $command in
	"build/vmatlas replay "*)
		eval "set -- ${command#build/vmatlas }"
		in_a_window "$@"
		;;
	make\ *) make -n -C "$ROOT" ${command#make } >"$WORK/out" 2>"$WORK/stderr" ;;
	*" --vm"* | "build/vmatlas vm "*) makes_sense "$command" ;;
	*) (cd "$WORK" && bash -c "$command" >"$WORK/out" 2>"$WORK/stderr" </dev/null) && { [ -s "$WORK/out" ] || [ -z "${command##*-o *}" ]; } ;;
	esac
	ok $? "$(basename "$file"): $command"
	sed "s/^/# /" "$WORK/stderr"
done < <(commands)
[ $count -gt 20 ]
ok $? "the lessons have commands ($count)"

for page in "$LESSONS"/*.md; do
	name=$(basename "$page" .md)
	case $name in README | lecturers) continue ;; esac
	pages=$((pages + 1))
	[ "$(grep -c '<details>' "$page")" = 3 ] && [ "$(grep -c '</details>' "$page")" = 3 ] && grep -qF "($name.md)" "$LESSONS/README.md"
	ok $? "$name: three questions, and it is in the index"
	[ $name != kernel-module ] || continue # nothing is recorded there
	grep -q "^!\[.*](../pictures/lesson-" "$page" && grep -q "build/vmatlas --vm" "$page" && grep -q "replay docs/lessons/recordings/" "$page"
	ok $? "$name: run it live, replay it, a picture"
done
[ $pages -ge 12 ]
ok $? "$pages lessons"
for recording in "$LESSONS"/recordings/*.vmatlas; do
	name=$(basename "$recording" .vmatlas)
	grep -qF "recordings/$name.vmatlas" "$LESSONS"/*.md && grep -q "^$name " "$LESSONS/list"
	ok $? "the recording $name is used, and 'make recordings' makes it"
done
missing=
for link in $(grep -rhoE '\]\([^)#:]+' "$LESSONS" --include=*.md | cut -c3- | sort -u); do
	[ -e "$LESSONS/$link" ] || missing="$missing $link"
done
[ -z "$missing" ]
ok $? "every link leads somewhere$missing"
echo "1..$N"
