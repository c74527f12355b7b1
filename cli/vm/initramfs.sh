#!/bin/sh
# Makes what the throw-away VM boots, next to each other in one directory:
#   initramfs.cpio  our init, the collector, vmatlas.ko and the kernel modules the guest needs, in loading order
#   vmlinux         the kernel unpacked from its bzImage: QEMU starts it at once (unpacking in software emulation takes seconds)
#   vmlinuz         the kernel as it came: five paging levels are switched on by its unpacking part only
#   release         the kernel's own name
# usage: initramfs.sh KERNELDIR MODULE INIT COLLECT OUT
set -eu

die() { echo "initramfs.sh: $*" >&2; exit 1; }

[ $# = 5 ] || die "usage: initramfs.sh KERNELDIR MODULE INIT COLLECT OUT"
kernel=$1 module=$2 init=$3 collect=$4 out=$5
release=$(cat "$kernel/release")
modules=$kernel/root/lib/modules/$release
tree=$out.tree

# What the guest needs; what a kernel has built in has no file and is skipped.
NEEDED="virtio_pci virtio_console 9pnet_virtio 9p overlay"

module_file() { # name: the file, or nothing
	find "$modules/kernel" "$kernel/extra" -name "$1.ko*" -o -name "$(echo "$1" | tr _ -).ko*" 2>/dev/null | head -n 1
}

seen=" "
add_module() { # name: what it depends on first
	case "$seen" in *" $1 "*) return ;; esac
	seen="$seen$1 "
	file=$(module_file "$1")
	[ -n "$file" ] || return 0
	for d in $(modinfo -F depends "$file" | tr , ' '); do add_module "$d"; done
	file=$(module_file "$1") # the calls above changed it
	case "$file" in
	*.xz) xz -dc "$file" >"$tree/modules/$1.ko" ;;
	*.zst) zstd -qdc "$file" >"$tree/modules/$1.ko" ;;
	*.gz) gzip -dc "$file" >"$tree/modules/$1.ko" ;;
	*) cp "$file" "$tree/modules/$1.ko" ;;
	esac
	echo "$1.ko" >>"$tree/modules/order"
}

word() { od -An -t u"$3" -j "$2" -N "$3" "$1" | tr -d ' '; } # file, offset, bytes

# Documentation/arch/x86/boot.rst: setup_sects at 0x1f1, payload_offset at 0x248 and payload_length at 0x24c, from the end of the setup.
unpack_kernel() { # bzImage, out
	setup=$(word "$1" 497 1)
	[ "$setup" != 0 ] || setup=4
	start=$(((setup + 1) * 512 + $(word "$1" 584 4)))
	size=$(word "$1" 588 4)
	tail -c +$((start + 1)) "$1" | head -c "$size" >"$2.payload"
	case "$(od -An -t x1 -N 4 "$2.payload" | tr -d ' ')" in
	fd377a58) unpack="xz -dc" ;;
	28b52ffd) unpack="zstd -qdc" ;;
	1f8b*) unpack="gzip -dc" ;;
	*) unpack=false ;;
	esac
	# The last 4 bytes are the size: no unpacker wants them.
	head -c $((size - 4)) "$2.payload" | $unpack >"$2" 2>/dev/null || true
	rm -f "$2.payload"
	if [ "$(od -An -t x1 -N 4 "$2" | tr -d ' ')" != 7f454c46 ]; then
		ln -f "$1" "$2" 2>/dev/null || cp "$1" "$2" # an unknown packing: boots too, slower
	fi
}

rm -rf "$tree"
mkdir -p "$tree/modules" "$tree/proc" "$tree/sys" "$tree/dev"
: >"$tree/modules/order"
for m in $NEEDED; do add_module "$m"; done
cp "$init" "$tree/init"
cp "$collect" "$tree/vmatlas-collect"
cp "$module" "$tree/modules/vmatlas.ko"
strip -s "$tree/init" "$tree/vmatlas-collect"

# Without the unpacking part 6.1 with KASAN falls over at once: its entry for that is checked before there is a shadow to look into.
falls_over_unpacked() {
	case $release in 6.1.*) grep -q '^CONFIG_KASAN=y' "$kernel/headers/.config" 2>/dev/null ;; *) return 1 ;; esac
}

dir=$(dirname "$out")
if falls_over_unpacked; then
	cp -f "$(readlink -f "$kernel/vmlinuz")" "$dir/vmlinuz"
	ln -f "$dir/vmlinuz" "$dir/vmlinux"
	echo "$release" >"$dir/release"
elif [ "$(cat "$dir/release" 2>/dev/null)" != "$release" ] || [ ! -e "$dir/vmlinux" ]; then
	cp -f "$(readlink -f "$kernel/vmlinuz")" "$dir/vmlinuz"
	unpack_kernel "$dir/vmlinuz" "$dir/vmlinux"
	echo "$release" >"$dir/release"
fi
(cd "$tree" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) >"$out.new"
mv "$out.new" "$out"
rm -rf "$tree"
