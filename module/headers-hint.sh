#!/bin/sh
# Says what installs the headers of a kernel on this distribution. usage: headers-hint.sh RELEASE
set -eu

if command -v apt-get >/dev/null; then
	echo "apt-get install linux-headers-$1"
elif command -v dnf >/dev/null; then
	echo "dnf install kernel-devel-$1"
elif command -v zypper >/dev/null; then
	echo "zypper install kernel-default-devel"
elif command -v pacman >/dev/null; then
	echo "pacman -S linux-headers"
else
	echo "install your distribution's package with the headers of Linux $1"
fi
