#!/bin/sh
# run.sh BUILD SECONDS: fuzzes the core with libFuzzer, ASan and UBSan. What it finds stays under BUILD/fuzz/ with the way to repeat it.
# The corpus in git only seeds; what is learned goes to BUILD/fuzz/corpus.
set -eu

build=$1
seconds=$2
root=$(dirname "$0")/../..
cd "$root"
mkdir -p "$build/fuzz/corpus" "$build/fuzz/found"

if ! command -v clang >/dev/null; then
	echo "fuzzing needs clang (Debian: apt install clang)" >&2
	exit 1
fi

target=$build/fuzz/fuzz_recording
# shellcheck disable=SC2046
clang -std=gnu11 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -D_GNU_SOURCE -DVA_VERSION='"fuzz"' \
	-Iinclude -Icore -Icore/symbols -Icli tests/fuzz/fuzz_recording.c core/*.c core/symbols/*.c cli/events_json.c cli/events_text.c \
	$(pkg-config --libs libzstd libdeflate libdw) -lpthread -o "$target"

echo "fuzz_recording: $seconds s"
if "$target" -max_total_time="$seconds" -max_len=65536 -rss_limit_mb=2048 -timeout=20 -print_final_stats=1 \
	-artifact_prefix="$build/fuzz/found/" "$build/fuzz/corpus" tests/fuzz/corpus >"$build/fuzz/log" 2>&1; then
	grep -E 'stat::number_of_executed_units|cov:' "$build/fuzz/log" | tail -2
	echo "fuzz_recording: nothing found"
else
	tail -40 "$build/fuzz/log" >&2
	echo "fuzz_recording: found something; repeat with: $target $build/fuzz/found/FILE" >&2
	exit 1
fi
