#!/bin/sh
# A kernel made for clouds has no 9p, by which the guest sees the host's files. The file system's sources are in the distribution's source package
# of the very same version: they are built here as modules for that kernel, into KERNELDIR/extra/. Does nothing where the kernel has 9p.
# usage: ninep.sh KERNELDIR
set -eu

die() { echo "ninep.sh: $*" >&2; exit 1; }

[ $# = 1 ] || die "usage: ninep.sh KERNELDIR"
kernel=$1
release=$(cat "$kernel/release")
[ ! -e "$kernel/extra/9p.ko" ] || exit 0
! grep -q '^CONFIG_9P_FS=' "$kernel/headers/include/config/auto.conf" || exit 0

# "6.12.117+deb12-cloud-amd64" is of linux-source-6.12
base=$(echo "$release" | sed -n 's/^\([0-9]*\.[0-9]*\)[^0-9].*/\1/p')
version=$(apt-cache show "linux-headers-$release" | sed -n 's/^Version: //p' | head -n 1)
work=$kernel/9p
log=$kernel/9p.log
rm -rf "$work"
mkdir -p "$work" "$kernel/extra"
echo "  FETCH   linux-source-$base (the kernel $release lacks 9p: it is built from the source)" >&2
(cd "$work" && { apt-get -q download "linux-source-$base=$version" || apt-get -q download "linux-source-$base"; }) >"$log" 2>&1 ||
	die "could not download linux-source-$base (see $log)"
dpkg-deb --fsys-tarfile "$work"/linux-source-*.deb | tar -xO --wildcards "*/linux-source-$base.tar.xz" |
	xz -dc -T0 | tar -x -C "$work" "linux-source-$base/fs/9p" "linux-source-$base/net/9p" || die "linux-source-$base holds no 9p"
rm -f "$work"/*.deb

headers=$(cd "$kernel/headers" && pwd -P)
work=$(cd "$work" && pwd -P)
sources=$work/linux-source-$base
modules() { # directory, settings...
	dir=$1
	shift
	make -s -C "$headers" M="$sources/$dir" CONFIG_DEBUG_INFO_BTF_MODULES= "$@" modules >>"$log" 2>&1 || die "9p could not be built for $release (see $log)"
}
modules net/9p CONFIG_NET_9P=m CONFIG_NET_9P_VIRTIO=m
modules fs/9p CONFIG_9P_FS=m KBUILD_EXTRA_SYMBOLS="$sources/net/9p/Module.symvers"
for m in net/9p/9pnet net/9p/9pnet_virtio fs/9p/9p; do
	strip --strip-debug "$sources/$m.ko"
	mv "$sources/$m.ko" "$kernel/extra/"
done
rm -rf "$work"
