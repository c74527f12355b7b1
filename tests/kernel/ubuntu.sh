#!/bin/sh
# Makes packages of a Debian kernel that look as Ubuntu's do: another name, modules packed with zstd and in packages of their own, headers
# linked to each other by relative paths.
# usage: ubuntu.sh KERNELDIR RELEASE POOL        (RELEASE: 6.12.0-12-generic)
set -eu

kernel=$(cd "$1" && pwd) release=$2 pool=$3
version=${release%-*}
real=$(cat "$kernel/release")
root=$kernel/root
work=$pool.work
rm -rf "$work"
mkdir -p "$pool" "$work"

pack() { # package
	mkdir -p "$work/$1/DEBIAN"
	printf 'Package: %s\nVersion: 1.2-3\nArchitecture: amd64\nMaintainer: nobody <nobody@localhost>\nDescription: test\n' "$1" >"$work/$1/DEBIAN/control"
	dpkg-deb -Znone -b "$work/$1" "$pool/$1.deb" >/dev/null
}

image=linux-image-unsigned-$release
mkdir -p "$work/$image/boot"
cp "$(readlink -f "$kernel/vmlinuz")" "$work/$image/boot/vmlinuz-$release"
chmod 600 "$work/$image/boot/vmlinuz-$release"
pack "$image"

modules=$work/linux-modules-$release/lib/modules/$release
extra=$work/linux-modules-extra-$release/lib/modules/$release/kernel/fs
mkdir -p "$modules/kernel" "$extra"
cp "$root/lib/modules/$real/modules.builtin" "$modules/"
for m in virtio virtio_ring virtio_pci virtio_pci_modern_dev virtio_pci_legacy_dev virtio_console netfs fscache overlay 9pnet 9pnet_virtio 9p; do
	find "$root/lib/modules/$real/kernel" -name "$m.ko*" | while read -r f; do
		case $m in 9p*) to=$extra ;; *) to=$modules/kernel ;; esac
		case $f in *.xz) xz -dc "$f" ;; *) cat "$f" ;; esac | zstd -q -1 >"$to/$m.ko.zst"
	done
done
pack "linux-modules-$release"
pack "linux-modules-extra-$release"

common=$(find "$root/usr/src" -maxdepth 1 -name 'linux-headers-*-common*')
own=$root/usr/src/linux-headers-$real
all=$work/linux-headers-$version/usr/src/linux-headers-$version
one=$work/linux-headers-$release/usr/src/linux-headers-$release
mkdir -p "$all/arch" "$one/include" "$one/arch/x86/include"
cp -rL "$common/Makefile" "$common/include" "$all/"
cp -rL "$common/arch/x86" "$all/arch/"
cp -L "$own/.config" "$own/Module.symvers" "$one/"
cp -rL "$own/include/config" "$own/include/generated" "$one/include/"
cp -L "$own/arch/x86/module.lds" "$one/arch/x86/"
cp -rL "$own/arch/x86/include/generated" "$one/arch/x86/include/"
cp -rL "$own/scripts/" "$one/scripts"
if [ -d "$own/tools/" ]; then cp -rL "$own/tools/" "$one/tools"; fi
ln -s "../linux-headers-$version/Makefile" "$one/Makefile"
up() { # directory below the headers, way back: links to what is not there
	for f in "$all/$1"/*; do
		[ -e "$one/$1/${f##*/}" ] || ln -s "$2/linux-headers-$version/$1/${f##*/}" "$one/$1/"
	done
}
up include ../..
up arch/x86 ../../..
up arch/x86/include ../../../..
pack "linux-headers-$version"
pack "linux-headers-$release"
rm -rf "$work"
