#!/bin/sh
# Fetches the kernels the throw-away VM boots and the headers its module is built with.
# Nothing is installed: the distribution's packages are downloaded and unpacked below build/kernels/SERIES/:
#   release     the kernel's own name (uname -r)
#   vmlinuz     what QEMU boots
#   root/       the unpacked packages (lib/modules/RELEASE, usr/src/...)
#   headers     -> the directory kbuild is pointed at
# usage: kernels.sh DESTINATION SERIES...    (6.1, 6.12, each also with -cloud or -rt)
set -eu

die() { echo "kernels.sh: $*" >&2; exit 1; }

# The meta package that always names the newest kernel of a series.
meta_package() {
	case "$1" in
	6.1) echo linux-image-amd64 ;;
	6.1-cloud) echo linux-image-cloud-amd64 ;;
	6.1-rt) echo linux-image-rt-amd64 ;;
	6.12) echo linux-image-6.12-amd64 ;;
	6.12-cloud) echo linux-image-6.12-cloud-amd64 ;;
	6.12-rt) echo linux-image-6.12-rt-amd64 ;;
	*) die "no kernel series '$1' (6.1, 6.12, each also -cloud and -rt)" ;;
	esac
}

newest_release() {
	apt-cache depends "$(meta_package "$1")" 2>/dev/null |
		sed -n 's/^ *Depends: linux-image-\([0-9].*\)$/\1/p' | head -n 1
}

fetch() { # directory, package...
	dir=$1
	shift
	(cd "$dir" && apt-get -q download "$@" >download.log 2>&1) ||
		die "could not download $* (see $dir/download.log; 'apt-get update' may be needed)"
}

# The headers' Makefile includes its common part by absolute path: point it into the unpacked copy.
relocate_headers() {
	root=$1
	release=$2
	headers=$root/usr/src/linux-headers-$release
	grep -rl '/usr/src/linux-headers' "$headers/Makefile" "$headers"/arch 2>/dev/null |
		while read -r f; do sed -i "s|/usr/src/linux-headers|$root/usr/src/linux-headers|g" "$f"; done
	kbuild=$(find "$root/usr/lib" -maxdepth 1 -name 'linux-kbuild-*' | head -n 1)
	[ -n "$kbuild" ] || die "no linux-kbuild in the packages of $release"
	for link in scripts tools; do
		[ -e "$kbuild/$link" ] || continue
		for h in "$root"/usr/src/linux-headers-*; do
			if [ -L "$h/$link" ]; then ln -sfn "$kbuild/$link" "$h/$link"; fi
		done
	done
}

one() {
	dest=$1
	series=$2
	release=$(newest_release "$series")
	[ -n "$release" ] || die "the package lists name no kernel for $series ('apt-get update' may be needed)"
	if [ -f "$dest/$series/complete" ] && [ "$(cat "$dest/$series/release")" = "$release" ]; then
		return
	fi
	echo "  FETCH   linux $release" >&2
	rm -rf "${dest:?}/$series"
	mkdir -p "$dest/$series/debs" "$dest/$series/root"
	common=$(apt-cache depends "linux-headers-$release" | sed -n 's/^ *Depends: \(linux-headers-.*-common.*\)$/\1/p' | head -n 1)
	kbuild=$(apt-cache depends "linux-headers-$release" | sed -n 's/^ *Depends: \(linux-kbuild-.*\)$/\1/p' | head -n 1)
	fetch "$dest/$series/debs" "linux-image-$release" "linux-headers-$release" "$common" "$kbuild"
	for deb in "$dest/$series"/debs/*.deb; do dpkg-deb -x "$deb" "$dest/$series/root"; done
	rm -rf "$dest/$series/debs"
	root=$(cd "$dest/$series/root" && pwd)
	relocate_headers "$root" "$release"
	ln -sfn "root/usr/src/linux-headers-$release" "$dest/$series/headers"
	ln -sfn "root/boot/vmlinuz-$release" "$dest/$series/vmlinuz"
	# Debian merged /usr: newer packages keep modules there
	[ -d "$root/lib/modules" ] || ln -sfn usr/lib "$root/lib"
	echo "$release" >"$dest/$series/release"
	touch "$dest/$series/complete"
}

[ $# -ge 2 ] || die "usage: kernels.sh DESTINATION SERIES..."
dest=$1
shift
mkdir -p "$dest"
for series; do one "$dest" "$series"; done
