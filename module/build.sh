#!/bin/sh
# build.sh HEADERS DESTDIR [V=1]: builds vmatlas.ko against a kernel's headers. Nothing is written outside DESTDIR.
# MODULE_SOURCE: another directory with a module, a Kbuild beside its sources, that is built in the same way.
set -eu

[ $# -ge 2 ] || { echo "usage: $0 HEADERS DESTDIR [V=1]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "${MODULE_SOURCE:-$here}" && pwd)
if [ ! -f "$1/Makefile" ]; then
	case $1 in
	/lib/modules/*/build) release=${1#/lib/modules/} && hint="; they come with: $("$here/headers-hint.sh" "${release%/build}")" ;;
	*) hint= ;;
	esac
	echo "$(basename "$0"): the kernel's headers are not there ($1)$hint" >&2
	exit 1
fi
headers=$(cd "$1" && pwd)
mkdir -p "$2"
dest=$(cd "$2" && pwd)

# kbuild puts its objects beside the sources: give it links to them. A link whose source has gone would still be built.
find "$dest" -maxdepth 1 -type l -exec rm -f {} +
find "$source" -maxdepth 1 \( -name '*.[ch]' -o -name Kbuild \) -exec ln -s -t "$dest" {} +

# BTF of modules wants pahole and the kernel's vmlinux; the module needs neither.
[ -z "${VMATLAS_UNKNOWN_KERNEL:-}" ] ||
	echo "$(basename "$0"): VMATLAS_UNKNOWN_KERNEL is set: on a kernel outside 5.15 to 6.18 this module is a guess ('vmatlas verify' tells how good)" >&2
# Called by make -j: its places are not ours to take, and asking for one is worth a warning to make.
MAKEFLAGS=$(echo "${MAKEFLAGS:-}" | sed -E 's/(^| )-j[0-9]*( |$)/ /; s/ *--jobserver-[a-z]+=[^ ]*//g')
export MAKEFLAGS
set -- -C "$headers" M="$dest" VMATLAS_INCLUDE="$here/../include" CONFIG_DEBUG_INFO_BTF_MODULES= "${3:-V=0}" modules
case " $* " in
*" V=1 "*)
	make "$@"
	exec strip --strip-debug "$dest"/*.ko
	;;
esac
log="$dest/build.log"
make -s "$@" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
# Debug information stays in vmatlas.o; the module travels into a guest's memory.
strip --strip-debug "$dest"/*.ko
# kbuild compares compilers by their exact name; the same version under another name is no news.
grep -v -e '^warning: the compiler differs' -e '^  The kernel was built by' -e '^  You are using' -e '^Skipping BTF' "$log" >&2 || :
