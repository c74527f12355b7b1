// SPDX-License-Identifier: GPL-2.0
#include <linux/delay.h>
#include <linux/ftrace.h>
#include <linux/hash.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/objtool.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/stringify.h>
#include <linux/tracepoint-defs.h>

#include "compat.h"
#include "direct.h"
#include "watch.h"

int va_direct_init(void)
{
	return 0;
}

#if VA_HAS_DIRECT

#include <asm/ibt.h>
#include <asm/linkage.h>
#include <asm/nospec-branch.h>

#define VA_SITE_BITS 8

/* On the stack of who is in a function. The trampolines know the places of regs and ip. */
struct va_frame {
	struct va_regs regs;
	unsigned long ip;
	int (*leave)(void *data, const struct va_regs *regs);
	unsigned int round;
	bool waiting;
	struct list_head node; /* while waiting */
	struct task_struct *task;
	u64 data[VA_DIRECT_DATA / sizeof(u64)];
};

static struct ftrace_ops va_ops[VA_WAYS];
static bool va_is_on[VA_WAYS];
static struct va_call_in va_sites[1 << VA_SITE_BITS]; /* by ip; 0 = free. Filled while no call is on */
static_assert(sizeof(struct va_call_in) == 64);
static unsigned int va_round;
static DEFINE_PER_CPU(long, va_inside);
static DEFINE_RAW_SPINLOCK(va_waiting_lock);
static LIST_HEAD(va_waiting);
static bool va_was_on;

/* Numbers for the assembler. */
static void __used va_numbers(void)
{
	asm volatile(".set va_vm_mm, %c0" : : "i"(offsetof(struct vm_area_struct, vm_mm)));
	asm volatile(".set va_mmap_lock, %c0" : : "i"(offsetof(struct mm_struct, mmap_lock)));
	asm volatile(".set va_frame_size, %c0" : : "i"(sizeof(struct va_frame)));
	asm volatile(".set va_frame_ip, %c0" : : "i"(offsetof(struct va_frame, ip)));
	asm volatile(".set va_frame_ax, %c0" : : "i"(offsetof(struct va_frame, regs.ax)));
}

#define VA_FUNCTION(name) "\t.balign 16\n\t.type " name ", @function\n\t.globl " name "\n" name ":\n"
#define VA_END(name) "\t.size " name ", .-" name "\n"
/* hash_ptr() of %r11, as va_map_hash(). Registers that a function's beginning may change are r10 and r11. */
#define VA_IF_WATCHED                                                   \
	"	movabsq	$0x61C8864680B583EB, %r10\n"                             \
	"	imulq	%r11, %r10\n"                                   \
	"	shrq	$(64 - " __stringify(VA_MAP_BITS) "), %r10\n"   \
	"	cmpq	$0, va_map_table(,%r10,8)\n"                    \
	"	jne	va_direct_slow\n"

/*
 * Who calls a function comes to its trampoline first, with the place behind that call on top of the stack, and the caller's below. va_direct_body() goes
 * there as if the function had been called from here; who returns from the trampoline after it must not come there again, but to the caller.
 */
asm(
	".pushsection .text, \"ax\", @progbits\n"
	VA_FUNCTION("va_direct_vma")
	ASM_ENDBR
	"	movq	va_vm_mm(%rdi), %r11\n"
	VA_IF_WATCHED
	"	testq	%rcx, %rcx\n"
	"	je	va_direct_slow\n\t"
	ASM_RET
	VA_END("va_direct_vma")
	VA_FUNCTION("va_direct_lock")
	ASM_ENDBR
	"	leaq	-va_mmap_lock(%rdi), %r11\n"
	VA_IF_WATCHED
	"	" ASM_RET
	VA_END("va_direct_lock")
	VA_FUNCTION("va_direct_slow")
	ASM_ENDBR
	"	pushq	%rbp\n"
	"	movq	%rsp, %rbp\n"
	CALL_DEPTH_ACCOUNT
	"	subq	$va_frame_size, %rsp\n"
	"	movq	%rdi, (%rsp)\n"
	"	movq	%rsi, 8(%rsp)\n"
	"	movq	%rdx, 16(%rsp)\n"
	"	movq	%rcx, 24(%rsp)\n"
	"	movq	%r8, 32(%rsp)\n"
	"	movq	%r9, 40(%rsp)\n"
	"	movq	8(%rbp), %rax\n"
	"	movq	%rax, va_frame_ip(%rsp)\n"
	"	movq	%rsp, %rdi\n"
	"	call	va_direct_enter\n"
	"	movq	(%rsp), %rdi\n"
	"	movq	8(%rsp), %rsi\n"
	"	movq	16(%rsp), %rdx\n"
	"	movq	24(%rsp), %rcx\n"
	"	movq	32(%rsp), %r8\n"
	"	movq	40(%rsp), %r9\n"
	"	testl	%eax, %eax\n"
	"	jne	1f\n"
	"	leave\n\t"
	ASM_RET
	"1:	cmpl	$2, %eax\n" /* VA_INSTEAD */
	"	je	2f\n"
	"	call	va_direct_body\n"
	"	movq	%rax, va_frame_ax(%rsp)\n"
	"	movq	%rsp, %rdi\n"
	"	call	va_direct_leave\n"
	"	movq	va_frame_ax(%rsp), %rax\n"
	"2:	leaq	va_direct_over(%rip), %rcx\n"
	"	movq	%rcx, 8(%rbp)\n"
	"	leave\n\t"
	ASM_RET
	VA_END("va_direct_slow")
	VA_FUNCTION("va_direct_body")
	"	pushq	8(%rbp)\n\t"
	ASM_RET
	VA_END("va_direct_body")
	VA_FUNCTION("va_direct_over")
	ASM_ENDBR
	"	" ASM_RET
	VA_END("va_direct_over")
	".popsection\n");
static_assert(offsetof(struct va_frame, regs.di) == 0 && offsetof(struct va_frame, regs.si) == 8 && offsetof(struct va_frame, regs.dx) == 16);
static_assert(offsetof(struct va_frame, regs.cx) == 24 && offsetof(struct va_frame, regs.r8) == 32 && offsetof(struct va_frame, regs.r9) == 40);
static_assert(!(sizeof(struct va_frame) % 8));
static_assert(GOLDEN_RATIO_64 == 0x61C8864680B583EB);
/* It leaves one address more on the stack than it found, for the return to take. */
STACK_FRAME_NON_STANDARD(va_direct_body);

static const unsigned long va_trampoline[VA_WAYS] = {
	[VA_WAY_VMA] = (unsigned long)va_direct_vma, [VA_WAY_LOCK] = (unsigned long)va_direct_lock, [VA_WAY_ANY] = (unsigned long)va_direct_slow,
};

static unsigned int va_site_hash(unsigned long ip)
{
	return hash_long(ip, VA_SITE_BITS);
}

static const struct va_call_in *va_site(unsigned long ip)
{
	unsigned int i = va_site_hash(ip);

	for (; va_sites[i].ip; i = (i + 1) % ARRAY_SIZE(va_sites))
		if (va_sites[i].ip == ip)
			return &va_sites[i];
	return NULL;
}

static void va_wait(struct va_frame *frame)
{
	unsigned long flags;

	frame->task = current;
	raw_spin_lock_irqsave(&va_waiting_lock, flags);
	list_add(&frame->node, &va_waiting);
	raw_spin_unlock_irqrestore(&va_waiting_lock, flags);
}

static void va_wait_no_more(struct va_frame *frame)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&va_waiting_lock, flags);
	list_del(&frame->node);
	raw_spin_unlock_irqrestore(&va_waiting_lock, flags);
}

/* What the trampoline does with who calls a function. */
enum va_then {
	VA_GO_ON,
	VA_THROUGH, /* and to va_direct_leave() then */
	VA_INSTEAD, /* back: it need not run */
};

static_assert(VA_GO_ON == 0 && VA_INSTEAD == 2);

/* Others may come and go at any time: then the function calls them and us. */
static enum va_then va_trace(const struct va_call_in *call, struct va_frame *frame)
{
	struct tracepoint_func *funcs;
	bool alone;

	preempt_disable_notrace();
	funcs = rcu_dereference_sched(call->traces->funcs);
	alone = funcs && funcs[0].func == call->probe && !funcs[1].func;
	if (alone)
		call->enter(NULL, &frame->regs);
	preempt_enable_notrace();
	return alone ? VA_INSTEAD : VA_GO_ON;
}

int va_direct_enter(struct va_frame *frame)
{
	const struct va_call_in *call = va_site(frame->ip - MCOUNT_INSN_SIZE);
	bool inside;

	if (WARN_ON_ONCE(!call))
		return VA_GO_ON;
	if (call->traces)
		return va_trace(call, frame);
	frame->regs.nr = call->nr;
	preempt_disable_notrace();
	inside = !call->enter(frame->data, &frame->regs) && call->leave;
	if (inside) {
		frame->leave = call->leave;
		frame->round = READ_ONCE(va_round);
		this_cpu_inc(va_inside);
	}
	preempt_enable_notrace();
	if (!inside)
		return VA_GO_ON;
	frame->waiting = call->waits && call->waits(&frame->regs);
	if (unlikely(frame->waiting))
		va_wait(frame);
	return VA_THROUGH;
}

void va_direct_leave(struct va_frame *frame)
{
	if (unlikely(frame->waiting))
		va_wait_no_more(frame);
	preempt_disable_notrace();
	if (likely(frame->round == READ_ONCE(va_round)))
		frame->leave(frame->data, &frame->regs);
	/* Nothing but returns is left: va_direct_exit() waits for those. */
	this_cpu_dec(va_inside);
	preempt_enable_notrace();
}

int va_direct_add(enum va_way way, const struct va_call_in *call)
{
	unsigned int i = va_site_hash(call->ip), n;
	int err = ftrace_set_filter_ip(&va_ops[way], call->ip, 0, 0);

	for (n = 0; !err && va_sites[i].ip; i = (i + 1) % ARRAY_SIZE(va_sites))
		if (++n == ARRAY_SIZE(va_sites) / 2)
			err = -ENOSPC;
	if (!err)
		va_sites[i] = *call;
	return err;
}

int va_direct_on(enum va_way way)
{
	int err = va_compat_direct_register(&va_ops[way], va_trampoline[way]);

	va_is_on[way] = !err;
	va_was_on |= !err;
	return err;
}

void va_direct_off(void)
{
	int way;

	for (way = 0; way < VA_WAYS; way++) {
		if (va_is_on[way])
			va_compat_direct_unregister(&va_ops[way], va_trampoline[way]);
		va_is_on[way] = false;
	}
	WRITE_ONCE(va_round, va_round + 1);
}

static bool va_somebody_inside(void)
{
	long inside = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		inside += READ_ONCE(per_cpu(va_inside, cpu));
	return inside;
}

/* Who waits in a function for another program. Whoever is woken for nothing tries again: by a call that is not hooked. */
static void va_wake(void)
{
	struct va_frame *frame;

	raw_spin_lock_irq(&va_waiting_lock);
	list_for_each_entry(frame, &va_waiting, node)
		wake_up_process(frame->task);
	raw_spin_unlock_irq(&va_waiting_lock);
}

void va_direct_exit(void)
{
	int way;

	/* What is freed is still pointed to: only here. */
	for (way = VA_WAY_PROBE + 1; way < VA_WAYS; way++)
		ftrace_free_filter(&va_ops[way]);
	if (!va_was_on)
		return;
	while (va_somebody_inside()) {
		va_wake();
		msleep(20);
	}
	/* And who was on its way out has gone on: whoever is preempted within our text does not count as having waited. */
	synchronize_rcu_tasks();
}

#else

int va_direct_add(enum va_way way, const struct va_call_in *call)
{
	return -EOPNOTSUPP;
}

int va_direct_on(enum va_way way)
{
	return -EOPNOTSUPP;
}

void va_direct_off(void)
{
}

void va_direct_exit(void)
{
}

#endif
