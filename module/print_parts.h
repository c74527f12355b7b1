/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the print mode share. */
#ifndef VA_PRINT_PARTS_H
#define VA_PRINT_PARTS_H

#include <linux/compiler.h>
#include <linux/types.h>

struct mm_struct;

struct va_ask {
	int pid;
	unsigned long addr;
	bool has_addr, tree, phys;
};

struct va_print {
	const struct va_ask *ask;
	struct mm_struct *mm; /* a reference (mm_users): the process may end, its address space stays until this is printed */
	bool show;            /* physical addresses and whole entries; else their flags only */
	unsigned long lines;  /* printed so far */
	u64 first;            /* number of the first of them in the log, or of one a little before */
};

/* One line of the log, without the newline. */
__printf(2, 3) void va_say(struct va_print *print, const char *format, ...);

/* Control characters as \ooo, as /proc writes the newline. Both in size bytes; text is what stands at the end of buf. NULL: no room. */
const char *va_print_safe(char *buf, const char *text);

/* --- the log (print_log.c) */

/* True where only root can read the log; false, too, where that cannot be known. */
bool va_print_private(void);
void va_print_log_begin(struct va_print *print);
/* The last line: whether the log still has all the others. */
void va_print_log_end(struct va_print *print);

/* --- parts, in the order of the report. 0, -ENOMEM, -EINTR */

int va_print_vmas(struct va_print *print);
int va_print_segments(struct va_print *print);
int va_print_top(struct va_print *print);
int va_print_walk(struct va_print *print);
int va_print_tree(struct va_print *print);

/* --- one entry (print_entry.c) */

#define VA_ENTRY_TEXT 256

/* "P RW US A NX", into buf (VA_ENTRY_TEXT bytes). Of an entry that is not present: what the kernel means by it. Returns buf. */
const char *va_entry_flags(char *buf, int level, u64 entry);
/* "at 0x…" and "entry 0x…", or "hidden", of the next table or of the page. Returns buf (VA_ENTRY_TEXT bytes). */
const char *va_entry_target(char *buf, int level, u64 entry, bool show);
const char *va_level_name(int level);

#endif
