// SPDX-License-Identifier: GPL-2.0
#include <linux/bitmap.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/seq_file.h>
#include <linux/tracepoint.h>
#include <linux/unistd.h>

#include "direct.h"
#include "fault.h"
#include "hooks.h"
#include "leave.h"
#include "op.h"
#include "rename.h"
#include "task.h"
#include "truth.h"

enum va_hook_kind { VA_TRACEPOINT, VA_KPROBE, VA_KRETPROBE };

struct va_hook {
	const char *name;
	enum va_hook_kind kind;
	bool vital;
	void *handler;           /* tracepoint */
	int (*enter)(void *data, const struct va_regs *regs); /* function: nonzero = its return is of no interest */
	int (*leave)(void *data, const struct va_regs *regs);
	bool (*waits)(const struct va_regs *regs);
	enum va_way way;         /* a direct call is tried first */
	const char *tracer;      /* of a tracepoint: the function that does nothing but call its probes */
	size_t (*data_size)(void);
	int active;              /* return probe: calls under way at once, at most */
	int nr;                  /* system call, -1 = none */
	const char *lost;        /* what is missing without it */
	bool sure;               /* without it pages change unseen: nothing shown of them is certain */
	bool may_split;          /* called in its own file, and returns early: see va_is_split() */
	bool *on;                /* true while attached */

	bool callable, direct; /* a direct call could be had; is */
	bool attached, split;
	int error;
	unsigned long missed; /* while attached earlier */
	struct tracepoint *tp;
	struct kretprobe rp; /* an entry probe uses its kp only */
};

#define VA_TP(tp_name, fn, is_vital, what) \
	{ .name = tp_name, .kind = VA_TRACEPOINT, .vital = is_vital, .handler = fn, .nr = -1, .lost = what }
#define VA_FAULTS(tp_name, fn, what) \
	{ .name = tp_name, .kind = VA_TRACEPOINT, .handler = fn, .nr = -1, .sure = true, .lost = what }
#define VA_KP(fn_name, fn, is_vital, what) \
	{ .name = fn_name, .kind = VA_KPROBE, .vital = is_vital, .enter = fn, .nr = -1, .lost = what }
#define VA_TRACED(tp_name, fn, fn_name, fn_enter, what) \
	{ .name = tp_name, .kind = VA_TRACEPOINT, .vital = true, .handler = fn, .way = VA_WAY_ANY, .tracer = fn_name, .enter = fn_enter, .nr = -1, .lost = what }
#define VA_UNLOCK(fn_name) \
	{ .name = fn_name, .kind = VA_KPROBE, .vital = true, .way = VA_WAY_LOCK, .enter = va_truth_unlock, .nr = -1, .lost = "changes of maps" }
#define VA_CALL(call) VA_CALL_BY(call, VA_WAY_PROBE)
/* Often called. */
#define VA_CALL_DIRECT(call) VA_CALL_BY(call, VA_WAY_ANY)
#define VA_CALL_BY(call, its_way) \
	{ .name = "__x64_sys_" #call, .kind = VA_KRETPROBE, .way = its_way, .enter = va_op_enter, .leave = va_op_return, \
	  .data_size = va_op_data_size, .active = 256, .nr = __NR_##call, .lost = "result of " #call }
#define VA_NAMES(fn_name, fn_enter, fn_leave) \
	{ .name = fn_name, .kind = VA_KRETPROBE, .enter = fn_enter, .leave = fn_leave, .data_size = va_rename_data_size, .active = 64, \
	  .nr = -1, .lost = "new names of files that are mapped" }

/* The function, its name here, whether all that is shown of pages depends on it. */
#define VA_LEAVE_HOOK(fn_name, fn, is_sure, what) \
	{ .name = fn_name, .kind = VA_KRETPROBE, .enter = fn, .leave = va_leave_return, .data_size = va_leave_data_size, \
	  .active = 256, .nr = -1, .sure = is_sure, .lost = what }

/*
 * The end of a map comes first here, so it is on before anything can begin to watch one, and off last: a map that ended unseen would
 * leave its pointer in the table. What a kernel is built without (PREEMPT_RT: huge pages) changes no page unseen.
 */
static struct va_hook va_hooks[] = {
	VA_KP("exit_mmap", va_truth_mm_end, true, "end of maps"),
	VA_TP("sched_process_exit", va_task_exit, true, "end of processes"),
	VA_UNLOCK_HOOK(VA_TRACED("mmap_lock_released", va_truth_released, "__mmap_lock_do_trace_released", va_truth_trace_released, "changes of maps"),
		       VA_UNLOCK("up_write")),
	VA_UNLOCK_HOOK(VA_TRACED("mmap_lock_acquire_returned", va_truth_acquired, "__mmap_lock_do_trace_acquire_returned", va_truth_trace_acquired,
				 "changes of maps"),
		       VA_UNLOCK("downgrade_write")),
	{ .name = "perf_event_mmap", .kind = VA_KPROBE, .vital = true, .way = VA_WAY_VMA, .enter = va_truth_vma_event, .nr = -1, .lost = "changes of maps" },
	VA_TP("task_newtask", va_task_new, true, "new processes"),
	VA_TP("sched_process_exec", va_task_exec, true, "exec"),
	VA_TP("task_rename", va_task_rename, false, "new names"),
	{ .name = "handle_mm_fault", .kind = VA_KRETPROBE, .enter = va_fault_enter, .leave = va_fault_return,
	  .data_size = va_fault_data_size, .waits = va_fault_waits, .way = VA_WAY_VMA, .active = 1024, .nr = -1, .sure = true, .lost = "end of faults" },
	VA_KP("fixup_exception", va_fault_fixup, false, "the moment of a bad access by the kernel"),
	VA_TP("signal_deliver", va_task_signal, false, "the moment of a crash"),
	{ .name = "unmap_page_range", .kind = VA_KRETPROBE, .way = VA_WAY_ANY, .enter = va_leave_zap, .leave = va_leave_return,
	  .data_size = va_leave_data_size, .active = 256, .nr = -1, .sure = true, .on = &va_leave_sees_zap, .lost = "pages that are unmapped" },
#ifdef CONFIG_HUGETLB_PAGE
	{ .name = "__unmap_hugepage_range", .kind = VA_KRETPROBE, .enter = va_leave_zap, .leave = va_leave_return,
	  .data_size = va_leave_data_size, .active = 64, .nr = -1, .sure = true, .on = &va_leave_sees_huge_zap,
	  .lost = "hugetlb pages that are unmapped" },
#endif
	{ .name = VA_MOVE_TABLES, .kind = VA_KRETPROBE, .enter = va_leave_move, .leave = va_leave_return,
	  .data_size = va_leave_data_size, .active = 64, .nr = -1, .may_split = true, .on = &va_leave_sees_move, .lost = "pages that mremap moves" },
	VA_LEAVE_HOOK("try_to_unmap_one", va_leave_folio, true, "pages that are reclaimed"),
	VA_LEAVE_HOOK("try_to_migrate_one", va_leave_folio, true, "pages that migrate"),
	VA_LEAVE_HOOK("remove_migration_pte", va_leave_folio, true, "pages that have migrated"),
	VA_LEAVE_HOOK("page_mkclean_one", va_leave_folio, false, "entries made read-only by writeback"),
	VA_LEAVE_HOOK("change_protection", va_leave_protect, true, "entries that mprotect, NUMA balancing and userfaultfd change"),
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	VA_LEAVE_HOOK("collapse_huge_page", va_leave_collapse, true, "pages that become a huge one"),
	VA_LEAVE_HOOK("collapse_pte_mapped_thp", va_leave_pmd, true, "file pages that become a huge one"),
	VA_LEAVE_HOOK("pmdp_collapse_flush", va_leave_collapse_flush, true, "file pages that another process makes a huge one"),
	VA_LEAVE_HOOK("__split_huge_pmd", va_leave_split, true, "huge pages that are split"),
#endif
#ifdef CONFIG_SWAP
	VA_LEAVE_HOOK("unuse_pte_range", va_leave_unuse, true, "pages that swapoff brings back"),
#endif
	VA_LEAVE_HOOK("madvise_free_pte_range", va_leave_free, true, "swap that MADV_FREE gives up"),
	VA_LEAVE_HOOK("clear_refs_pte_range", va_leave_access, false, "entries made read-only by clear_refs"),
	VA_LEAVE_HOOK("migrate_vma_collect_pmd", va_leave_walk, false, "pages that go to a device"),
#ifdef CONFIG_USERFAULTFD
	VA_LEAVE_HOOK(VA_UFFD_COPY, va_leave_uffd4, true, "pages that userfaultfd fills"),
	VA_LEAVE_HOOK(VA_UFFD_ZERO, va_leave_uffd3, true, "zero pages that userfaultfd fills in"),
	VA_LEAVE_HOOK(VA_UFFD_CONTINUE, va_leave_uffd3, true, "pages of a file that userfaultfd fills in"),
#if VA_UFFD_POISONS
	VA_LEAVE_HOOK("mfill_atomic_poison", va_leave_uffd3, true, "pages that userfaultfd poisons"),
#endif
#if VA_UFFD_MOVES
	VA_LEAVE_HOOK("move_pages", va_leave_uffd_move, true, "pages that userfaultfd moves"),
#endif
#endif
	VA_LEAVE_HOOK("vm_insert_page", va_leave_insert, true, "pages that drivers map"),
	VA_LEAVE_HOOK("vm_insert_pages", va_leave_insert_all, true, "pages that drivers map"),
	VA_LEAVE_HOOK("__vm_map_pages", va_leave_insert_all, false, "pages that drivers map"),
	{ .name = VA_REMAP, .kind = VA_KRETPROBE, .enter = va_leave_remap, .leave = va_leave_return, .data_size = va_leave_data_size,
	  .active = 256, .nr = -1, .sure = true, .may_split = true, .lost = "memory of devices" },
#ifdef CONFIG_UPROBES
	VA_LEAVE_HOOK("uprobe_write_opcode", va_leave_uprobe, true, "pages that uprobes copy"),
#endif
#ifdef CONFIG_KSM
	{ .name = "page_address_in_vma", .kind = VA_KRETPROBE, .enter = va_leave_ksm_address, .leave = va_leave_ksm_address_known,
	  .data_size = va_leave_data_size, .active = 64, .nr = -1, .sure = true, .lost = "pages that KSM merges" },
	{ .name = "try_to_merge_one_page", .kind = VA_KRETPROBE, .enter = va_leave_ksm, .leave = va_leave_return_ksm,
	  .data_size = va_leave_data_size, .active = 16, .nr = -1, .sure = true, .lost = "pages that KSM merges" },
#endif
	VA_TP("signal_generate", va_fault_signal, false, "bad accesses"),
	VA_FAULTS("page_fault_user", va_fault_user, "faults"),
	VA_FAULTS("page_fault_kernel", va_fault_kernel, "faults by the kernel"),
	VA_NAMES("d_delete", va_rename_enter_one, va_rename_return),
	VA_NAMES("d_move", va_rename_enter_two, va_rename_return),
	VA_NAMES("d_exchange", va_rename_enter_two, va_rename_return),
	VA_NAMES("__x64_sys_mount", NULL, va_rename_mount_return),
	VA_NAMES("__x64_sys_umount", NULL, va_rename_mount_return),
	VA_NAMES("__x64_sys_move_mount", NULL, va_rename_mount_return),
	VA_NAMES("__x64_sys_pivot_root", NULL, va_rename_mount_return),
	VA_CALL_DIRECT(mmap), VA_CALL_DIRECT(munmap), VA_CALL_DIRECT(brk), VA_CALL_DIRECT(mremap), VA_CALL_DIRECT(mprotect), VA_CALL_DIRECT(madvise),
	VA_CALL(pkey_mprotect), VA_CALL(process_madvise), VA_CALL(mlock), VA_CALL(mlock2), VA_CALL(munlock), VA_CALL(mlockall), VA_CALL(munlockall),
	VA_CALL(mbind), VA_CALL(shmat), VA_CALL(shmdt), VA_CALL(remap_file_pages), VA_CALL(prctl),
};

static char *without = "";
module_param(without, charp, 0444);
MODULE_PARM_DESC(without, "test aid: hooks that are left out as if this kernel lacked them, HOOK[,HOOK]; direct: all that could be called directly are probed");
#define VA_DIRECT "direct"

static DECLARE_BITMAP(va_calls, 512);

/* The next name of a list, its length in *n; 0 = no more. */
static const char *va_next_name(const char *at, size_t *n)
{
	at += strspn(at, ",");
	*n = strcspn(at, ",");
	return at;
}

static bool va_is_without(const char *name)
{
	const char *at = without;
	size_t n;

	for (at = va_next_name(at, &n); n; at = va_next_name(at + n, &n))
		if (n == strlen(name) && !strncmp(name, at, n))
			return true;
	return false;
}

static bool va_left_out(const struct va_hook *hook)
{
	return va_is_without(hook->name);
}

static bool va_is_hook(const char *name, size_t n)
{
	int i;

	if (n == strlen(VA_DIRECT) && !strncmp(VA_DIRECT, name, n))
		return true;
	for (i = 0; i < ARRAY_SIZE(va_hooks); i++)
		if (strlen(va_hooks[i].name) == n && !strncmp(va_hooks[i].name, name, n))
			return true;
	return false;
}

int va_hooks_init(void)
{
	const char *at = without;
	size_t n;

	for (at = va_next_name(at, &n); n; at = va_next_name(at + n, &n)) {
		if (!va_is_hook(at, n)) {
			pr_err("vmatlas: without=%.*s: there is no such hook on this kernel ('stats' lists them)\n", (int)n, at);
			return -EINVAL;
		}
	}
	return 0;
}

bool va_hooks_have_call(int nr)
{
	return nr >= 0 && nr < 512 && test_bit(nr, va_calls);
}

static void va_find_tracepoint(struct tracepoint *tp, void *data)
{
	struct va_hook *hook = data;

	if (!strcmp(tp->name, hook->name))
		hook->tp = tp;
}

static int va_attach_tracepoint(struct va_hook *hook)
{
	hook->tp = NULL;
	for_each_kernel_tracepoint(va_find_tracepoint, hook);
	return hook->tp ? tracepoint_probe_register(hook->tp, hook->handler, NULL) : -ENOENT;
}

static struct va_regs va_regs_of(const struct pt_regs *regs, const struct va_hook *hook)
{
	return (struct va_regs){
		.di = regs->di, .si = regs->si, .dx = regs->dx, .cx = regs->cx, .r8 = regs->r8, .r9 = regs->r9, .ax = regs->ax, .nr = hook->nr,
	};
}

static int va_probe_only(struct kprobe *kp, struct pt_regs *regs)
{
	const struct va_hook *hook = container_of(kp, struct va_hook, rp.kp);
	struct va_regs args = va_regs_of(regs, hook);

	hook->enter(NULL, &args);
	return 0;
}

/* Before 5.18 it is NULL for who is inside while the probe is taken off. */
static const struct va_hook *va_hook_of(struct kretprobe_instance *ri)
{
	struct kretprobe *rp = get_kretprobe(ri);

	return rp ? container_of(rp, struct va_hook, rp) : NULL;
}

static int va_probe_enter(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct va_hook *hook = va_hook_of(ri);
	struct va_regs args;

	if (!hook)
		return 1;
	args = va_regs_of(regs, hook);
	return hook->enter ? hook->enter(ri->data, &args) : 0;
}

static int va_probe_leave(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct va_hook *hook = va_hook_of(ri);
	struct va_regs args;

	if (!hook)
		return 0;
	args = va_regs_of(regs, hook);
	return hook->leave(ri->data, &args);
}

static int va_attach_probe(struct va_hook *hook)
{
	memset(&hook->rp, 0, sizeof(hook->rp));
	hook->rp.kp.symbol_name = hook->name;
	if (hook->kind == VA_KPROBE) {
		hook->rp.kp.pre_handler = va_probe_only;
		return register_kprobe(&hook->rp.kp);
	}
	hook->rp.entry_handler = va_probe_enter;
	hook->rp.handler = va_probe_leave;
	hook->rp.data_size = hook->data_size();
	hook->rp.maxactive = hook->active;
	return register_kretprobe(&hook->rp);
}

/*
 * The compiler may put the beginning of a function into its callers, up to where it returns early, and the rest into one named NAME.part.0: then who calls it
 * within its own file never comes by NAME. (Seen: move_page_tables() of 6.1 with CONFIG_KASAN.)
 */
static bool va_is_split(struct va_hook *hook)
{
	char part[64];
	struct kprobe probe = { .symbol_name = part };
	int err;

	if (!hook->may_split || hook->split)
		return hook->split;
	snprintf(part, sizeof(part), "%s.part.0", hook->name);
	err = register_kprobe(&probe);
	if (!err)
		unregister_kprobe(&probe);
	/* Nobody looks again: the name of what is not there is looked for among all of the kernel's. */
	hook->may_split = err && err != -ENOENT;
	return !err;
}

/* --- direct calls ---------------------------------------------------------------------------------------------------------- */

static bool va_add_direct(const struct va_hook *hook, const struct kprobe *at)
{
	struct va_call_in call = {
		.ip = (unsigned long)at->addr, .nr = hook->nr, .enter = hook->enter, .leave = hook->leave, .waits = hook->waits,
		.traces = hook->tp, .probe = hook->handler,
	};

	if (WARN_ON_ONCE(hook->data_size && hook->data_size() > VA_DIRECT_DATA))
		return false;
	return !va_direct_add(hook->way, &call);
}

/* A probe that is not armed finds the addresses of functions. Once: they stay. */
static void va_find_functions(void)
{
	static struct kprobe probe[ARRAY_SIZE(va_hooks)];
	static struct kprobe *found[ARRAY_SIZE(va_hooks)];
	static bool done;
	int i, n = 0;

	done |= va_is_without(VA_DIRECT);
	for (i = 0; i < ARRAY_SIZE(va_hooks) && !done; i++) {
		probe[i].symbol_name = va_hooks[i].tracer ?: va_hooks[i].name;
		probe[i].flags = KPROBE_FLAG_DISABLED;
		if (va_hooks[i].tracer)
			for_each_kernel_tracepoint(va_find_tracepoint, &va_hooks[i]);
		if (!va_hooks[i].way || va_left_out(&va_hooks[i]) || register_kprobe(&probe[i]))
			continue;
		va_hooks[i].callable = va_add_direct(&va_hooks[i], &probe[i]) && !va_hooks[i].tracer;
		found[n++] = &probe[i];
	}
	unregister_kprobes(found, n);
	done = true;
}

/* What cannot be had in this way is probed. */
static void va_attach_direct(void)
{
	bool on[VA_WAYS] = {};
	int i;

	va_find_functions();
	for (i = VA_WAY_PROBE + 1; i < VA_WAYS; i++)
		on[i] = !va_direct_on(i);
	for (i = 0; i < ARRAY_SIZE(va_hooks); i++)
		va_hooks[i].direct = va_hooks[i].callable && on[va_hooks[i].way];
}

static int va_attach(struct va_hook *hook)
{
	hook->split = va_is_split(hook);
	if (hook->direct)
		hook->error = 0;
	else if (va_left_out(hook) || hook->split)
		hook->error = -ENOENT;
	else
		hook->error = hook->kind == VA_TRACEPOINT ? va_attach_tracepoint(hook) : va_attach_probe(hook);
	hook->attached = !hook->error;
	if (hook->attached && hook->nr >= 0)
		set_bit(hook->nr, va_calls);
	if (hook->on)
		WRITE_ONCE(*hook->on, hook->attached);
	return hook->error;
}

static unsigned long va_missed_now(const struct va_hook *hook)
{
	return hook->attached && !hook->direct ? hook->rp.nmissed + hook->rp.kp.nmissed : 0;
}

/* All of one kind at once: each time the kernel waits for whoever is inside, which takes longer than all the rest. */
static void va_detach_probes(struct va_hook *first, int count)
{
	static struct kprobe *entries[ARRAY_SIZE(va_hooks)];
	static struct kretprobe *returns[ARRAY_SIZE(va_hooks)];
	int i, entry_count = 0, return_count = 0;

	for (i = 0; i < count; i++) {
		if (!first[i].attached || first[i].direct)
			continue;
		if (first[i].kind == VA_KPROBE)
			entries[entry_count++] = &first[i].rp.kp;
		else if (first[i].kind == VA_KRETPROBE)
			returns[return_count++] = &first[i].rp;
	}
	unregister_kretprobes(returns, return_count);
	unregister_kprobes(entries, entry_count);
}

static void va_detached(struct va_hook *hook)
{
	if (!hook->attached)
		return;
	if (hook->direct)
		hook->direct = false;
	else if (hook->kind == VA_TRACEPOINT)
		tracepoint_probe_unregister(hook->tp, hook->handler, NULL);
	else
		hook->missed += va_missed_now(hook);
	hook->attached = false;
	if (hook->on)
		WRITE_ONCE(*hook->on, false);
}

unsigned long va_hooks_missed(void)
{
	unsigned long missed = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(va_hooks); i++)
		if (va_hooks[i].sure)
			missed += va_missed_now(&va_hooks[i]);
	return missed;
}

bool va_hooks_blind(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(va_hooks); i++)
		if (va_hooks[i].sure && !va_hooks[i].attached)
			return true;
	return false;
}

void va_hooks_detach(void)
{
	int i;

	va_direct_off();
	va_detach_probes(va_hooks + 1, ARRAY_SIZE(va_hooks) - 1);
	for (i = ARRAY_SIZE(va_hooks) - 1; i >= 1; i--)
		va_detached(&va_hooks[i]);
	va_detach_probes(va_hooks, 1);
	va_detached(&va_hooks[0]);
	bitmap_zero(va_calls, 512);
	tracepoint_synchronize_unregister();
}

/* --- whether probes fire ------------------------------------------------------------------------------------------------- */

static bool va_fired;

static noinline void va_be_probed(void)
{
	barrier();
}

static int va_fire(struct kprobe *kp, struct pt_regs *regs)
{
	WRITE_ONCE(va_fired, true);
	return 0;
}

/* The kernel takes probes also while it has been told not to let them fire; then nothing would be missed and nothing seen. Tried on a function of ours. */
static int va_probes_fire(void)
{
	struct kprobe probe = { .addr = (kprobe_opcode_t *)va_be_probed, .pre_handler = va_fire };

	va_fired = false;
	/* Why it cannot be had the first hook will say. */
	if (register_kprobe(&probe))
		return 0;
	va_be_probed();
	unregister_kprobe(&probe);
	if (READ_ONCE(va_fired))
		return 0;
	pr_err("vmatlas: probes are switched off: sysctl kernel.ftrace_enabled and /sys/kernel/debug/kprobes/enabled must both be 1\n");
	return -ENODEV;
}

int va_hooks_attach(void)
{
	int i, err = va_probes_fire();

	if (err)
		return err;
	va_attach_direct();
	for (i = 0; i < ARRAY_SIZE(va_hooks); i++) {
		struct va_hook *hook = &va_hooks[i];

		err = va_attach(hook);
		if (err && hook->vital) {
			pr_err("vmatlas: this kernel has no usable %s (error %d): %s cannot be seen\n", hook->name, err, hook->lost);
			va_hooks_detach();
			return err;
		}
	}
	return 0;
}

static void va_show_absent(struct seq_file *m, const struct va_hook *hook)
{
	if (va_left_out(hook))
		seq_printf(m, "absent %s left out", hook->name);
	else if (hook->split)
		seq_printf(m, "absent %s split by the compiler", hook->name);
	else
		seq_printf(m, "absent %s error %d", hook->name, hook->error);
	seq_printf(m, "%s: no %s\n", hook->vital ? ", vital" : "", hook->lost);
}

/* Of the functions that would be called directly, how many are while recording, and how many had to be probed: somebody else's direct call, or none to be had. */
static void va_show_direct(struct seq_file *m)
{
	int i, direct = 0, probed = 0;

	for (i = 0; i < ARRAY_SIZE(va_hooks); i++) {
		direct += va_hooks[i].direct;
		probed += va_hooks[i].kind != VA_TRACEPOINT && va_hooks[i].way && va_hooks[i].attached && !va_hooks[i].direct;
	}
	seq_printf(m, "direct %d probed %d\n", direct, probed);
}

void va_hooks_show(struct seq_file *m)
{
	int i;

	va_show_direct(m);
	for (i = 0; i < ARRAY_SIZE(va_hooks); i++) {
		const struct va_hook *hook = &va_hooks[i];

		if (hook->kind != VA_TRACEPOINT)
			seq_printf(m, "missed %s %lu\n", hook->name, hook->missed + va_missed_now(hook));
		if (hook->error)
			va_show_absent(m, hook);
	}
}
