#!/bin/sh
# Compiles the module, warnings being errors, for kernels configured in unusual ways, and looks up what it needs of the kernel: each symbol must be
# exported to modules. Nothing is booted.
# usage: build_matrix.sh [SERIES...] [NAME...]       (6.1 6.12; names of configurations, as below: all)
set -u

cd "$(dirname "$0")/../.." || exit 1
wanted='' names=''
for word; do
	case $word in
	[0-9]*) wanted="$wanted $word" ;;
	*) names="$names $word" ;;
	esac
done
top=$PWD
base=build/tests/matrix
mkdir -p "$base"

# What the module cannot do without; then NAME and what is switched: -e on, -d off.
NEEDED="-e MODULES -e KPROBES -e RELAY -e FTRACE -e PERF_EVENTS -e DEBUG_FS -e PROC_FS -e 64BIT -e SMP -d DEBUG_INFO_BTF -d MODVERSIONS -d WERROR"
matrix() { # series
	cat <<-END
		default
		preempt -d PREEMPT_VOLUNTARY -e PREEMPT
		no-preemption -d PREEMPT_VOLUNTARY -d PREEMPT_DYNAMIC -e PREEMPT_NONE
		no-swap-numa-thp -d SWAP -d NUMA -d TRANSPARENT_HUGEPAGE -d USERFAULTFD -d KSM -d HUGETLBFS -d MIGRATION -d COMPACTION
		four-levels-only -d X86_5LEVEL
		no-function-tracer -d FUNCTION_TRACER -d KPROBES_ON_FTRACE -d DYNAMIC_FTRACE
		no-cgroups -d CGROUPS -d MEMCG -d NAMESPACES -d AUDIT
		names-and-watches -e ANON_VMA_NAME -e USERFAULTFD -e MEM_SOFT_DIRTY -e MEMCG -e TRANSPARENT_HUGEPAGE -e HUGETLBFS -e IDLE_PAGE_TRACKING
		one-cpu -d SMP
		checked -e PROVE_LOCKING -e DEBUG_ATOMIC_SLEEP -e DEBUG_VM -e DEBUG_VM_PGTABLE -e KASAN -e DEBUG_LIST
	END
	[ "$1" = 6.1 ] || echo "real-time -e EXPERT -e PREEMPT_RT"
}

configure() { # source, directory, switches...
	src=$1 dir=$2
	shift 2
	make -s -C "$src" O="$dir" ARCH=x86_64 x86_64_defconfig
	# shellcheck disable=SC2086
	"$src/scripts/config" --file "$dir/.config" $NEEDED "$@"
	make -s -C "$src" O="$dir" ARCH=x86_64 olddefconfig && make -s -C "$src" O="$dir" ARCH=x86_64 -j2 modules_prepare
}

compile() { # directory of the kernel, directory of the module
	rm -rf "$2"
	mkdir -p "$2"
	ln -s "$top"/module/*.c "$top"/module/*.h "$top/module/Kbuild" "$2/"
	make -s -C "$1" M="$2" VMATLAS_INCLUDE="$top/include" KCFLAGS=-Werror KBUILD_MODPOST_WARN=1 CONFIG_DEBUG_INFO_BTF_MODULES= modules
}

# What any of the series' kernels says it exports, and what its source says.
exported() { # series, source
	for headers in "build/kernels/$1"*/headers; do
		[ ! -f "$headers/Module.symvers" ] || cut -f 2 "$headers/Module.symvers"
	done
	grep -rhoE 'EXPORT_SYMBOL[A-Z_]*\([A-Za-z0-9_]+' "$2/arch/x86" "$2/fs" "$2/kernel" "$2/lib" "$2/mm" "$2/security" | sed 's/.*(//'
	# One macro, a function for each size of an access (KASAN).
	for size in 1 2 4 8 16; do
		grep -rhoE 'EXPORT_SYMBOL[A-Z_]*\([A-Za-z0-9_]+##size(##[a-z_]+)?' "$2/mm/kasan" | sed "s/.*(//; s/##size/$size/; s/##//"
	done
	grep -rhoE 'EXPORT_TRACEPOINT_SYMBOL[A-Z_]*\([A-Za-z0-9_]+' "$2/arch/x86" "$2/kernel" "$2/mm" | sed 's/.*(\(.*\)/__tracepoint_\1\n__traceiter_\1\n__SCT__tp_func_\1\n__SCK__tp_func_\1/'
}

one() { # series, source, name, switches...
	series=$1 src=$2 name=$3
	shift 3
	log=$base/$series-$name.log
	if ! configure "$src" "$top/$base/$series" "$@" >"$log" 2>&1; then
		echo "not ok - $series $name: the kernel can be configured"
		tail -n 15 "$log"
		return
	fi
	if compile "$top/$base/$series" "$top/$base/module" >>"$log" 2>&1 && [ -f "$base/module/vmatlas.o" ]; then
		echo "ok - $series $name: the module compiles without a warning"
	else
		echo "not ok - $series $name: the module compiles without a warning"
		grep -v 'undefined!' "$log" | tail -n 20
		return
	fi
	missing=$(nm -u "$base/module/vmatlas.o" | awk '{ print $2 }' | grep -v -x -F -e __this_module -f "$base/$series.exported" | tr '\n' ' ')
	if [ -z "$missing" ]; then
		echo "ok - $series $name: all it needs is exported to modules"
	else
		echo "not ok - $series $name: all it needs is exported to modules"
		echo "$missing"
	fi
}

cli/vm/deps.sh debug-kernel
for series in ${wanted:-6.1 6.12}; do
	source=$(cli/vm/debug-kernel.sh --source build/kernels "$series") || exit 1
	mkdir -p "$base/$series"
	exported "$series" "$source" | sort -u >"$base/$series.exported"
	matrix "$series" | while read -r line; do
		case " ${names:-${line%% *}} " in *" ${line%% *} "*) ;; *) continue ;; esac
		# shellcheck disable=SC2086
		one "$series" "$source" $line
	done
done | tee "$base/result"
grep -q '^ok' "$base/result" && ! grep -q '^not ok' "$base/result"
