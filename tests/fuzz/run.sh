#!/bin/sh
# run.sh BUILD SECONDS: fuzzes what reads input with libFuzzer, ASan and UBSan, each target for so long. What it finds stays under BUILD/fuzz/ with the way to repeat it.
# The corpus in git only seeds; what is learned goes to BUILD/fuzz/corpus*.
set -eu

build=$1
seconds=$2
root=$(dirname "$0")/../..
cd "$root"
mkdir -p "$build/fuzz/found"

if ! command -v clang >/dev/null; then
	echo "fuzzing needs clang (Debian: apt install clang)" >&2
	exit 1
fi

fuzz() { # target, corpus, sources
	target=$build/fuzz/$1
	corpus=$2
	shift 2
	mkdir -p "$build/fuzz/$corpus"
	# shellcheck disable=SC2046
	clang -std=gnu11 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -D_GNU_SOURCE -DVA_VERSION='"fuzz"' \
		-Iinclude -Icore -Icore/symbols -Icli "$@" core/*.c core/symbols/*.c $(pkg-config --libs libzstd libdeflate libdw) -lpthread -o "$target"
	name=$(basename "$target")
	echo "$name: $seconds s"
	if "$target" -max_total_time="$seconds" -max_len=65536 -rss_limit_mb=2048 -timeout=20 -print_final_stats=1 \
		-artifact_prefix="$build/fuzz/found/" "$build/fuzz/$corpus" "tests/fuzz/$corpus" >"$build/fuzz/$name.log" 2>&1; then
		grep -E 'stat::number_of_executed_units|cov:' "$build/fuzz/$name.log" | tail -2
		echo "$name: nothing found"
	else
		tail -40 "$build/fuzz/$name.log" >&2
		echo "$name: found something; repeat with: $target $build/fuzz/found/FILE" >&2
		return 1
	fi
}

bad=0
fuzz fuzz_recording corpus tests/fuzz/fuzz_recording.c cli/events_json.c cli/events_text.c || bad=1
# shellcheck disable=SC2046
fuzz fuzz_vmmap corpus_vmmap tests/fuzz/fuzz_vmmap.c $(find cli/vmmap -name '*.c' ! -name main.c) cli/collect/elf.c cli/vm/assets.c cli/common/*.c || bad=1
exit $bad
