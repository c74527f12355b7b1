#!/bin/sh
# Installs what building and running needs. Debian and Ubuntu: by apt (with sudo where not root); elsewhere it says the names.
# usage: deps.sh [debug-kernel]    only what building a kernel needs
set -eu

NEED="gcc make pkg-config bc xz-utils cpio kmod dpkg-dev libc6-dev libelf1
libzstd-dev libdeflate-dev libpng-dev libsdl2-dev libsdl2-ttf-dev libdw-dev libcmocka-dev
qemu-system-x86 zstd stress-ng fonts-dejavu-core fonts-inter fonts-jetbrains-mono xvfb xdotool xclip ffmpeg imagemagick gnuplot-nox python3 binutils flex bison ca-certificates
sparse perl"
[ "${1:-}" != debug-kernel ] || NEED="gcc make bc bison flex libelf-dev xz-utils kmod dpkg-dev binutils"

missing() {
	for p in $NEED; do
		dpkg-query -W -f='${Status}\n' "$p" 2>/dev/null | grep -q '^install ok installed' || printf '%s ' "$p"
	done
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	echo "deps: this is not Debian or Ubuntu; make sure you have (Debian's names):" >&2
	echo "$NEED" >&2
	exit 0
fi

need=$(missing)
[ -n "$need" ] || exit 0
sudo=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || { echo "deps: please install as root: apt-get install $need" >&2; exit 1; }
	sudo=sudo
fi
echo "  DEPS    $need" >&2
mkdir -p build
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
if ! { $sudo apt-get -q update && $sudo apt-get -q install -y --no-install-recommends $need; } >build/deps.log 2>&1; then
	tail -n 5 build/deps.log >&2
	echo "deps: apt could not install what is missing ($need); the whole story is in build/deps.log" >&2
	exit 1
fi
