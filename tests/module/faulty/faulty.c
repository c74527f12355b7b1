// SPDX-License-Identifier: GPL-2.0
/*
 * A module that does on purpose what a kernel with checks must report: insmod faulty.ko kind=leak. Without it a silent log proves nothing.
 * Loading succeeds, or the kind is unknown.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timer.h>

static char *kind = "";
module_param(kind, charp, 0444);

static volatile int shift = 64;
static void *volatile hidden;

static void leak(void)
{
	char *lost = kmalloc(333, GFP_KERNEL);

	hidden = lost;
	hidden = NULL;
}

static void freed(void)
{
	volatile char *p = kmalloc(64, GFP_KERNEL);

	kfree((void *)p);
	(void)p[8];
}

static void beyond(void)
{
	volatile char *p = kmalloc(64, GFP_KERNEL);

	/* Only read: what is written there is reported once more, whenever KASAN lets go of the object. */
	(void)p[64 + shift / 64];
	kfree((void *)p);
}

static void undefined(void)
{
	volatile int x = 1;

	x <<= shift;
}

static void sleep_atomic(void)
{
	preempt_disable();
	msleep(1);
	preempt_enable();
}

static void naked_rcu(void)
{
	static int object;
	static int __rcu *pointer;

	rcu_assign_pointer(pointer, &object);
	(void)*(volatile int *)rcu_dereference(pointer);
}

static void tick(struct timer_list *timer)
{
}

static void free_active(void)
{
	struct timer_list *timer = kmalloc(sizeof(*timer), GFP_KERNEL);

	timer_setup(timer, tick, 0);
	mod_timer(timer, jiffies + 1000 * HZ);
	kfree(timer);
}

static void cross_locks(void)
{
	static DEFINE_SPINLOCK(a);
	static DEFINE_SPINLOCK(b);

	spin_lock(&a);
	spin_lock(&b);
	spin_unlock(&b);
	spin_unlock(&a);
	spin_lock(&b);
	spin_lock(&a);
	spin_unlock(&a);
	spin_unlock(&b);
}

static const struct {
	const char *name;
	void (*act)(void);
} kinds[] = {
	{ "leak", leak },	    { "freed", freed },		{ "beyond", beyond },	      { "undefined", undefined },
	{ "sleep", sleep_atomic },  { "naked-rcu", naked_rcu }, { "free-active", free_active }, { "cross-locks", cross_locks },
};

static int __init faulty_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kind, kinds[i].name)) {
			kinds[i].act();
			return 0;
		}
	return -EINVAL;
}

static void __exit faulty_exit(void)
{
}

module_init(faulty_init);
module_exit(faulty_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Misbehaves on purpose");
