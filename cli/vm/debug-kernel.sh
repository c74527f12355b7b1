#!/bin/sh
# Builds the kernels that check themselves (KASAN, lockdep, kmemleak …) from the distribution's linux-source package, into the places where
# kernels.sh puts those it fetches: build/kernels/NAME/{release,vmlinuz,headers,root,complete}. A kernel is built again only when its
# configuration or the package has changed; its release carries a sum of both, so nothing made for the old one is taken for the new.
# usage: debug-kernel.sh DESTINATION NAME...    (debug-6.1, debug-6.12, debug-6.12-rt)
#        debug-kernel.sh --source DESTINATION SERIES      only the source; prints where it is
set -eu

die() { echo "debug-kernel.sh: $*" >&2; exit 1; }

here=$(cd "$(dirname "$0")" && pwd)

# The source, unpacked once for all variants of a series; without the largest parts that nothing here includes.
source_of() { # dest, series
	dir=$1/source-$2
	if [ ! -e "$dir/complete" ]; then
		echo "  FETCH   linux-source-$2" >&2
		rm -rf "$dir"
		mkdir -p "$dir/deb"
		(cd "$dir/deb" && apt-get -q download "linux-source-$2" >../download.log 2>&1) ||
			die "could not download linux-source-$2 (see $dir/download.log; 'apt-get update' may be needed)"
		dpkg-deb --fsys-tarfile "$dir"/deb/*.deb | tar -xO --wildcards "./usr/src/linux-source-$2.tar.*" | xz -dc |
			tar -x -C "$dir" --strip-components=1 --exclude='*.rst' --exclude='*/amd/include/asic_reg' || die "linux-source-$2 cannot be unpacked"
		rm -rf "$dir/deb"
		touch "$dir/complete"
	fi
	(cd "$dir" && pwd)
}

# The lines of the fragment that hold for this kernel.
fragment() { # series, rt or not
	other="not $2"
	[ "$2" = rt ] || other=rt
	sed -e "s/^$1: //" -e "s/^$2: //" -e '/^[0-9.]*: /d' -e "/^$other: /d" -e '/^#/d' -e '/^$/d' "$here/debug-kernel.config"
}

build() { # destination, name, series, rt or "not rt"
	src=$(source_of "$1" "$3")
	mkdir -p "$1/$2/build"
	dir=$(cd "$1/$2" && pwd)
	fragment "$3" "$4" >"$dir/fragment"
	sum=$({ cat "$dir/fragment"; sed -n 1,6p "$src/Makefile"; cc -dumpfullversion; } | cksum | cut -d' ' -f1)
	if [ "$(cat "$dir/sum" 2>/dev/null)" = "$sum" ]; then
		touch "$dir/complete"
		return
	fi
	rm -f "$dir/complete" "$dir/sum"
	echo "  KERNEL  $2 (some minutes; $dir/build.log)" >&2
	configure "$src" "$dir" "$sum" >"$dir/build.log" 2>&1 || { tail -n 15 "$dir/build.log" >&2; die "$2 cannot be configured"; }
	refused=$(grep -v -x -F -f "$dir/build/.config" "$dir/fragment" | grep -v '=n$' | tr '\n' ' ')
	[ -z "$refused" ] || die "the configuration of $2 does not take: $refused"
	mk "$src" "$dir" "$sum" "-j$(nproc)" >>"$dir/build.log" 2>&1 || { tail -n 15 "$dir/build.log" >&2; die "$2 does not build"; }
	install_as_fetched "$dir"
	echo "$sum" >"$dir/sum"
	touch "$dir/complete"
}

mk() { # source, directory, sum, what
	nice make -C "$1" O="$2/build" ARCH=x86_64 LOCALVERSION="-debug-$3" KBUILD_BUILD_TIMESTAMP=@0 "$4"
}

configure() { # source, directory, sum
	mk "$@" tinyconfig && "$1/scripts/kconfig/merge_config.sh" -m -O "$2/build" "$2/build/.config" "$2/fragment" && mk "$@" olddefconfig
}

install_as_fetched() { # directory
	release=$(cat "$1/build/include/config/kernel.release")
	mkdir -p "$1/root/lib/modules/$release/kernel"
	cp "$1/build/arch/x86/boot/bzImage" "$1/vmlinuz"
	ln -sfn build "$1/headers"
	echo "$release" >"$1/release"
}

[ $# -ge 2 ] || die "usage: debug-kernel.sh DESTINATION NAME..."
"$here/deps.sh" debug-kernel
if [ "$1" = --source ]; then
	mkdir -p "$2"
	source_of "$2" "$3"
	exit
fi
dest=$1
shift
for name; do
	series=${name#debug-}
	case $name in
	debug-6.1 | debug-6.12) build "$dest" "$name" "$series" "not rt" ;;
	debug-6.12-rt) build "$dest" "$name" "${series%-rt}" rt ;;
	*) die "no debug kernel '$name' (debug-6.1, debug-6.12, debug-6.12-rt)" ;;
	esac
done
