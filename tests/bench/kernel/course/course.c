// SPDX-License-Identifier: GPL-2.0
/*
 * What a course on kernel modules usually ends with, as a peer for `make bench`: return probes on the page fault and on the calls that change a map; each event is
 * made into a line of text in the handler, the line goes into one kfifo under a spin lock, and a file in /proc hands it out. Writing a pid to the file chooses whom to watch.
 */
#include <linux/kfifo.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#define ROOM (1024 * 1024)

static DEFINE_SPINLOCK(lock);
static DECLARE_WAIT_QUEUE_HEAD(readers);
static struct kfifo fifo;
static unsigned long dropped;
static pid_t target;

struct call {
	unsigned long a, b;
};

static bool watched(void)
{
	return current->tgid == READ_ONCE(target);
}

static void say(const char *line, int n)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	if (kfifo_avail(&fifo) >= n)
		kfifo_in(&fifo, line, n);
	else
		dropped++;
	spin_unlock_irqrestore(&lock, flags);
	if (waitqueue_active(&readers))
		wake_up_interruptible(&readers);
}

static int fault_enter(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct call *c = (struct call *)ri->data;

	if (!watched())
		return 1;
	c->a = regs->si;
	c->b = regs->dx;
	return 0;
}

/* The arguments of a system call are in the registers it was made with: the first argument of the kernel's function points to them. */
static int call_enter(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct call *c = (struct call *)ri->data;
	struct pt_regs *user = (struct pt_regs *)regs->di;

	if (!watched())
		return 1;
	c->a = user->di;
	c->b = user->si;
	return 0;
}

static int leave(struct kretprobe_instance *ri, struct pt_regs *regs, const char *what)
{
	struct call *c = (struct call *)ri->data;
	char line[128];

	say(line, scnprintf(line, sizeof(line), "%llu %s pid=%d %lx %lx = %lx\n", ktime_get_ns(), what, current->pid, c->a, c->b, regs_return_value(regs)));
	return 0;
}

static int fault_leave(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return leave(ri, regs, "fault");
}

static int mmap_leave(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return leave(ri, regs, "mmap");
}

static int munmap_leave(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return leave(ri, regs, "munmap");
}

#define PROBE(function, in, out) \
	{ .kp.symbol_name = function, .entry_handler = in, .handler = out, .data_size = sizeof(struct call), .maxactive = 64 }

static struct kretprobe probes[] = {
	PROBE("handle_mm_fault", fault_enter, fault_leave),
	PROBE("__x64_sys_mmap", call_enter, mmap_leave),
	PROBE("__x64_sys_munmap", call_enter, munmap_leave),
};

static ssize_t course_read(struct file *file, char __user *to, size_t size, loff_t *at)
{
	unsigned int copied;
	int err = wait_event_interruptible(readers, !kfifo_is_empty(&fifo));

	if (err)
		return err;
	err = kfifo_to_user(&fifo, to, size, &copied);
	return err ? err : copied;
}

static ssize_t course_write(struct file *file, const char __user *from, size_t size, loff_t *at)
{
	int pid, err = kstrtoint_from_user(from, size, 10, &pid);

	if (err)
		return err;
	WRITE_ONCE(target, pid);
	return size;
}

static const struct proc_ops ops = { .proc_read = course_read, .proc_write = course_write };

static int __init course_init(void)
{
	int i, err = kfifo_alloc(&fifo, ROOM, GFP_KERNEL);

	if (err)
		return err;
	for (i = 0; !err && i < ARRAY_SIZE(probes); i++)
		err = register_kretprobe(&probes[i]);
	if (!err && proc_create("course", 0600, NULL, &ops))
		return 0;
	if (err)
		i--;
	while (i-- > 0)
		unregister_kretprobe(&probes[i]);
	kfifo_free(&fifo);
	return err ? err : -ENOMEM;
}

static void __exit course_exit(void)
{
	int i;

	remove_proc_entry("course", NULL);
	for (i = 0; i < ARRAY_SIZE(probes); i++)
		unregister_kretprobe(&probes[i]);
	pr_info("course: %lu lines found no room\n", dropped);
	kfifo_free(&fifo);
}

module_init(course_init);
module_exit(course_exit);
MODULE_DESCRIPTION("Text in a kfifo: what vmatlas is measured against");
MODULE_LICENSE("GPL");
