// SPDX-License-Identifier: GPL-2.0
#include <linux/capability.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/utsname.h>

#include "attach.h"
#include "compat.h"
#include "control.h"
#include "fault.h"
#include "hooks.h"
#include "mm.h"
#include "path.h"
#include "pending.h"
#include "print.h"
#include "snapshot.h"
#include "story.h"
#include "task.h"
#include "text.h"
#include "walk.h"

#define VA_TARGETS 64

unsigned int va_classes = VA_CLASS_FAULT | VA_CLASS_OP | VA_CLASS_VMA | VA_CLASS_TASK | VA_CLASS_MARK;
bool va_follow = true;
bool va_enabled;

static const char *const va_class_names[] = { "fault", "op", "vma", "task", "mark" };

/* Protects all that follows, and with it who is watched. */
static DEFINE_MUTEX(va_control);
static struct pid *va_targets[VA_TARGETS]; /* references */
static unsigned int va_target_count;
static struct proc_dir_entry *va_files[16];
static unsigned int va_file_count;

/* --- who is watched ---------------------------------------------------------------------------------------------------- */

static void va_targets_none(void)
{
	while (va_target_count)
		put_pid(va_targets[--va_target_count]);
	va_task_arm(NULL);
	va_watch_none();
	va_text_reset();
}

/* Processes that are gone are no error here when others are left. */
static int va_targets_attach(void)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < va_target_count && (!err || err == -ESRCH); i++)
		err = va_attach(va_targets[i]);
	return err;
}

/* "N [N …]": fills pids with references. The number of them, or an error and none. */
static int va_parse_pids(char *text, struct pid **pids)
{
	int n = 0, nr, err = -EINVAL;
	char *word;

	while ((word = strsep(&text, " "))) {
		if (!*word)
			continue;
		err = n == VA_TARGETS || kstrtoint(word, 10, &nr) || nr <= 0 ? -EINVAL : 0;
		if (err)
			break;
		pids[n] = find_get_pid(nr);
		err = pids[n] ? 0 : -ESRCH;
		if (err)
			break;
		n++;
	}
	while (err && n)
		put_pid(pids[--n]);
	return err ?: n;
}

static int va_target_pids(char *text)
{
	struct pid *pids[VA_TARGETS];
	int n = va_parse_pids(text, pids);

	if (n < 0)
		return n;
	va_targets_none();
	memcpy(va_targets, pids, n * sizeof(*pids));
	va_target_count = n;
	return va_enabled ? va_targets_attach() : 0;
}

static int va_set_target(char *text)
{
	if (!strncmp(text, "pid ", 4))
		return va_target_pids(text + 4);
	if (strcmp(text, "none") && strcmp(text, "exec"))
		return -EINVAL;
	va_targets_none();
	if (*text == 'e')
		va_task_arm(get_task_pid(current, PIDTYPE_TGID));
	return 0;
}

static int va_show_target(struct seq_file *m, void *v)
{
	u32 *tgids = kvmalloc_array(VA_PROCS, sizeof(*tgids), GFP_KERNEL);
	unsigned int i, n;

	if (!tgids)
		return -ENOMEM;
	n = va_watch_tgids(tgids, VA_PROCS);
	for (i = 0; i < n; i++)
		seq_printf(m, "%u\n", tgids[i]);
	kvfree(tgids);
	return 0;
}

/* --- on and off ---------------------------------------------------------------------------------------------------------- */

static void va_switch_off(void)
{
	if (!va_enabled)
		return;
	WRITE_ONCE(va_enabled, false);
	/* Hooks go one after the other: what some of them tell while others are silent would be a wrong picture. */
	va_watch_none();
	va_hooks_detach();
	va_pending_reset();
}

static int va_switch_on(void)
{
	int err;

	if (va_enabled)
		return 0;
	va_text_reset();
	va_story_reset();
	err = va_hooks_attach();
	if (err)
		return err;
	WRITE_ONCE(va_enabled, true);
	/* A target that ended meanwhile is no reason not to record. */
	err = va_targets_attach();
	if (!err || err == -ESRCH)
		return 0;
	va_switch_off();
	return err;
}

static int va_parse_bool(const char *text, bool *value)
{
	if (strcmp(text, "0") && strcmp(text, "1"))
		return -EINVAL;
	*value = *text == '1';
	return 0;
}

static int va_set_enable(char *text)
{
	bool on;
	int err = va_parse_bool(text, &on);

	if (err)
		return err;
	if (on)
		return va_switch_on();
	va_switch_off();
	return 0;
}

static int va_show_enable(struct seq_file *m, void *v)
{
	seq_printf(m, "%d\n", va_enabled);
	return 0;
}

static int va_set_follow(char *text)
{
	bool on;
	int err = va_parse_bool(text, &on);

	if (!err)
		WRITE_ONCE(va_follow, on);
	return err;
}

static int va_show_follow(struct seq_file *m, void *v)
{
	seq_printf(m, "%d\n", va_follow);
	return 0;
}

static int va_set_overwrite(char *text)
{
	if (!text[0] || text[1] || *text < '0' || *text > '0' + VA_KEEP_CRASH)
		return -EINVAL;
	va_channel_keep(*text - '0');
	return 0;
}

static int va_show_overwrite(struct seq_file *m, void *v)
{
	seq_printf(m, "%d\n", va_channel_kept());
	return 0;
}

static void va_ask_pages(struct va_map *map, struct mm_struct *mm)
{
	va_snapshot_again(map);
}

/* Since it was changed, faults mapped more than they told. */
static int va_set_around(char *text)
{
	unsigned long bytes, before = va_fault_around_bytes();
	int err = kstrtoul(text, 10, &bytes) ? -EINVAL : va_fault_around(bytes);

	if (!err && bytes != before)
		va_watch_each(va_ask_pages);
	return err;
}

static int va_show_around(struct seq_file *m, void *v)
{
	seq_printf(m, "%lu\n", va_fault_around_bytes());
	return 0;
}

/* --- classes --------------------------------------------------------------------------------------------------------------- */

static int va_parse_classes(char *text, unsigned int *classes)
{
	unsigned int set = 0, plus = 0, minus = 0;
	bool change = false, list = !*text;
	char *word;

	while ((word = strsep(&text, " "))) {
		int i, sign = *word == '+' || *word == '-';

		if (!*word)
			continue;
		i = match_string(va_class_names, ARRAY_SIZE(va_class_names), word + sign);
		if (i < 0)
			return -EINVAL;
		*(!sign ? &set : *word == '+' ? &plus : &minus) |= 1u << i;
		*(sign ? &change : &list) = true;
	}
	if (change && list)
		return -EINVAL;
	*classes = change ? (*classes | plus) & ~minus : set;
	return 0;
}

/* MM_LAYOUT says whether pages can be known. */
static void va_tell_layout(struct va_map *map, struct mm_struct *mm)
{
	va_mm_layout(map, mm, VMATLAS_F_SNAPSHOT);
}

static int va_set_classes(char *text)
{
	unsigned int classes = va_classes;
	int err = va_parse_classes(text, &classes);
	bool again, faults;

	if (err)
		return err;
	again = classes & ~va_classes & VA_CLASS_VMA;
	faults = (classes ^ va_classes) & VA_CLASS_FAULT;
	WRITE_ONCE(va_classes, classes);
	/* What changed while nobody told must be told anew, as after a loss; from now on, so only once the class is seen to be on. */
	smp_mb();
	if (again)
		va_channel_doubt();
	if (faults)
		va_watch_each(va_tell_layout);
	return 0;
}

static int va_show_classes(struct seq_file *m, void *v)
{
	const char *gap = "";
	int i;

	for (i = 0; i < ARRAY_SIZE(va_class_names); i++)
		if (va_classes & 1u << i) {
			seq_printf(m, "%s%s", gap, va_class_names[i]);
			gap = " ";
		}
	seq_putc(m, '\n');
	return 0;
}

/* --- snapshot, stats --------------------------------------------------------------------------------------------------------- */

static int va_snapshot_pids(char *text)
{
	struct pid *pids[VA_TARGETS];
	int n = va_parse_pids(text, pids), err = n < 0 ? n : 0, i;

	for (i = 0; i < n; i++) {
		if (!err)
			err = va_attach_again(pids[i]);
		put_pid(pids[i]);
	}
	if (!err)
		err = va_snapshot_heal();
	return err;
}

/* Whoever has read nothing so far can begin here. */
static int va_snapshot_all(void)
{
	u32 *tgids = kvmalloc_array(VA_PROCS, sizeof(*tgids), GFP_KERNEL);
	unsigned int i, n;
	int err = 0;

	if (!tgids)
		return -ENOMEM;
	va_text_reset();
	n = va_watch_tgids(tgids, VA_PROCS);
	for (i = 0; i < n && (!err || err == -ESRCH); i++)
		err = va_attach_retell(tgids[i]);
	kvfree(tgids);
	return err && err != -ESRCH ? err : va_snapshot_heal();
}

static int va_set_snapshot(char *text)
{
	if (!strncmp(text, "pid ", 4))
		return va_snapshot_pids(text + 4);
	if (!strcmp(text, "all"))
		return va_snapshot_all();
	return strcmp(text, "torn") ? -EINVAL : va_snapshot_heal();
}

static void va_show_cpu(struct seq_file *m, int cpu)
{
	struct va_totals truth = va_channel_totals(cpu, VMATLAS_CHANNEL_TRUTH);
	struct va_totals faults = va_channel_totals(cpu, VMATLAS_CHANNEL_FAULTS);

	seq_printf(m, "cpu %d truth %llu %llu faults %llu %llu\n", cpu, truth.written, truth.lost, faults.written, faults.lost);
}

static int va_show_stats(struct seq_file *m, void *v)
{
	int cpu;

	seq_printf(m, "wire %d\nrelease %s\nlevels %d\nrules %d\n", VMATLAS_WIRE_VERSION, utsname()->release, va_walk_levels(), VA_RULES);
	seq_printf(m, "subbuf_size %u\nsubbuf_count %u\ncpus %u\nenabled %d\n", va_subbuf_size, va_subbuf_count, nr_cpu_ids, va_enabled);
	seq_printf(m, "overwrite %d\n", va_channel_kept());
	for_each_possible_cpu(cpu)
		va_show_cpu(m, cpu);
	seq_printf(m, "torn %u\n", va_watch_due() + va_story_waiting() + va_path_waiting());
	seq_printf(m, "missed pool-of-watched %llu\nmissed fault-slots %llu\nmissed kept-records %llu\n", va_watch_refused(),
		   va_pending_refused(), va_story_dropped());
	va_hooks_show(m);
	return 0;
}

/* --- marks ------------------------------------------------------------------------------------------------------------------ */

static bool va_mark(const char *text, size_t len)
{
	struct vmatlas_record rec = {};
	struct va_map *map;
	bool lost;

	va_fault_flush();
	rcu_read_lock();
	map = current->mm ? va_map_find(current->mm) : NULL;
	if (map)
		va_mm_counts(map, current->mm, 0);
	rec.head = va_head(VMATLAS_MARK, 0, map ? map->id : 0);
	rcu_read_unlock();
	rec.mark.text = va_text_once(text, len, &lost);
	return va_channel_write(&rec) && !lost;
}

static ssize_t va_marker_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	size_t len = count;
	bool ok, zero;
	char *text;

	if (count > VMATLAS_TEXT_MAX + 1)
		return -EMSGSIZE;
	text = memdup_user_nul(buf, count);
	if (IS_ERR(text))
		return PTR_ERR(text);
	if (len && text[len - 1] == '\n')
		len--;
	zero = memchr(text, 0, len);
	ok = len && !zero && len <= VMATLAS_TEXT_MAX && READ_ONCE(va_enabled) && (!va_class_on(VA_CLASS_MARK) || va_mark(text, len));
	kfree(text);
	if (ok)
		return count;
	if (!len || zero)
		return -EINVAL;
	if (len > VMATLAS_TEXT_MAX)
		return -EMSGSIZE;
	return va_enabled ? -EAGAIN : -ENODEV;
}

/* --- files ------------------------------------------------------------------------------------------------------------------- */

/* A line of text (kfree() it), without the newline, or an error. */
static char *va_read_line(const char __user *buf, size_t count)
{
	char *text = count && count <= 1024 ? memdup_user_nul(buf, count) : ERR_PTR(-EINVAL);

	if (IS_ERR(text) || !memchr(text, 0, count))
		return text;
	kfree(text);
	return ERR_PTR(-EINVAL);
}

/* Calls set under the mutex. */
static ssize_t va_write_control(const char __user *buf, size_t count, int (*set)(char *))
{
	char *text = va_read_line(buf, count);
	int err;

	if (IS_ERR(text))
		return PTR_ERR(text);
	mutex_lock(&va_control);
	err = set(strim(text));
	/* What it told is told with names. */
	va_path_flush();
	mutex_unlock(&va_control);
	kfree(text);
	return err ?: count;
}

/* Without the mutex: printing takes long, and has to do with nothing here. */
static ssize_t va_print_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	char *text = va_read_line(buf, count);
	int err;

	if (IS_ERR(text))
		return PTR_ERR(text);
	err = va_print_command(strim(text));
	kfree(text);
	return err ?: count;
}

/* The mode keeps out who is not root; this, who is root in a container only. /proc is seen from there. */
static bool va_may(void)
{
	return capable(CAP_SYS_ADMIN);
}

static int va_write_only_open(struct inode *inode, struct file *file)
{
	return va_may() ? 0 : -EPERM;
}

#define VA_SHOW(name)                                                                                                  \
	static int va_##name##_open(struct inode *inode, struct file *file)                                            \
	{                                                                                                              \
		return va_may() ? single_open(file, va_show_##name, NULL) : -EPERM;                                    \
	}
#define VA_SET(name)                                                                                                   \
	static ssize_t va_##name##_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)         \
	{                                                                                                              \
		return va_write_control(buf, count, va_set_##name);                                                    \
	}
#define VA_READ_WRITE(name)                                                                                            \
	VA_SHOW(name)                                                                                                  \
	VA_SET(name)                                                                                                   \
	static const struct proc_ops va_##name##_ops = {                                                               \
		.proc_open = va_##name##_open, .proc_read = seq_read, .proc_lseek = seq_lseek,                         \
		.proc_release = single_release, .proc_write = va_##name##_write,                                       \
	}

VA_READ_WRITE(target);
VA_READ_WRITE(enable);
VA_READ_WRITE(follow);
VA_READ_WRITE(classes);
VA_READ_WRITE(overwrite);
VA_READ_WRITE(around);

VA_SHOW(stats)
static const struct proc_ops va_stats_ops = {
	.proc_open = va_stats_open, .proc_read = seq_read, .proc_lseek = seq_lseek, .proc_release = single_release,
};

VA_SET(snapshot)
static const struct proc_ops va_snapshot_ops = {
	.proc_open = va_write_only_open, .proc_write = va_snapshot_write, .proc_lseek = noop_llseek,
};

static const struct proc_ops va_marker_ops = {
	.proc_open = va_write_only_open, .proc_write = va_marker_write, .proc_lseek = noop_llseek,
};

static const struct proc_ops va_print_ops = {
	.proc_open = va_write_only_open, .proc_write = va_print_write, .proc_lseek = noop_llseek,
};

static const struct va_file {
	const char *name;
	umode_t mode;
	const struct proc_ops *ops;
} va_file_table[] = {
	{ "target", 0600, &va_target_ops },   { "enable", 0600, &va_enable_ops }, { "follow", 0600, &va_follow_ops },
	{ "classes", 0600, &va_classes_ops }, { "marker", 0200, &va_marker_ops }, { "snapshot", 0200, &va_snapshot_ops },
	{ "overwrite", 0600, &va_overwrite_ops }, { "around", 0600, &va_around_ops }, { "stats", 0400, &va_stats_ops },
	{ "print", 0200, &va_print_ops },
};

static void va_remove_files(void)
{
	while (va_file_count)
		proc_remove(va_files[--va_file_count]);
}

int va_control_init(struct proc_dir_entry *dir)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(va_file_table); i++) {
		const struct va_file *f = &va_file_table[i];
		struct proc_dir_entry *file = proc_create(f->name, f->mode, dir, f->ops);

		if (!file) {
			va_remove_files();
			return -ENOMEM;
		}
		va_files[va_file_count++] = file;
	}
	return 0;
}

void va_control_exit(void)
{
	va_remove_files();
	mutex_lock(&va_control);
	va_switch_off();
	va_targets_none();
	mutex_unlock(&va_control);
}
