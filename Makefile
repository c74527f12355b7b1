# vmatlas. `make help` lists the targets; V=1 shows every command.
# Everything that is made goes under build/.

V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(2)';)

B := build
CC ?= cc
PKG_CONFIG ?= pkg-config
KERNELS_ALL := 6.1 6.12 6.1-rt 6.12-rt 6.1-cloud 6.12-cloud
DEBUG_KERNELS ?= debug-6.1 debug-6.12
# 6.1 and 6.12; where the archive has neither, the distribution's own. Asked once, when a target needs it.
ifeq ($(origin KERNELS),undefined)
ifneq ($(filter run stress recordings test test-needs test-long kernels modules hello-module vm,$(MAKECMDGOALS)),)
-include $(B)/kernels/default.mk
endif
endif
KERNELS ?= 6.1 6.12

VERSION := $(shell cat VERSION)
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wno-unused-parameter
CFLAGS ?= -O2 -g
CPPFLAGS_ALL = -D_GNU_SOURCE -DVA_VERSION='"$(VERSION)"' -Iinclude $(CPPFLAGS)
CFLAGS_ALL = -std=gnu11 $(WARN) -fno-common $(CFLAGS) -MMD -MP
SAN := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -O1 -g

PKGS_CORE := libzstd libdeflate
PKGS_GUI := sdl2 SDL2_ttf libpng libdw
# Asked once, and only when a recipe needs it: on a fresh machine the libraries come with the first rule (deps).
GUI_CFLAGS = $(eval GUI_CFLAGS := $$(shell $(PKG_CONFIG) --cflags $(PKGS_GUI)))$(GUI_CFLAGS)
LIBS_GUI = $(eval LIBS_GUI := $$(shell $(PKG_CONFIG) --libs $(PKGS_GUI)))$(LIBS_GUI)
LIBS_CORE = $(eval LIBS_CORE := $$(shell $(PKG_CONFIG) --libs $(PKGS_CORE)))$(LIBS_CORE)
LIBS_SYMBOLS = $(eval LIBS_SYMBOLS := $$(shell $(PKG_CONFIG) --libs libdw))$(LIBS_SYMBOLS)
LIBS_ALL = $(LIBS_GUI) $(LIBS_CORE) -lm -lpthread

# A stage sees its own headers and those of earlier stages (tests/check-layers proves it).
INC_core := -iquote core
INC_gui = -iquote core -iquote core/symbols -iquote gui $(GUI_CFLAGS)
INC_cli = -iquote core -iquote core/symbols -iquote gui -iquote cli $(GUI_CFLAGS)
INC_tests = $(INC_cli) -iquote tests

CORE_SRC := $(wildcard core/*.c)
SYMBOLS_SRC := $(wildcard core/symbols/*.c)
GUI_SRC := $(wildcard gui/*.c)
COMMON_SRC := $(wildcard cli/common/*.c)
CLI_SRC := $(wildcard cli/*.c cli/vm/*.c) $(COMMON_SRC)
COLLECT_SRC := $(wildcard cli/collect/*.c) $(COMMON_SRC)
VMMAP_SRC := $(wildcard cli/vmmap/*.c) cli/collect/elf.c cli/vm/assets.c $(COMMON_SRC)
INIT_SRC := $(wildcard cli/guest/*.c) $(COMMON_SRC)
DEMO_SRC := $(filter-out demos/libmap.c,$(wildcard demos/*.c))
UNIT_SRC := $(wildcard tests/unit/test_*.c)
WORK_SRC := $(wildcard tests/workloads/*.c)

obj = $(patsubst %.c,$(B)/$(2)/%.o,$(1))
PROGRAMS := $(B)/vmatlas $(B)/vmmap $(B)/vmatlas-collect $(B)/vmatlas-init
LIBMAP := $(call obj,demos/libmap.c,obj)
DEMOS := $(patsubst demos/%.c,$(B)/demos/%,$(DEMO_SRC))
WORKLOADS := $(patsubst tests/workloads/%.c,$(B)/tests/workloads/%,$(WORK_SRC))
UNITS := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(UNIT_SRC))

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all help deps programs demos workloads fonts kernels modules vm vm-all run stress test test-fast test-needs test-long test-debug fuzz install uninstall clean distclean

all: programs demos fonts ## build the programs and demos

help: ## this list
	@echo 'make run and make test are all one needs on a fresh machine. Targets:'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

# --- what the system must have -------------------------------------------------------------------------------------

deps: ## install what is needed (Debian, Ubuntu: apt; elsewhere: says the names)
	$(Q)cli/vm/deps.sh

# Stamp: asks the system once, installs only when something is missing.
$(B)/.deps: cli/vm/deps.sh
	$(Q)mkdir -p $(B)
	$(Q)cli/vm/deps.sh
	$(Q)touch $@

# --- programs ------------------------------------------------------------------------------------------------------

programs: $(PROGRAMS)
demos: $(LIBMAP) $(DEMOS) ## build the lab programs
workloads: $(WORKLOADS) $(B)/tests/workloads/poke-static $(B)/tests/module/modtest

define compile
$$(B)/$(1)/%.o: %.c | $$(B)/.deps
	$$(call say,$(2),$$<)mkdir -p $$(@D) && $$(CC) $$(CPPFLAGS_ALL) $$(INC_$$(word 1,$$(subst /, ,$$<))) $$(CFLAGS_ALL) $(3) -c $$< -o $$@
endef
$(eval $(call compile,obj,CC,))
$(eval $(call compile,san,CC SAN,$(SAN)))

# Loops over pixels: -O3 makes vectors of them, a quarter of the time of drawing.
$(B)/obj/gui/canvas.o $(B)/obj/gui/draw.o $(B)/obj/gui/drawn.o $(B)/obj/gui/planes.o $(B)/obj/gui/stroke.o: CFLAGS += -O3

# What each record goes through is optimised as a whole: a sixth more records a second. One object of it, so that this is done once (5 s) and not at each link;
# -r keeps all symbols, and only those that are hidden are inlined as in a program. gcc only; `make CFLAGS='-O0 -g'`: not at all.
HOT := $(addprefix core/,$(addsuffix .c,alloc decode columns columns_record interleave merge record model mm range fault sweep pages pageblock spare vmas vmablocks vmapack spans shelf tasks numbers \
	walk text idmap store history lives))
HOT_FLAGS = $(eval HOT_FLAGS := $$(if $$(findstring clang,$$(shell $$(CC) --version)),,-O3 -flto -fvisibility=hidden))$(HOT_FLAGS)
HOT_OBJ := $(B)/obj/core/hot.o
CORE := $(HOT_OBJ) $(call obj,$(filter-out $(HOT),$(CORE_SRC)),obj)
$(call obj,$(HOT),obj): CFLAGS += $(HOT_FLAGS)
$(HOT_OBJ): $(call obj,$(HOT),obj)
	$(call say,LTO,$@)$(CC) $(CFLAGS) $(if $(HOT_FLAGS),$(HOT_FLAGS:-flto=-flto=auto) -flinker-output=nolto-rel) -r -nostdlib $^ -o $@

$(B)/vmatlas: $(call obj,$(CLI_SRC) $(GUI_SRC) $(SYMBOLS_SRC),obj) $(CORE)
	$(call say,LD,$@)$(CC) $(LDFLAGS) $^ $(LIBS_ALL) -o $@

$(B)/vmatlas-san: $(call obj,$(CLI_SRC) $(GUI_SRC) $(SYMBOLS_SRC) $(CORE_SRC),san)
	$(call say,LD,$@)$(CC) $(SAN) $(LDFLAGS) $^ $(LIBS_ALL) -o $@

$(B)/vmmap: $(call obj,$(VMMAP_SRC) $(SYMBOLS_SRC),obj) $(CORE)
	$(call say,LD,$@)$(CC) $(LDFLAGS) $^ $(LIBS_CORE) $(LIBS_SYMBOLS) -lpthread -o $@

# The collector and the guest's init run anywhere, also where there is no libc to link with: static.
$(B)/vmatlas-collect: $(call obj,$(COLLECT_SRC) core/writer.c core/tail.c core/columns.c core/columns_record.c core/interleave.c core/text.c core/idmap.c core/alloc.c core/lost_hooks.c,obj)
	$(call say,LD,$@)$(CC) -static $(LDFLAGS) $^ $(LIBS_CORE) -o $@

$(B)/vmatlas-init: $(call obj,$(INIT_SRC),obj)
	$(call say,LD,$@)$(CC) -static $(LDFLAGS) $^ -o $@

# Each a file of its own, and libmap (what virtual address has which frame).
$(B)/demos/%: demos/%.c $(LIBMAP) | $(B)/.deps
	$(call say,CC,$<)mkdir -p $(@D) && $(CC) $(CPPFLAGS_ALL) -Idemos $(CFLAGS_ALL) -O1 $< $(LIBMAP) -o $@ -lpthread -MF $@.d

$(B)/tests/workloads/%: tests/workloads/%.c | $(B)/.deps
	$(call say,CC,$<)mkdir -p $(@D) && $(CC) $(CPPFLAGS_ALL) -Itests/workloads $(CFLAGS_ALL) -O1 $< -o $@ -lpthread -MF $@.d

$(B)/tests/workloads/poke-static: tests/workloads/poke.c | $(B)/.deps
	$(call say,CC,$@)mkdir -p $(@D) && $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -O1 -static $< -o $@ -MF $@.d

# One program of several files, and the small programs it starts.
OPS_SRC := $(wildcard tests/workloads/ops/*.c)
STILL := $(addprefix $(B)/tests/workloads/still-,pie fixed static 32 x32)
$(B)/tests/workloads/ops_random: tests/workloads/ops_random.c $(filter-out %/still.c,$(OPS_SRC)) tests/workloads/ops/ops.h tests/workloads/workload.h | $(STILL)
	$(call say,CC,$<)mkdir -p $(@D) && $(CC) $(CPPFLAGS_ALL) -Itests/workloads -std=gnu11 $(WARN) $(CFLAGS) -O1 $(filter %.c,$^) -o $@ -lpthread

STILL_pie := -fPIE -pie
STILL_fixed := -fno-pie -no-pie
STILL_static := -static -fno-pie
STILL_32 := -m32 -static -fno-pie
STILL_x32 := -mx32 -static -fno-pie
$(B)/tests/workloads/still-%: tests/workloads/ops/still.c | $(B)/.deps
	$(call say,CC,$@)mkdir -p $(@D) && $(CC) $(STILL_$*) -O1 -Wall -ffreestanding -fno-stack-protector -nostdlib -Wl,-e,start -Wl,--build-id=none $< -o $@

# The module's own test: all there is in its guest.
$(B)/tests/module/modtest: $(wildcard tests/module/*.[ch]) $(wildcard include/vmatlas/*.h) | $(B)/.deps
	$(call say,CC,$@)mkdir -p $(@D) && $(CC) -static -D_GNU_SOURCE -O1 -Wall -Wextra -Wno-unused-parameter -Iinclude $(filter %.c,$^) -o $@ -lpthread

# Unit tests: each a small main, linked with the core (and GUI, never its window) under ASan and UBSan.
GUI_LIB_SRC := $(GUI_SRC)
$(B)/tests/unit/%: $(B)/san/tests/unit/%.o $(call obj,$(GUI_LIB_SRC) $(SYMBOLS_SRC) $(CORE_SRC),san)
	$(call say,LD,$@)mkdir -p $(@D) && $(CC) $(SAN) $^ $(LIBS_ALL) -lcmocka -o $@

$(B)/tests/unit/test_vmmap: $(call obj,tests/fuzz/fuzz_vmmap.c $(filter-out cli/vmmap/main.c,$(VMMAP_SRC)),san)

# Programs of the bench: each a small main over the core, optimised as the programs are. kshark is for who has libkshark (make bench-deps).
BENCH := $(patsubst tests/bench/%.c,$(B)/bench/%,$(filter-out %/kshark.c,$(wildcard tests/bench/*.c)))
$(B)/bench/frame: $(B)/obj/tests/bench/frame.o $(call obj,$(GUI_SRC) $(SYMBOLS_SRC),obj) $(CORE)
	$(call say,LD,$@)mkdir -p $(@D) && $(CC) $(LDFLAGS) $^ $(LIBS_ALL) -o $@

# What is measured: programs of their own, run in the guest.
$(B)/bench/many $(B)/bench/timely: $(B)/bench/%: tests/bench/%.c
	$(call say,CC,$<)mkdir -p $(@D) && $(CC) $(CFLAGS) -Iinclude $< -o $@

$(B)/bench/%: $(B)/obj/tests/bench/%.o $(CORE)
	$(call say,LD,$@)mkdir -p $(@D) && $(CC) $(LDFLAGS) $^ $(LIBS_CORE) -lm -lpthread -o $@

$(B)/bench/kshark: tests/bench/kshark.c
	$(call say,CC,$@)mkdir -p $(@D) && $(CC) $(CFLAGS) $$($(PKG_CONFIG) --cflags libkshark) $< $$($(PKG_CONFIG) --libs libkshark) -o $@

# What runs in the bench's guests: its one program, and what courses write as a peer.
$(B)/bench/work: $(wildcard tests/bench/kernel/*.[ch]) include/vmatlas/control.h | $(B)/.deps
	$(call say,CC,$@)mkdir -p $(@D) && $(CC) -static -D_GNU_SOURCE -O1 -Wall -Wextra -Iinclude $(filter %.c,$^) -o $@ -lpthread
$(B)/bench/course/%/course.ko: tests/bench/kernel/course/course.c tests/bench/kernel/course/Kbuild module/build.sh | $(B)/kernels/%/complete
	$(call say,KBUILD,$@)MODULE_SOURCE=tests/bench/kernel/course module/build.sh $(B)/kernels/$*/headers $(@D) $(if $(filter 1,$(V)),V=1)

# --- fonts ---------------------------------------------------------------------------------------------------------

fonts: $(B)/assets/fonts/.done
$(B)/assets/fonts/.done: assets/fonts/list assets/fonts/collect.sh | $(B)/.deps
	$(call say,FONTS,$(@D))assets/fonts/collect.sh assets/fonts/list $(@D) && touch $@

# --- kernels, module, guest ------------------------------------------------------------------------------------------

kernels: $(foreach k,$(KERNELS),$(B)/kernels/$(k)/complete) ## download and unpack the kernels for the VM (nothing is installed)
$(B)/kernels/default.mk: cli/vm/kernels.sh | $(B)/.deps
	$(Q)cli/vm/kernels.sh --default $@
$(B)/kernels/%/complete: cli/vm/kernels.sh cli/vm/archive.sh cli/vm/ninep.sh | $(B)/.deps
	$(Q)cli/vm/kernels.sh $(B)/kernels $*

# Kernels built here, that check themselves: debug-6.1, debug-6.12, debug-6.12-rt.
$(B)/kernels/debug-%/complete: cli/vm/debug-kernel.sh cli/vm/debug-kernel.config | $(B)/.deps
	$(Q)cli/vm/debug-kernel.sh $(B)/kernels debug-$*

MODULE_SRC := $(wildcard module/*.c module/*.h module/Kbuild) $(wildcard include/vmatlas/*.h)
modules: $(foreach k,$(KERNELS),$(B)/module/$(k)/vmatlas.ko) ## build the module for the VM's kernels
$(B)/module/%/vmatlas.ko: $(B)/kernels/%/complete $(MODULE_SRC)
	$(call say,KBUILD,$@)module/build.sh $(B)/kernels/$*/headers $(@D) $(if $(filter 1,$(V)),V=1)

.PHONY: plots
plots: $(B)/demos/app | $(B)/.deps ## draw malloc'd bytes against the heap, and depth against the stack, as measured here (build/plots)
	$(Q)demos/plots/plots.sh $(B)/demos/app $(B)/plots

# Lesson 0: the smallest module there is, for the same kernels.
HELLO := demos/hello-module/hello.c demos/hello-module/Kbuild
.PHONY: hello-module
hello-module: $(foreach k,$(KERNELS),$(B)/demos/hello-module/$(k)/hello.ko) ## build the hello-world module of lesson 0
$(B)/demos/hello-module/%/hello.ko: $(HELLO) module/build.sh | $(B)/kernels/%/complete
	$(call say,KBUILD,$@)MODULE_SOURCE=demos/hello-module module/build.sh $(B)/kernels/$*/headers $(@D) $(if $(filter 1,$(V)),V=1)

.PHONY: module-local
module-local: ## build the module for the running kernel (needs its headers)
	$(Q)module/build.sh /lib/modules/$$(uname -r)/build $(B)/module/$$(uname -r)

INITRAMFS := $(foreach k,$(KERNELS),$(B)/vm/$(k)/initramfs.cpio)
vm: modules hello-module $(INITRAMFS) $(PROGRAMS) ## all that `vmatlas --vm` boots; KERNELS="6.12-rt" for another kernel
vm-all: ## the same for every kernel it knows: also -rt (PREEMPT_RT) and -cloud
	$(Q)$(MAKE) --no-print-directory vm KERNELS='$(KERNELS_ALL)'

$(B)/vm/%/initramfs.cpio: cli/vm/initramfs.sh $(B)/module/%/vmatlas.ko $(B)/vmatlas-init $(B)/vmatlas-collect
	$(call say,CPIO,$@)mkdir -p $(@D) && cli/vm/initramfs.sh $(B)/kernels/$* $(B)/module/$*/vmatlas.ko $(B)/vmatlas-init $(B)/vmatlas-collect $@

# --- run and test ----------------------------------------------------------------------------------------------------

run: all vm ## the main job: a demo in the throw-away VM, live in the window
	$(Q)cli/vm/run-demo.sh $(B)

stress: all vm ## compile 50 files in the VM with every process in the window: events a second, peak, lost, slowdown
	$(Q)cli/vm/stress.py $(B)

test-fast: programs demos workloads fonts bench-programs ## no VM, about a minute
	$(Q)tests/run.sh fast

test-needs: all workloads bench-programs bench-modules vm ## what test runs, built: with -j as many at once as wanted

test: test-needs ## every case, counts cut down
	$(Q)KERNELS='$(KERNELS)' tests/run.sh normal

test-long: test-needs ## every case, full counts
	$(Q)KERNELS='$(KERNELS)' tests/run.sh long

test-debug: all workloads $(foreach k,$(DEBUG_KERNELS),$(B)/vm/$(k)/initramfs.cpio) ## the module on kernels built to check themselves (KASAN, lockdep, kmemleak …)
	$(Q)KERNELS="$(DEBUG_KERNELS)" tests/run.sh debug

.PHONY: bench bench-deps bench-programs bench-modules
bench-programs: $(BENCH) $(B)/bench/work
bench-modules: $(foreach k,$(KERNELS),$(B)/bench/course/$(k)/course.ko)
bench: programs bench-programs bench-modules workloads vm ## what recording and reading cost, beside other tools (PARTS="kernel rate"): tables, and build/bench/figures.jsonl
	$(Q)! $(PKG_CONFIG) --exists libkshark 2>/dev/null || $(MAKE) --no-print-directory $(B)/bench/kshark
	$(Q)tests/bench/bench.py $(PARTS)

.PHONY: soak
soak: programs bench-programs workloads vm ## an hour of the flight recorder at full rate: its memory must not grow
	$(Q)BENCH_SOAK=$${BENCH_SOAK:-3600} tests/bench/bench.py soak

bench-deps: ## install the tools that bench compares with
	$(Q)tests/bench/deps.sh

.PHONY: test-build-matrix
test-build-matrix: | $(B)/.deps ## compiles the module for kernels configured in unusual ways, warnings being errors (many minutes)
	$(Q)tests/module/build_matrix.sh

.PHONY: docs-pictures
docs-pictures: programs fonts ## make the pictures of README and docs/ anew, from the recordings that are shipped
	$(Q)docs/pictures/make.sh docs/pictures

.PHONY: recordings
recordings: all vm ## record every lab for the lessons anew, in the VM; NAMES="cow leak": only these
	$(Q)docs/lessons/record.sh $(B) docs/lessons/recordings $(NAMES)

fuzz: ## libFuzzer on the decoders (clang); SECONDS_PER_TARGET=60
	$(Q)tests/fuzz/run.sh $(B) $${SECONDS_PER_TARGET:-60}

# --- install -----------------------------------------------------------------------------------------------------------

PREFIX ?= /usr/local
DESTDIR ?=
I := $(DESTDIR)$(PREFIX)
INSTALLED_FONTS = $(wildcard $(B)/assets/fonts/*.[to]tf $(B)/assets/fonts/*.copyright)
INSTALLED_VM = $(patsubst $(B)/vm/%,%,$(wildcard $(B)/vm/*/release $(B)/vm/*/vmlinux $(B)/vm/*/vmlinuz $(B)/vm/*/initramfs.cpio))

install: programs fonts ## install under PREFIX (/usr/local), DESTDIR before it; with the VM's kernels where `make vm` has made them
	$(call say,INSTALL,$(I))install -D -t $(I)/bin $(B)/vmatlas $(B)/vmmap
	$(Q)install -D -t $(I)/libexec/vmatlas $(B)/vmatlas-collect
	$(Q)install -D -m 644 -t $(I)/include/vmatlas include/vmatlas/mark.h
	$(Q)install -D -m 644 -t $(I)/share/man/man1 docs/man/vmatlas.1 docs/man/vmmap.1
	$(Q)install -D -m 644 -t $(I)/share/bash-completion/completions docs/completions/vmatlas docs/completions/vmmap
	$(Q)install -D -m 644 -t $(I)/share/vmatlas/fonts $(INSTALLED_FONTS)
	$(Q)for f in $(INSTALLED_VM); do install -D -m 644 $(B)/vm/$$f $(I)/share/vmatlas/vm/$$f || exit 1; done

uninstall: ## remove what `make install` has installed there
	$(call say,REMOVE,$(I))rm -f $(I)/bin/vmatlas $(I)/bin/vmmap $(I)/include/vmatlas/mark.h $(I)/share/man/man1/vmatlas.1 $(I)/share/man/man1/vmmap.1
	$(Q)rm -f $(I)/share/bash-completion/completions/vmatlas $(I)/share/bash-completion/completions/vmmap
	$(Q)rm -rf $(I)/libexec/vmatlas $(I)/share/vmatlas
	$(Q)rmdir $(I)/include/vmatlas 2>/dev/null || true

clean: ## remove what was built, keep the downloaded kernels
	$(Q)find $(B) -mindepth 1 -maxdepth 1 ! -name kernels -exec rm -rf {} +

distclean: ## remove build/
	$(Q)rm -rf $(B)

-include $(shell find $(B)/obj $(B)/san $(B)/demos $(B)/tests -name '*.d' 2>/dev/null)
