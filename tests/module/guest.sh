#!/bin/sh
# Boots the module's own guest of two CPUs. usage: guest.sh KERNEL LEVELS NAME SECONDS [WORDS FOR INIT]
#
# One host thread for both CPUs: with one each, QEMU before 8.1 may run a stale translation of code that the kernel has just patched
# ("Oops: int3"), and these tests patch code under fire. tsc=reliable: where the host is busy, the kernel finds its clocks to differ, and takes the slowest;
# tsc_early_khz: and measures them wrongly, so that its seconds last a fraction of ours.
set -eu

cd "$(dirname "$0")/../.."
kernel=$1 levels=$2 name=$3 limit=$4 words=${5:-}
out=build/tests/module/$kernel/$name
rm -rf "$out" && mkdir -p "$out/root"

flock "$0" make -s build/tests/module/modtest
cp build/tests/module/modtest "$out/root/init"
cp "build/module/$kernel/vmatlas.ko" build/vmatlas-collect tests/reports "$out/root/"
# A kernel that checks itself takes its time, and must find what is wrong with this module.
case $kernel in
debug-*)
	limit=$((limit * 8))
	mkdir "$out/faulty" && cp tests/module/faulty/* "$out/faulty/"
	make -s -C "build/kernels/$kernel/headers" M="$PWD/$out/faulty" modules >"$out/faulty/log" 2>&1 || { cat "$out/faulty/log"; exit 1; }
	cp "$out/faulty/faulty.ko" "$out/root/"
	;;
esac
(cd "$out/root" && find . | cpio -o -H newc --quiet) >"$out/initramfs.cpio"

printf '#include <stdio.h>\n#include "vm/ticks.h"\nint main(void) { printf("%%lu", va_ticks_khz()); }\n' |
	${CC:-cc} -Icli -o "$out/ticks" -x c - -x none cli/vm/ticks.c
# As vmatlas boots it (cli/vm/qemu.c): unpacked, but for five levels, which its unpacking part switches on; its ciphers not tested, eight bytes copied at once.
case $levels in
5) cpu=max image=vmlinuz ;;
*) cpu=max,la57=off image=vmlinux ;;
esac
timeout "$limit" qemu-system-x86_64 -accel tcg,thread=single -smp 2 -m 1G -cpu "$cpu,erms=off,fsrm=off" -kernel "build/vm/$kernel/$image" -initrd "$out/initramfs.cpio" \
	-append "console=ttyS0 no_timer_check tsc=reliable tsc_early_khz=$("$out/ticks") panic=-1 oops=panic vsyscall=xonly cryptomgr.notests initcall_blacklist=jent_mod_init quiet levels=$levels $words" -nographic -no-reboot </dev/null | stdbuf -o0 tr -d '\r' | tee "$out/log" | grep --line-buffered -a -E '^(ok|not ok|#) '
grep -q -a '^# done' "$out/log" || { echo "not ok the guest ended early"; tail -n 30 "$out/log"; exit 1; }
! grep -q -a '^not ok ' "$out/log"
