#!/bin/sh
# The module before the kernel's own two checkers: sparse (address spaces, contexts, endianness) against each kernel's headers, and checkpatch.pl
# from the newest one's source package. Each must also find a fault that is there.
# usage: test_style.sh KERNEL...
set -u

cd "$(dirname "$0")/../.." || exit 1
[ $# -gt 0 ] || { echo "usage: $0 KERNEL..." >&2; exit 2; }
top=$PWD
base=build/tests/style
mkdir -p "$base"
failed=0

# Left alone, each for a reason:
#   LINUX_VERSION_CODE, CONSTANT_COMPARISON   compat.h exists for just that
#   MACRO_ARG_UNUSED                          so do macros that take one of two hooks
#   FUNCTION_ARGUMENTS                        a prototype whose arguments are such a macro
#   SPLIT_STRING, FILE_PATH_CHANGES           of patches, and of columns that are 140 here
IGNORE=LINUX_VERSION_CODE,CONSTANT_COMPARISON,MACRO_ARG_UNUSED,FUNCTION_ARGUMENTS,SPLIT_STRING,FILE_PATH_CHANGES

verdict() { # true or false, name, log
	if "$1"; then
		echo "ok - $2"
	else
		echo "not ok - $2"
		head -n 30 "$3"
		failed=1
	fi
}

sparse() { # kernel, directory with links to sources, what to make
	make -s -C "build/kernels/$1/headers" M="$top/$2" VMATLAS_INCLUDE="$top/include" C=2 CONFIG_DEBUG_INFO_BTF_MODULES= "$3" 2>&1 |
		grep -v -e '^warning: the compiler differs' -e '^  The kernel was built by' -e '^  You are using' -e '^Skipping BTF'
}

with_sparse() { # kernel
	dir=$base/$1
	rm -rf "$dir" && mkdir -p "$dir"
	ln -s "$top"/module/*.c "$top"/module/*.h "$top/module/Kbuild" "$dir/"
	sparse "$1" "$dir" modules >"$dir/said"
	good=false
	[ -s "$dir/said" ] || [ ! -f "$dir/vmatlas.ko" ] || good=true
	verdict $good "$1: sparse has nothing to say" "$dir/said"
	printf '#include <linux/uaccess.h>\nint wrong(void __user *p);\nint wrong(void __user *p) { return *(int *)p; }\n' >"$dir/wrong.c"
	sparse "$1" "$dir" wrong.o >"$dir/found"
	good=false
	! grep -q 'removes address space' "$dir/found" || good=true
	verdict $good "$1: sparse finds a user pointer that is followed" "$dir/found"
}

# Debian's headers do not have it. Only these files are taken out of the source package.
fetch() { # directory, series
	for there in build/kernels/source-*/scripts; do
		[ ! -f "$there/checkpatch.pl" ] || { echo "$there"; return; }
	done
	if [ ! -f "$1/scripts/checkpatch.pl" ]; then
		rm -rf "$1" && mkdir -p "$1/deb"
		(cd "$1/deb" && apt-get -q download "linux-source-$2") >"$base/download.log" 2>&1 || return 1
		dpkg-deb --fsys-tarfile "$1"/deb/*.deb | tar -xO --wildcards "./usr/src/linux-source-$2.tar.*" | xz -dc |
			tar -x -C "$1" --strip-components=1 --wildcards '*/scripts/checkpatch.pl' '*/scripts/spelling.txt' '*/scripts/const_structs.checkpatch' || return 1
		rm -rf "$1/deb"
	fi
	echo "$1/scripts"
}

checkpatch() { # files...
	perl "$scripts/checkpatch.pl" --no-tree --no-summary --terse --show-types --max-line-length=140 --ignore "$IGNORE" -f "$@" 2>&1
}

with_checkpatch() { # series
	if ! scripts=$(fetch build/kernels/checkpatch "$1"); then
		verdict false "checkpatch.pl comes with linux-source-$1" "$base/download.log"
		return
	fi
	good=false
	checkpatch module/*.[ch] >"$base/said" && [ ! -s "$base/said" ] && good=true
	verdict $good "checkpatch.pl has nothing to say" "$base/said"
	printf '// SPDX-License-Identifier: GPL-2.0\nint wrong(int a)\n{\n        if(a) {\n\t\treturn 1; }\n\treturn 0;\n}\n' >"$base/wrong.c"
	checkpatch "$base/wrong.c" >"$base/found"
	good=false
	! grep -q 'CODE_INDENT' "$base/found" || good=true
	verdict $good "checkpatch.pl finds spaces where tabs belong" "$base/found"
}

# A kernel nobody has read: the first thing the compiler meets.
unknown() { # version, wanted or not, options
	version=$1 wanted=$2
	shift 2
	mkdir -p "$base/stub/linux"
	{
		echo '#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))'
		echo "#define LINUX_VERSION_CODE KERNEL_VERSION($version)"
	} >"$base/stub/linux/version.h"
	${CC:-cc} -fsyntax-only -I"$base/stub" "$@" -x c module/compat.h >"$base/guard" 2>&1
	good=false
	if grep -q 'knows the kernels 5.15 to 6.18.*VMATLAS_UNKNOWN_KERNEL' "$base/guard"; then
		[ "$wanted" = refused ] && good=true
	else
		[ "$wanted" = taken ] && good=true
	fi
	verdict $good "Linux $version is $wanted${*:+ with $*}" "$base/guard"
}

cli/vm/deps.sh
unknown "5, 14, 21" refused
unknown "5, 15, 0" taken
unknown "6, 18, 44" taken
unknown "6, 19, 0" refused
unknown "7, 0, 0" refused
unknown "7, 0, 0" taken -DVMATLAS_UNKNOWN_KERNEL
for kernel; do
	with_sparse "$kernel"
done
with_checkpatch 6.12
exit $failed
