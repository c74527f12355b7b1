#!/bin/sh
# Runs the tests and counts them: the last line is "N passed, N failed", the exit status 1 when any failed.
#
# usage: run.sh fast|normal|long|debug [NAME...]     NAME: only programs whose name contains one of these words
#
#   fast    structure, unit and window tests: no VM
#   normal  all, random cases cut down (what CI runs)
#   long    all, full counts
#   debug   the module and some of what runs in a VM, smallest counts, on kernels that check themselves (make test-debug)
#
# Each program prints a line a test, "ok …" or "not ok …", on standard output (as TAP does). One that prints none or dies has failed; all it wrote is
# in build/tests/logs/. VMATLAS_TEST_SEED repeats a random run (the seed is printed), KERNELS="6.12" narrows the kernels.
set -u

cd "$(dirname "$0")/.." || exit 1
size=${1:-normal}
case $size in
fast | normal | long | debug) ;;
*) echo "usage: run.sh fast|normal|long|debug [NAME...]" >&2 && exit 2 ;;
esac
[ $# -eq 0 ] || shift
only=$*

B=build
logs=$B/tests/logs
tally=$logs/tally.$$
case $size in
debug) export VMATLAS_TEST_SIZE=fast ;;
*) export VMATLAS_TEST_SIZE="$size" ;;
esac
export VMATLAS_TEST_SEED="${VMATLAS_TEST_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}"
export PYTHONUNBUFFERED=1
export PYTHONPYCACHEPREFIX="$PWD/$B/tests/pycache"
export CMOCKA_MESSAGE_OUTPUT=TAP
export ASAN_OPTIONS="${ASAN_OPTIONS:-abort_on_error=0:exitcode=86}"
# Called by make -j: its places are not for what is built within tests, which would have to say so where nothing may be said.
MAKEFLAGS=$(echo "${MAKEFLAGS:-}" | sed -E 's/(^| )-j[0-9]*( |$)/ /; s/ *--jobserver-[a-z]+=[^ ]*//g')
export MAKEFLAGS
KERNELS=${KERNELS:-6.1 6.12}
jobs=${VMATLAS_TEST_JOBS:-2}

mkdir -p "$logs"
: >"$tally"
pool=$(mktemp -d "${TMPDIR:-/tmp}/vmatlas-tests.XXXXXX")
queued=0 # programs started or waiting for a place
shown=0  # … and those whose result has been shown

# A pipe with as many lines as programs may run: who starts takes one, who ends gives it back.
mkfifo "$pool/places"
exec 9<>"$pool/places"
for _ in $(seq "$jobs"); do
	echo >&9
done

# What takes long says every minute how far it has come, so that slow can be told from standing still.
tell_progress() {
	while sleep 60 >/dev/null 2>&1; do
		for pid in "$pool"/*.pid; do
			[ -e "$pid" ] || continue
			read -r running <"${pid%.pid}.name"
			last=$(grep -a -E '^(ok|not ok|#) ' "$(log_of "$running")" 2>/dev/null | tail -n 1 | cut -c 1-120)
			echo "#   $(($(date +%s) - began)) seconds, $running: ${last:-nothing yet}"
		done
	done
}

finish() {
	for pid in "$pool"/*.pid; do
		[ ! -e "$pid" ] || kill "$(cat "$pid")" 2>/dev/null # timeout passes it on
	done
	[ -z "${progress:-}" ] || kill "$progress" 2>/dev/null
	rm -rf "$tally" "$pool"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

wanted() {
	[ -n "$only" ] || return 0
	for word in $only; do
		case $1 in *"$word"*) return 0 ;; esac
	done
	return 1
}

log_of() { # name
	echo "$logs/$(echo "$1" | tr '/ ' '__').log"
}

# Runs in the background, where a shell would let it ignore Ctrl-C: tests of just that must not.
work() { # number, seconds, log, command...
	number=$1 limit=$2 log=$3
	shift 3
	start=$(date +%s)
	env --default-signal=INT,QUIT timeout -k 10 "$limit" "$@" >"$log" 2>&1 </dev/null 9<&- &
	echo $! >"$pool/$number.pid"
	wait $!
	rc=$?
	rm -f "$pool/$number.pid"
	# The second line of times: what those that ended took of the processors, "1m2.34s 0m5.67s".
	times >"$pool/$number.times"
	busy=$(awk 'NR == 2 { split($1 "m" $2, t, "m"); printf "%d", t[1] * 60 + t[2] + t[3] * 60 + t[4] }' "$pool/$number.times")
	echo "$rc $(($(date +%s) - start)) $busy" >"$pool/$number.tmp"
	mv "$pool/$number.tmp" "$pool/$number.rc"
	echo >&9
}

run() { # seconds, name, command...
	limit=$1 name=$2
	shift 2
	wanted "$name" || return 0
	read -r _ <&9
	show_what_ended
	queued=$((queued + 1))
	echo "$name" >"$pool/$queued.name"
	work $queued "$limit" "$(log_of "$name")" "$@" &
}

show_what_ended() {
	while [ -e "$pool/$((shown + 1)).rc" ]; do
		shown=$((shown + 1))
		read -r ended <"$pool/$shown.name"
		read -r rc seconds busy <"$pool/$shown.rc"
		before=$(wc -l <"$tally")
		show "$ended" "$(log_of "$ended")"
		judge "$ended" "$(log_of "$ended")" "$rc" $(($(wc -l <"$tally") - before))
		echo "# $ended: $seconds seconds, $busy of a processor"
	done
}

wait_for_all() {
	while [ "$shown" -lt "$queued" ]; do
		read -r _ <&9
		show_what_ended
	done
}

# A program's test lines, with its name before each, counted.
show() { # name, log
	awk -v name="$1" -v tally="$tally" '
		/^ok / || /^not ok / {
			word = $1 == "ok" ? "ok" : "not ok"
			sub(/^(not )?ok +/, "")
			sub(/^[0-9]* *(- *)?/, "")
			if ($0 ~ /# *[Ss][Kk][Ii][Pp]/)
				word = "skip"
			printf "%-6s  %s: %s\n", word, name, $0
			print word >> tally
		}' "$2"
}

fail() { # name, why, log
	echo "not ok  $1: $2"
	echo "not ok" >>"$tally"
	tail -n 15 "$3" | sed 's/^/        | /'
}

# What its lines do not tell: no test at all, fewer than planned, an end by a signal or the sanitizer.
judge() { # name, log, rc, tests
	planned=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' "$2" | awk '{ n += $1 } END { print n + 0 }')
	bad=$(grep -c '^not ok ' "$2")
	if [ "$3" = 124 ] || [ "$3" = 137 ]; then
		fail "$1" "took too long" "$2"
	elif [ "$4" -eq 0 ]; then
		fail "$1" "ran no test (exit status $3)" "$2"
	elif [ "$planned" -gt "$4" ]; then
		fail "$1" "$4 of $planned tests ran" "$2"
	elif [ "$3" != 0 ] && [ "$bad" -eq 0 ]; then
		fail "$1" "exit status $3" "$2"
	elif [ "$bad" -gt 0 ]; then
		grep -v '^ok ' "$2" | tail -n 40 | sed 's/^/        | /'
	fi
}

structure() {
	for check in tests/check-*; do
		run 240 "$(basename "$check")" "$check"
	done
}

units() {
	list=
	for source in tests/unit/test_*.c; do
		name=$(basename "$source" .c)
		! wanted "unit/$name" || list="$list $B/tests/unit/$name"
	done
	[ -n "$list" ] || return 0
	# shellcheck disable=SC2086
	if ! make -s -k -j"$jobs" $list >"$logs/build-units.log" 2>&1; then
		fail unit "some do not build" "$logs/build-units.log"
	fi
	for program in $list; do
		[ ! -x "$program" ] || run 240 "unit/$(basename "$program")" "$program"
	done
}

window() {
	for script in tests/gui/*.sh; do
		[ ! -x "$script" ] || run 300 "gui/$(basename "$script" .sh)" "$script"
	done
}

commands() {
	# Two of them at once would each build it under the other's feet.
	make -s -j"$jobs" build/vmatlas-san >"$logs/build-san.log" 2>&1
	for script in tests/cli/test_*; do
		[ ! -x "$script" ] || run 300 "cli/$(basename "$script")" "$script"
	done
}

bench() {
	run 120 bench tests/bench/bench.py --smoke
}

in_the_kernel() {
	limit=900
	[ "$size" != long ] || limit=7200
	case $KERNELS in
	*distribution*) ;;
	# shellcheck disable=SC2086
	*) run 600 module-style tests/module/test_style.sh $KERNELS ;;
	esac
	for kernel in $KERNELS; do
		for levels in 4 5; do
			run 900 "$kernel/module-$levels" tests/module/test_module.sh "$kernel" "$levels"
		done
	done
	for kernel in $KERNELS; do
		run $limit "$kernel/fire" tests/module/test_fire.sh "$kernel"
	done
	for kernel in $(variants); do
		run $limit "$kernel/test_kernels" tests/kernel/test_kernels.py "$kernel"
	done
	for script in $(long_ones_first); do
		for kernel in $KERNELS; do
			run $limit "$kernel/$(basename "$script" .py)" "$script" "$kernel"
		done
	done
}

# So that at the end no processor waits long for what another one began last.
long_ones_first() {
	first="inside stress crowd vm verify"
	for name in $first; do
		echo "tests/kernel/test_$name.py"
	done
	for script in tests/kernel/test_*.py; do
		name=$(basename "$script" .py)
		case " $first " in
		*" ${name#test_} "*) ;;
		*) echo "$script" ;;
		esac
	done
}

# Kernels nobody needs for the first start, in turn, by the seed: fetched and built when they are tested.
variants() {
	case "$size $KERNELS" in
	*distribution* | *debug*) ;;
	long*) echo 6.1-rt 6.12-rt 6.1-cloud 6.12-cloud ;;
	*6.1*6.12*) [ $((VMATLAS_TEST_SEED % 2)) = 0 ] && echo 6.1-rt 6.12-cloud || echo 6.12-rt 6.1-cloud ;;
	esac
}

under_checks() {
	for kernel in $KERNELS; do
		run 5400 "$kernel/module" tests/module/test_module.sh "$kernel"
		run 5400 "$kernel/fire" tests/module/test_fire.sh "$kernel"
		for name in inside load print truth; do
			run 5400 "$kernel/test_$name" "tests/kernel/test_$name.py" "$kernel"
		done
	done
}

began=$(date +%s)
echo "# size $size, seed $VMATLAS_TEST_SEED"
case $size in
debug | long)
	tell_progress 9<&- &
	progress=$!
	;;
esac
case $size in
debug) under_checks ;;
*)
	structure
	units
	window
	commands
	bench
	[ "$size" = fast ] || in_the_kernel
	;;
esac
wait_for_all
passed=$(grep -c '^ok$' "$tally")
failed=$(grep -c '^not ok$' "$tally")
echo "# $(($(date +%s) - began)) seconds"
[ $((passed + failed)) -gt 0 ] || failed=1
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
