#!/bin/sh
# Fetches the kernels the throw-away VM boots and the headers its module is built with.
# Nothing is installed: the distribution's packages are downloaded and unpacked below DESTINATION/SERIES/:
#   release     the kernel's own name (uname -r)
#   vmlinuz     what QEMU boots
#   root/       the unpacked packages (lib/modules/RELEASE, usr/src/...)
#   headers     -> the directory kbuild is pointed at
#   extra/      modules the kernel lacks, built from its source (ninep.sh)
#   complete    all is there; holds the place it was made for
# SERIES: 6.1, 6.12, each also with -cloud or -rt; "distribution": the kernel this distribution itself installs, or, without apt, the running one.
# usage: kernels.sh DESTINATION SERIES...
#        kernels.sh --which SERIES       says the release and the packages it would take, downloads nothing
#        kernels.sh --default FILE       writes into FILE which series a VM is made of here, for make
set -eu

# shellcheck source=cli/vm/archive.sh
. "$(dirname "$0")/archive.sh"

die() { echo "kernels.sh: $*" >&2; exit 1; }

check_series() {
	case "$1" in
	6.1 | 6.12 | 6.1-rt | 6.12-rt | 6.1-cloud | 6.12-cloud | distribution) ;;
	*) die "no kernel series '$1': there are 6.1 and 6.12, each also with -cloud and -rt, and 'distribution'" ;;
	esac
}

known_release() { # series; asks for fresh lists once where they know nothing
	r=$(archive_release "$1")
	if [ -z "$r" ] && archive_usable; then
		archive_refresh
		r=$(archive_release "$1")
	fi
	echo "$r"
}

download() { # directory, package...
	dir=$1
	shift
	(cd "$dir" && apt-get -q download "$@" >download.log 2>&1)
}

fetch() { # directory, package...
	download "$@" && return
	archive_refresh
	download "$@" || die "apt could not download $(shift; echo "$*") (see $1/download.log; 'apt-get update' may be needed)"
}

# Debian's headers name their common part and their scripts by absolute path: point them into the unpacked copy. Ubuntu's do not.
relocate_headers() { # root, release
	headers=$1/usr/src/linux-headers-$2
	[ -f "$headers/Makefile" ] || die "the packages of $2 hold no headers"
	grep -rl '/usr/src/linux-headers' "$headers/Makefile" "$headers"/arch 2>/dev/null |
		while read -r f; do sed -i "s|/usr/src/linux-headers|$1/usr/src/linux-headers|g" "$f"; done
	kbuild=$(find "$1/usr/lib" -maxdepth 1 -name 'linux-kbuild-*' 2>/dev/null | head -n 1)
	for link in scripts tools; do
		for h in "$1"/usr/src/linux-headers-*; do
			if [ -n "$kbuild" ] && [ -e "$kbuild/$link" ] && [ -L "$h/$link" ]; then ln -sfn "$kbuild/$link" "$h/$link"; fi
		done
	done
	[ -d "$headers/scripts/" ] || die "the packages of $2 hold no scripts to build modules with"
}

has_module() { # kernel directory, release, name
	find "$1/root/lib/modules/$2/" "$1/extra" -name "$3.ko*" 2>/dev/null | grep -q . ||
		grep -q "/$3\.ko\$" "$1/root/lib/modules/$2/modules.builtin" 2>/dev/null
}

# The guest sees the host's files by 9p: a package of further modules has it, or it is built.
complete_modules() { # kernel directory, release
	if ! has_module "$1" "$2" 9p && archive_usable && has_package "linux-modules-extra-$2"; then
		mkdir -p "$1/debs"
		fetch "$1/debs" "linux-modules-extra-$2"
		dpkg-deb -x "$1/debs"/*.deb "$1/root"
		rm -rf "$1/debs"
	fi
	has_module "$1" "$2" 9p || "$(dirname "$0")/ninep.sh" "$1"
	for m in 9p overlay; do
		has_module "$1" "$2" $m || die "Linux $2 has no $m, without which the guest cannot see your files"
	done
}

finish() { # kernel directory, release
	echo "$2" >"$1/release"
	complete_modules "$1" "$2"
	(cd "$1" && pwd) >"$1/complete"
}

from_archive() { # kernel directory, release
	echo "  FETCH   linux $2" >&2
	rm -rf "$1"
	mkdir -p "$1/debs" "$1/root"
	# shellcheck disable=SC2046
	fetch "$1/debs" $(archive_packages "$2")
	for deb in "$1"/debs/*.deb; do dpkg-deb -x "$deb" "$1/root"; done
	rm -rf "$1/debs"
	root=$(cd "$1/root" && pwd)
	# Where /usr is merged, packages keep modules there.
	[ -d "$root/lib/modules" ] || ln -sfn usr/lib "$root/lib"
	relocate_headers "$root" "$2"
	ln -sfn "root/usr/src/linux-headers-$2" "$1/headers"
	ln -sfn "root/boot/vmlinuz-$2" "$1/vmlinuz"
	finish "$1" "$2"
}

headers_hint() { "$(dirname "$0")/../../module/headers-hint.sh" "$1"; } # release

# Without an archive that knows: the running system's own files.
from_here() { # kernel directory
	release=$(uname -r)
	image=
	for f in "/lib/modules/$release/vmlinuz" "/boot/vmlinuz-$release" /boot/vmlinuz-linux; do
		if [ -r "$f" ]; then image=$f && break; fi
		[ ! -e "$f" ] || unreadable=$f
	done
	[ -n "$image" ] || die "the running kernel's file ${unreadable:-/boot/vmlinuz-$release} cannot be read${unreadable:+ by you (sudo chmod +r makes it so)}: there is nothing to boot in the VM"
	[ -f "/lib/modules/$release/build/Makefile" ] || die "the headers of the running kernel are missing: $(headers_hint "$release")"
	echo "  KERNEL  linux $release, this machine's own" >&2
	rm -rf "$1"
	mkdir -p "$1/root/lib/modules"
	ln -s "/lib/modules/$release" "$1/root/lib/modules/$release"
	ln -s "/lib/modules/$release/build" "$1/headers"
	cp "$image" "$1/vmlinuz"
	finish "$1" "$release"
}

up_to_date() { # kernel directory, release or nothing
	[ -f "$1/complete" ] && { [ -z "$2" ] || [ "$(cat "$1/release")" = "$2" ]; } &&
		{ [ ! -s "$1/complete" ] || [ "$(cat "$1/complete")" = "$(cd "$1" && pwd)" ]; } && [ -e "$1/headers/Makefile" ]
}

one() { # destination, series
	release=$(known_release "$2")
	if up_to_date "$1/$2" "$release"; then
		touch "$1/$2/complete"
	elif [ -n "$release" ]; then
		from_archive "$1/$2" "$release"
	elif [ "$2" = distribution ]; then
		from_here "$1/$2"
	elif archive_usable; then
		die "this distribution's archive has no Linux $2; 'make vm KERNELS=distribution' takes the kernel it has"
	else
		die "there is no apt here to fetch Linux $2 with; 'make vm KERNELS=distribution' takes this machine's own kernel (its headers: $(headers_hint "$(uname -r)"))"
	fi
}

which() { # series
	release=$(known_release "$1")
	[ -n "$release" ] || die "this distribution's archive has no Linux $1"
	# shellcheck disable=SC2046
	echo "$release" $(archive_packages "$release")
}

to_be_had() { # directory
	for s in 6.1 6.12; do
		if [ -f "$1/$s/complete" ] || [ -n "$(archive_release $s)" ]; then printf ' %s' "$s"; fi
	done
}

choose_default() { # file
	kernels=$(to_be_had "$(dirname "$1")")
	if [ -z "$kernels" ] && archive_usable; then
		archive_refresh
		kernels=$(to_be_had "$(dirname "$1")")
	fi
	if [ -z "$kernels" ]; then
		kernels=" distribution"
		echo "kernels.sh: there is no Linux 6.1 or 6.12 to be had here: the VM gets the distribution's own kernel" >&2
	fi
	mkdir -p "$(dirname "$1")"
	echo "KERNELS :=$kernels" >"$1"
}

[ $# -ge 2 ] || die "usage: kernels.sh DESTINATION SERIES... | --which SERIES | --default FILE"
case "$1" in
--default)
	choose_default "$2"
	exit
	;;
--which)
	check_series "$2"
	which "$2"
	exit
	;;
esac
dest=$1
shift
mkdir -p "$dest"
for series; do
	check_series "$series"
	one "$dest" "$series"
done
