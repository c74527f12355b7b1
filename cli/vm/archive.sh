#!/bin/sh
# What the distribution's archive has, by apt: which kernels, in which packages. Sourced by kernels.sh.
#
# Debian:  linux-image-RELEASE (or …-unsigned), linux-headers-RELEASE with -common and linux-kbuild-…; RELEASE = 6.1.0-56-amd64, 6.12.117+deb12-rt-amd64
# Ubuntu:  linux-image[-unsigned]-RELEASE, linux-modules-RELEASE, linux-headers-RELEASE with linux-headers-VERSION; RELEASE = 6.8.0-45-generic

archive_usable() { command -v apt-cache >/dev/null && command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; }

# A name alone may be one that other packages only speak of.
has_package() { apt-cache show "$1" 2>/dev/null | grep -q '^Filename:'; }

depends_on() { # package: what it depends on, alternatives too
	apt-cache depends "$1" 2>/dev/null | sed -n 's/^ *|*Depends: \([^<].*\)$/\1/p'
}

all_releases() { # newest first
	apt-cache pkgnames linux-image- 2>/dev/null |
		sed -n -e '/-dbg$/d; /-dbgsym$/d; /-template$/d' -e 's/^linux-image-unsigned-/linux-image-/; s/-unsigned$//; s/^linux-image-\([0-9]\)/\1/p' |
		sort -ruV
}

# The names that a flavour of a series has: what follows the version.
releases_of() { # series
	base=$(echo "${1%%-*}" | sed 's/\./\\./g')
	case "$1" in
	*-rt) flavour='(-rt-amd64|-realtime)' ;;
	*-cloud) flavour='-cloud-amd64' ;;
	*) flavour='(-amd64|-generic)' ;;
	esac
	all_releases | grep -E "^$base\.[0-9].*$flavour\$" | case "$1" in
	*-*) cat ;;
	*) grep -v -e '-rt-amd64$' -e '-cloud-amd64$' ;;
	esac
}

image_package() { # release
	for p in "linux-image-$1" "linux-image-unsigned-$1" "linux-image-$1-unsigned"; do
		if has_package "$p"; then
			echo "$p"
			return
		fi
	done
	return 1
}

# The first of the releases (by lines) that one can boot and build for.
usable_release() {
	while read -r r; do
		if has_package "linux-headers-$r" && image_package "$r" >/dev/null; then
			echo "$r"
			return
		fi
	done
}

# What the distribution itself installs; else the newest it has.
own_release() {
	for meta in linux-image-generic linux-image-amd64 linux-image-virtual; do
		r=$(depends_on "$meta" | sed -n 's/^linux-image-\(unsigned-\)*\([0-9].*\)$/\2/p' | usable_release)
		[ -z "$r" ] || break
	done
	[ -n "$r" ] || r=$(all_releases | grep -E '(-amd64|-generic)$' | grep -v -e '-rt-amd64$' -e '-cloud-amd64$' | usable_release)
	echo "$r"
}

archive_release() { # series: the newest release the archive has of it, or nothing
	archive_usable || return 0
	case "$1" in
	distribution) own_release ;;
	*) releases_of "$1" | usable_release ;;
	esac
}

with_headers() { # package: it, and what it depends on of the same kind
	echo "$1"
	depends_on "$1" | grep -E '^linux-(headers|kbuild)-' | while read -r d; do
		if has_package "$d"; then with_headers "$d"; fi
	done
}

archive_packages() { # release
	image_package "$1"
	if has_package "linux-modules-$1"; then echo "linux-modules-$1"; fi
	with_headers "linux-headers-$1" | sort -u
}

# Who comes while another one asks waits: apt would refuse.
archive_refresh() {
	if [ "$(id -u)" = 0 ]; then
		flock "$0" apt-get -q update >/dev/null 2>&1 || :
	elif command -v sudo >/dev/null; then
		flock "$0" sudo -n apt-get -q update >/dev/null 2>&1 || :
	fi
}
