// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <linux/proc_fs.h>

#include "channel.h"
#include "control.h"
#include "direct.h"
#include "hooks.h"
#include "path.h"
#include "pending.h"
#include "print.h"
#include "story.h"
#include "text.h"
#include "vma.h"
#include "watch.h"

#include "vmatlas/control.h"

static unsigned int fail_at;
module_param(fail_at, uint, 0444);
MODULE_PARM_DESC(fail_at, "test aid: let step N of loading fail (0 = none)");

static struct proc_dir_entry *va_dir;

static int va_dir_init(void)
{
	va_dir = proc_mkdir_mode(VMATLAS_PROC_NAME, 0500, NULL);
	return va_dir ? 0 : -ENOMEM;
}

static void va_dir_exit(void)
{
	proc_remove(va_dir);
}

static int va_truth_init(void)
{
	return va_channel_open(VMATLAS_CHANNEL_TRUTH, va_dir);
}

static void va_truth_exit(void)
{
	va_channel_close(VMATLAS_CHANNEL_TRUTH);
}

static int va_faults_init(void)
{
	return va_channel_open(VMATLAS_CHANNEL_FAULTS, va_dir);
}

static void va_faults_exit(void)
{
	va_channel_close(VMATLAS_CHANNEL_FAULTS);
}

static int va_files_init(void)
{
	return va_control_init(va_dir);
}

/* Up in this order, down in reverse. The control files come last and go first: nothing writes but through what they switch on. */
static const struct va_step {
	int (*init)(void);
	void (*exit)(void);
} va_steps[] = {
	{ va_text_init, va_text_exit },
	{ va_story_init, va_story_exit },
	{ va_watch_init, va_watch_exit },
	{ va_pending_init, va_pending_exit },
	{ va_vma_init, va_vma_exit },
	{ va_dir_init, va_dir_exit },
	{ va_truth_init, va_truth_exit },
	{ va_faults_init, va_faults_exit },
	{ va_path_init, va_path_exit }, /* may still write when it goes */
	{ va_direct_init, va_direct_exit },
	{ va_files_init, va_control_exit },
};

static void va_down(int steps)
{
	while (steps--)
		va_steps[steps].exit();
}

static int __init va_init(void)
{
	int i, err = va_hooks_init();

	if (err)
		return err;
	for (i = 0; i < ARRAY_SIZE(va_steps); i++) {
		err = fail_at == i + 1 ? -ENOMEM : va_steps[i].init();
		if (err) {
			va_down(i);
			return err;
		}
	}
	err = va_print_parameters();
	if (err)
		va_down(ARRAY_SIZE(va_steps));
	return err;
}

static void __exit va_exit(void)
{
	va_down(ARRAY_SIZE(va_steps));
}

module_init(va_init);
module_exit(va_exit);
MODULE_LICENSE("GPL");
MODULE_AUTHOR("vmatlas");
MODULE_DESCRIPTION("Records what the kernel does with a program's memory");
