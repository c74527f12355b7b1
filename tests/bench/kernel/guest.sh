#!/bin/sh
# Boots the guest of `make bench PARTS="kernel growth compile"` and prints its "# …" lines. usage: guest.sh KERNEL OUT CPUS SECONDS WORDS...      WORDS: for init, by the kernel's command line
#
# -icount: time in the guest goes by instructions, one a nanosecond, so its clocks count them; what the host does meanwhile changes nothing. One thread for all CPUs belongs to it.
# erms, fsrm: kernels that know them copy and clear by single bytes, and each would count as an instruction. maxcpus=1: Linux 6.1 cannot start the others under -icount; init does.
set -eu

cd "$(dirname "$0")/../../.."
kernel=$1 out=$2 cpus=$3 limit=$4
shift 4
rm -rf "$out" && mkdir -p "$out/root"
root=$out/root

# A program of this machine, and what it is linked with.
put() {
	file=$(command -v "$1") || return 0
	for f in "$file" $(ldd "$file" 2>/dev/null | sed -n 's/.*[ \t]\(\/[^ ]*\).*/\1/p'); do
		[ -e "$root$f" ] || install -D "$(readlink -f "$f")" "$root$f"
	done
	[ -e "$root/bin/$1" ] || ln -s "$file" "$root/bin/$1"
}

mkdir -p "$root/bin" "$root/proc" "$root/sys" "$root/dev" "$root/tmp"
for program in sh mount cat grep cut head awk sed sleep rm insmod rmmod dmesg; do put "$program"; done
case " $* " in *" bench=costs "*) for program in trace-cmd perf bpftrace; do put "$program"; done ;; esac
case " $* " in *" bench=compiles "*) tests/bench/kernel/project.sh "$root" "${BENCH_FILES:-52}" "${BENCH_PARTS:-4}" && for program in trace-cmd make gcc as mkdir; do put "$program"; done ;; esac
cp tests/bench/kernel/init "$root/init"
cp "build/module/$kernel/vmatlas.ko" "build/bench/course/$kernel/course.ko" "$root/"
cp build/bench/work build/vmatlas-collect "$root/bin/"
(cd "$root" && find . | cpio -o -H newc -R 0:0 --quiet) >"$out/initramfs.cpio"
rm -rf "$root"

timeout "$limit" qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot -accel tcg,thread=single -icount shift=0,sleep=off -seed 1 -rtc base=2038-01-01,clock=vm \
	-cpu max,la57=off,rdrand=off,rdseed=off,erms=off,fsrm=off -smp "$cpus" -m 3G -kernel "build/vm/$kernel/vmlinux" -initrd "$out/initramfs.cpio" -serial stdio \
	-append "console=ttyS0 quiet maxcpus=1 panic=-1 oops=panic nokaslr norandmaps no_timer_check tsc=reliable tsc_early_khz=1000000 $*" </dev/null | stdbuf -o0 tr -d '\r' |
	tee "$out/log" | grep --line-buffered -a '^# '
rm -f "$out/initramfs.cpio"
grep -q -a '^# done' "$out/log" || { echo "the guest ended early ($out/log):" >&2; tail -n 20 "$out/log" >&2; exit 1; }
