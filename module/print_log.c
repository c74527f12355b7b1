// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel log itself: who may read it, and whether it had room. Its buffer is a ring whose size nothing tells a module; what is left in it,
 * the functions for crash dumpers do.
 */
#include <linux/fs.h>
#include <linux/kmsg_dump.h>
#include <linux/magic.h>

#include "print_parts.h"

/* The variable is not exported: the file is asked. Root may have hidden /proc from itself, then the careful answer is given. */
bool va_print_private(void)
{
	struct file *file = filp_open("/proc/sys/kernel/dmesg_restrict", O_RDONLY, 0);
	char text[4] = "";
	loff_t at = 0;
	bool known;

	if (IS_ERR(file))
		return false;
	known = file_inode(file)->i_sb->s_magic == PROC_SUPER_MAGIC && kernel_read(file, text, sizeof(text) - 1, &at) > 0;
	filp_close(file, NULL);
	return known && text[0] >= '1' && text[0] <= '9';
}

void va_print_log_begin(struct va_print *print)
{
	struct kmsg_dump_iter log;

	kmsg_dump_rewind(&log);
	print->first = log.next_seq;
}

/* How many of the messages from the first of ours on have been overwritten, and of how many. */
static u64 va_print_overwritten(const struct va_print *print, u64 *of)
{
	struct kmsg_dump_iter log;
	u64 first = print->first;
	size_t len;

	kmsg_dump_rewind(&log);
	*of = log.next_seq - first;
	/* "dmesg --clear" took those away that came before: not a loss. */
	first = max(first, log.cur_seq);
	log.cur_seq = first;
	if (!kmsg_dump_get_line(&log, false, NULL, 0, &len))
		return 0;
	/* The oldest there is was read, and the place moved behind it. */
	return log.cur_seq - 1 - first;
}

void va_print_log_end(struct va_print *print)
{
	u64 of, lost = va_print_overwritten(print, &of);

	if (lost)
		va_say(print, "end: %lu lines printed; THE LOG IS TOO SMALL: of %llu messages since the first of them, the oldest %llu or more are overwritten already. Boot with a larger log_buf_len=, or read along (dmesg --follow)",
		       print->lines + 1, of + 1, lost);
	else
		va_say(print, "end: %lu lines printed, the log has them all", print->lines + 1);
}
