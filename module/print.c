// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/utsname.h>

#include "print.h"
#include "print_parts.h"
#include "walk.h"

#define VA_COMM_ROOM (TASK_COMM_LEN * 6)

static char *pid;
module_param(pid, charp, 0);
MODULE_PARM_DESC(pid, "print the address space of process N to the kernel log, once; nothing is recorded");
static char *addr;
module_param(addr, charp, 0);
MODULE_PARM_DESC(addr, "with pid: and all levels of the page-table walk of this address");
static bool tree;
module_param(tree, bool, 0);
MODULE_PARM_DESC(tree, "with pid: and all its page tables, in figures");
static bool phys;
module_param(phys, bool, 0);
MODULE_PARM_DESC(phys, "with pid: print physical addresses though everybody may read the kernel log");

/* Lines of two prints must not mix. */
static DEFINE_MUTEX(va_printing);

/* --- lines -------------------------------------------------------------------------------------------------------------------- */

void va_say(struct va_print *print, const char *format, ...)
{
	struct va_format line = { .fmt = format };
	va_list args;

	va_start(args, format);
	line.va = &args;
	pr_info("vmatlas: %pV\n", &line);
	va_end(args);
	print->lines++;
}

const char *va_print_safe(char *buf, const char *text)
{
	char *end = mangle_path(buf, text, "\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017\020\021\022\023\024\025\026\027\030\031\032\033\034\035\036\037\177");

	if (!end)
		return NULL;
	*end = '\0';
	return buf;
}

/* One line, and the error. */
static int va_refuse(int err, const char *why)
{
	pr_err("vmatlas: print: %s\n", why);
	return err;
}

/* --- who and what ---------------------------------------------------------------------------------------------------------------- */

static int va_ask_flag(const char *value, bool *flag)
{
	*flag = *value == '1';
	return (*value == '0' || *value == '1') && !value[1] ? 0 : -EINVAL;
}

static int va_ask_word(struct va_ask *ask, const char *word)
{
	const char *value = strchr(word, '=');
	size_t n = value ? ++value - word : 0;

	if (n == 4 && !strncmp(word, "pid=", n))
		return kstrtoint(value, 10, &ask->pid) || ask->pid <= 0 ? -EINVAL : 0;
	if (n == 5 && !strncmp(word, "addr=", n)) {
		ask->has_addr = true;
		return kstrtoul(value, 0, &ask->addr);
	}
	if (n == 5 && !strncmp(word, "tree=", n))
		return va_ask_flag(value, &ask->tree);
	if (n == 5 && !strncmp(word, "phys=", n))
		return va_ask_flag(value, &ask->phys);
	return -EINVAL;
}

static int va_ask_check(const struct va_ask *ask)
{
	if (!ask->pid)
		return va_refuse(-EINVAL, "pid= is missing: of which process?");
	if (ask->has_addr && ask->addr >= TASK_SIZE_MAX)
		return va_refuse(-EINVAL, "addr= is no address a program can have");
	return 0;
}

/* A task by any of its threads. With references on the task and its mm. */
static int va_find(const struct va_ask *ask, struct task_struct **task, struct mm_struct **mm)
{
	struct pid *nr = find_get_pid(ask->pid);
	int err = 0;

	*mm = NULL;
	*task = nr ? get_pid_task(nr, PIDTYPE_PID) : NULL;
	put_pid(nr);
	if (!*task)
		return va_refuse(-ESRCH, "there is no such process");
	*mm = get_task_mm(*task);
	if (*mm)
		return 0;
	err = (*task)->flags & PF_KTHREAD ? va_refuse(-EINVAL, "it is a kernel thread: it has no address space of its own") :
					     va_refuse(-ESRCH, "it has ended: its address space is gone");
	put_task_struct(*task);
	return err;
}

/* --- the report ------------------------------------------------------------------------------------------------------------------- */

static void va_say_head(struct va_print *print, struct task_struct *task)
{
	char comm[TASK_COMM_LEN], room[VA_COMM_ROOM];
	char *end = room + sizeof(room) - sizeof(comm);

	get_task_comm(comm, task);
	strscpy(end, comm, sizeof(comm));
	va_say(print, "begin: process %d (%s), Linux %s, %d paging levels, %d VMAs", task_tgid_vnr(task), va_print_safe(room, end) ?: "?",
	       init_utsname()->release, va_walk_levels(), print->mm->map_count);
	if (!print->show)
		va_say(print, "kernel.dmesg_restrict is 0 (or could not be read): all may read this log, so frames and entries are hidden; phys=1 shows them");
}

static int va_say_all(struct va_print *print)
{
	int err = va_print_vmas(print);

	if (!err)
		err = va_print_segments(print);
	if (!err)
		err = va_print_top(print);
	if (!err && print->ask->has_addr)
		err = va_print_walk(print);
	if (!err && print->ask->tree)
		err = va_print_tree(print);
	return err;
}

static int va_report(const struct va_ask *ask, struct task_struct *task, struct mm_struct *mm)
{
	struct va_print print = { .ask = ask, .mm = mm, .show = ask->phys || va_print_private() };
	int err;

	va_print_log_begin(&print);
	va_say_head(&print, task);
	err = va_say_all(&print);
	if (err)
		return va_refuse(err, err == -EINTR ? "ended before all was printed: killed" : "ended before all was printed: no memory");
	va_print_log_end(&print);
	return 0;
}

static int va_print(const struct va_ask *ask)
{
	struct task_struct *task;
	struct mm_struct *mm;
	int err = va_ask_check(ask);

	if (!err)
		err = va_find(ask, &task, &mm);
	if (err)
		return err;
	if (mutex_lock_killable(&va_printing)) {
		err = va_refuse(-EINTR, "killed while another print went on");
	} else {
		err = va_report(ask, task, mm);
		mutex_unlock(&va_printing);
	}
	mmput(mm);
	put_task_struct(task);
	return err;
}

/* --- who asks ----------------------------------------------------------------------------------------------------------------------- */

static int va_not_understood(void)
{
	return va_refuse(-EINVAL, "not understood; it is pid=N [addr=0x...] [tree=1] [phys=1]");
}

int va_print_command(char *text)
{
	struct va_ask ask = {};
	char *word;

	while ((word = strsep(&text, " ")))
		if (*word && va_ask_word(&ask, word))
			return va_not_understood();
	return va_print(&ask);
}

int va_print_parameters(void)
{
	struct va_ask ask = { .tree = tree, .phys = phys };

	if (!pid && !addr && !tree && !phys)
		return 0;
	if (pid && (kstrtoint(pid, 10, &ask.pid) || ask.pid <= 0))
		return va_not_understood();
	ask.has_addr = addr;
	if (addr && kstrtoul(addr, 0, &ask.addr))
		return va_not_understood();
	return va_print(&ask);
}
