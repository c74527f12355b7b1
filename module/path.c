// SPDX-License-Identifier: GPL-2.0
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/hash.h>
#include <linux/irq_work.h>
#include <linux/limits.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>
#include <linux/xxhash.h>

#include "channel.h"
#include "compat.h"
#include "path.h"
#include "text.h"

#define VA_TRIES 8
#define VA_LATE 64 /* a power of two */
#define VA_PREFIX_BITS 5
#define VA_PREFIX_MAX 960
#define VA_PREFIX_NS (50 * NSEC_PER_MSEC)

static bool late_names = IS_ENABLED(CONFIG_PREEMPT_RT);
module_param(late_names, bool, 0444);
MODULE_PARM_DESC(late_names, "test aid: name files as on PREEMPT_RT kernels (there always on)");

/* Where a mount is mounted; "" for the root. Pointers are compared, never followed. */
struct va_prefix {
	const struct vfsmount *mnt;
	const struct dentry *root;
	const struct super_block *sb;
	unsigned int renames;
	u64 until;
	unsigned int len;
	char text[VA_PREFIX_MAX];
};

/* A name without its mount's prefix. */
struct va_late {
	u64 id;
	struct vfsmount *mnt; /* a reference */
	unsigned int len;
	char rest[PATH_MAX];
};

static DEFINE_RAW_SPINLOCK(va_lock); /* protects the prefixes and the queue */
static struct va_prefix *va_prefixes;
static struct va_late *va_queue;
static unsigned int va_head, va_tail; /* waiting: [tail, head), both count up */
static bool va_busy; /* with one more */
static u64 va_last_late, va_salt;

static struct va_late *va_now; /* the one the work item is at */
static char *va_whole;
static struct workqueue_struct *va_worker;

/* --- the path within its mount -------------------------------------------------------------------------------------------- */

/* A name that grows to the left. */
struct va_name {
	char *buf, *at;
	bool full;
};

static void va_left(struct va_name *name, const char *bytes, size_t len)
{
	if (name->full)
		return;
	/* As d_path(): as much of the end as there is room for. */
	if (name->at - name->buf < len) {
		name->full = true;
		bytes += len - (name->at - name->buf);
		len = name->at - name->buf;
	}
	name->at -= len;
	memcpy(name->at, bytes, len);
}

/* While a rename is under way, name and length may not fit together: both end with NUL, and the sequence is looked at afterwards. */
static void va_left_dentry(struct va_name *name, const struct dentry *dentry)
{
	const char *bytes = smp_load_acquire(&dentry->d_name.name); /* before its bytes */

	va_left(name, bytes, strnlen(bytes, min_t(size_t, READ_ONCE(dentry->d_name.len), NAME_MAX)));
	va_left(name, "/", 1);
}

/* The last PATH_MAX - 1 bytes of a name, its beginning replaced by what says so. */
static const char *va_end_of(char *bytes)
{
	static const char mark[] = VMATLAS_TOO_LONG;
	char *at = strchr(bytes + sizeof(mark) - 1, '/');

	return at ? memcpy(at - (sizeof(mark) - 1), mark, sizeof(mark) - 1) : NULL;
}

enum va_climbed { VA_ROOT, VA_MOUNT, VA_ESCAPED };

/* From a file to the task's root, or to the root of the file's mount. Under RCU. */
static enum va_climbed va_climb(const struct path *path, const struct path *root, struct va_name *name)
{
	const struct dentry *dentry = path->dentry, *parent;

	if (d_unlinked(path->dentry))
		va_left(name, " (deleted)", 10);
	while (!name->full) {
		if (dentry == root->dentry && path->mnt == root->mnt)
			return VA_ROOT;
		if (dentry == path->mnt->mnt_root)
			return VA_MOUNT;
		parent = READ_ONCE(dentry->d_parent);
		if (dentry == parent)
			return VA_ESCAPED;
		va_left_dentry(name, dentry);
		dentry = parent;
	}
	return VA_ROOT;
}

/* The plain counter: through the lock's type, a reader on PREEMPT_RT would wait for the writer. */
static unsigned int va_renames(void)
{
	return raw_read_seqcount(&rename_lock.seqcount.seqcount);
}

/* May be another thread's to change: it is only compared with, and either one gives a name the file has. A task late in its exit has none. */
static struct path va_root(void)
{
	const struct fs_struct *fs = current->fs;

	return fs ? (struct path){ .mnt = READ_ONCE(fs->root.mnt), .dentry = READ_ONCE(fs->root.dentry) } : (struct path){};
}

static bool va_climb_safely(const struct path *path, struct va_name *name, enum va_climbed *where)
{
	const struct path root = va_root();
	const struct va_name empty = *name;
	unsigned int seq, i;

	for (i = 0; i < VA_TRIES; i++) {
		seq = va_renames();
		*name = empty;
		if (!(seq & 1)) {
			*where = va_climb(path, &root, name);
			if (!read_seqcount_retry(&rename_lock.seqcount.seqcount, seq))
				return true;
		}
		cpu_relax();
	}
	return false;
}

/* --- where mounts are -------------------------------------------------------------------------------------------------------- */

static struct va_prefix *va_prefix_of(const struct vfsmount *mnt)
{
	return &va_prefixes[hash_ptr(mnt, VA_PREFIX_BITS)];
}

static bool va_prefix_fresh(const struct va_prefix *prefix, const struct vfsmount *mnt)
{
	return prefix->mnt == mnt && prefix->root == mnt->mnt_root && prefix->sb == mnt->mnt_sb && prefix->renames == va_renames() &&
	       va_clock() < prefix->until;
}

/* Puts the mount's place before the name. False: not known now. */
static bool va_left_prefix(struct va_name *name, const struct vfsmount *mnt)
{
	struct va_prefix *prefix = va_prefix_of(mnt);
	unsigned long flags;
	bool fresh;

	raw_spin_lock_irqsave(&va_lock, flags);
	fresh = va_prefix_fresh(prefix, mnt);
	if (fresh)
		va_left(name, prefix->text, prefix->len);
	raw_spin_unlock_irqrestore(&va_lock, flags);
	return fresh;
}

static void va_prefix_remember(const struct vfsmount *mnt, const char *text, size_t len, unsigned int renames)
{
	struct va_prefix *prefix = va_prefix_of(mnt);
	unsigned long flags;

	if (len > VA_PREFIX_MAX || renames & 1)
		return;
	raw_spin_lock_irqsave(&va_lock, flags);
	*prefix = (struct va_prefix){
		.mnt = mnt, .root = mnt->mnt_root, .sb = mnt->mnt_sb, .renames = renames, .until = va_clock() + VA_PREFIX_NS, .len = len,
	};
	memcpy(prefix->text, text, len);
	raw_spin_unlock_irqrestore(&va_lock, flags);
}

/* --- late texts --------------------------------------------------------------------------------------------------------------- */

static void va_kick(struct irq_work *work);
static void va_work(struct work_struct *work);
static struct irq_work va_kicker;
static DECLARE_WORK(va_worked, va_work);

static struct va_late *va_late_find(const struct vfsmount *mnt, const char *rest, size_t len)
{
	unsigned int i;

	for (i = va_tail; i != va_head; i++) {
		struct va_late *late = &va_queue[i % VA_LATE];

		if (late->mnt == mnt && late->len == len && !memcmp(late->rest, rest, len))
			return late;
	}
	return NULL;
}

/* An id is for one text only: the same file may have another name next time. */
static struct va_late *va_late_add(struct vfsmount *mnt, const char *rest, size_t len)
{
	struct va_late *late = &va_queue[va_head % VA_LATE];

	if (va_head - va_tail == VA_LATE)
		return NULL;
	va_last_late++;
	late->id = xxh64(&va_last_late, sizeof(va_last_late), va_salt) ?: 1;
	late->mnt = mntget(mnt);
	late->len = len;
	memcpy(late->rest, rest, len + 1);
	va_head++;
	return late;
}

/* 0: the queue is full. */
static u64 va_late_put(struct vfsmount *mnt, const struct va_name *name)
{
	size_t len = strlen(name->at);
	struct va_late *late;
	unsigned long flags;
	u64 id;

	raw_spin_lock_irqsave(&va_lock, flags);
	late = va_late_find(mnt, name->at, len) ?: va_late_add(mnt, name->at, len);
	id = late ? late->id : 0;
	raw_spin_unlock_irqrestore(&va_lock, flags);
	irq_work_queue(&va_kicker);
	return id;
}

static bool va_late_take(struct va_late *to)
{
	unsigned long flags;
	bool any;

	raw_spin_lock_irqsave(&va_lock, flags);
	any = va_tail != va_head;
	WRITE_ONCE(va_busy, any);
	if (any) {
		struct va_late *late = &va_queue[va_tail++ % VA_LATE];

		*to = (struct va_late){ .id = late->id, .mnt = late->mnt, .len = late->len };
		memcpy(to->rest, late->rest, late->len + 1);
	}
	raw_spin_unlock_irqrestore(&va_lock, flags);
	return any;
}

/* The mount's place into buf, as d_path() tells it to a kernel thread: from the root of all. Its length. */
static size_t va_ask_prefix(struct vfsmount *mnt, char *buf)
{
	static const char deleted[] = " (deleted)";
	struct path root = { .mnt = mnt, .dentry = mnt->mnt_root };
	const char *text = d_path(&root, buf, PATH_MAX);
	size_t len;

	if (IS_ERR(text))
		text = va_end_of(buf) ?: "";
	len = strlen(text);
	/* Of the file's own place that is said where it is true of the file. */
	if (len > sizeof(deleted) && d_unlinked(root.dentry) && !strcmp(text + len - (sizeof(deleted) - 1), deleted))
		len -= sizeof(deleted) - 1;
	if (len == 1)
		len = 0;
	memmove(buf, text, len);
	return len;
}

static void va_late_write(struct va_late *late)
{
	unsigned int renames = va_renames();
	size_t len = va_ask_prefix(late->mnt, va_whole);
	const char *text = va_whole;

	va_prefix_remember(late->mnt, va_whole, len, renames);
	len += strscpy(va_whole + len, late->len || len ? late->rest : "/", PATH_MAX);
	if (len >= PATH_MAX)
		text = va_end_of(va_whole + len - (PATH_MAX - 1)) ?: "";
	va_text_late(late->id, text, strlen(text));
	mntput(late->mnt);
}

static void va_work(struct work_struct *work)
{
	while (va_late_take(va_now))
		va_late_write(va_now);
}

/* From a hook nothing is woken directly. */
static void va_kick(struct irq_work *work)
{
	queue_work(va_worker, &va_worked);
}

void va_path_flush(void)
{
	irq_work_sync(&va_kicker);
	flush_work(&va_worked);
}

unsigned int va_path_waiting(void)
{
	return READ_ONCE(va_head) - READ_ONCE(va_tail) + READ_ONCE(va_busy);
}

/* --- names ----------------------------------------------------------------------------------------------------------------------- */

/* Files without a place: memfd:, anon_inode:, socket: … Only that of a DMA buffer takes a lock: its name is left out. */
static const char *va_pseudo_name(const struct path *path, char *buf)
{
	struct dentry *dentry = path->dentry;

	if (dentry->d_sb->s_magic == DMA_BUF_MAGIC)
		return "/dmabuf:";
	return dentry->d_op->d_dname(dentry, buf, PATH_MAX);
}

static bool va_is_pseudo(const struct path *path)
{
	const struct dentry *dentry = path->dentry;

	return dentry->d_op && dentry->d_op->d_dname && (!IS_ROOT(dentry) || dentry != path->mnt->mnt_root);
}

static const char *va_name_from(const struct path *path, struct va_name *name, enum va_climbed where, u64 *late)
{
	if (where == VA_ESCAPED)
		return "/";
	if (where == VA_MOUNT && !va_left_prefix(name, path->mnt)) {
		*late = va_late_put(path->mnt, name);
		if (!*late)
			va_channel_doubt();
		return NULL;
	}
	if (name->full)
		return va_end_of(name->buf);
	if (!*name->at || *name->at == ' ')
		va_left(name, "/", 1);
	return name->at;
}

static const char *va_name_lockless(const struct path *path, char *buf, u64 *late)
{
	struct va_name name = { .buf = buf, .at = buf + PATH_MAX - 1 };
	enum va_climbed where;
	bool climbed;

	if (va_is_pseudo(path))
		return va_pseudo_name(path, buf);
	*name.at = 0;
	rcu_read_lock();
	climbed = va_climb_safely(path, &name, &where);
	rcu_read_unlock();
	if (climbed)
		return name.full ? va_end_of(buf) : va_name_from(path, &name, where, late);
	va_channel_doubt();
	return NULL;
}

/* It starts from the task's root, which goes at its exit. */
static bool va_may_ask_d_path(void)
{
	return !IS_ENABLED(CONFIG_PREEMPT_RT) && !late_names && current->fs;
}

const char *va_path_name(const struct path *path, char *buf, u64 *late)
{
	const char *name;

	*late = 0;
	name = va_may_ask_d_path() ? d_path(path, buf, PATH_MAX) : va_name_lockless(path, buf, late);
	/* d_path() left the end of it there. */
	if (IS_ERR(name))
		return PTR_ERR(name) == -ENAMETOOLONG ? va_end_of(buf) : NULL;
	return name;
}

/* --- up and down ------------------------------------------------------------------------------------------------------------------ */

static void va_path_free(void)
{
	if (va_worker)
		destroy_workqueue(va_worker);
	vfree(va_prefixes);
	vfree(va_queue);
	vfree(va_now);
	vfree(va_whole);
}

int va_path_init(void)
{
	va_salt = get_random_u64();
	init_irq_work(&va_kicker, va_kick);
	va_prefixes = vzalloc(sizeof(*va_prefixes) << VA_PREFIX_BITS);
	va_queue = vmalloc(array_size(VA_LATE, sizeof(*va_queue)));
	va_now = vmalloc(sizeof(*va_now));
	va_whole = vmalloc(2 * PATH_MAX);
	va_worker = alloc_workqueue("vmatlas_names", WQ_UNBOUND | WQ_HIGHPRI, 1);
	if (va_prefixes && va_queue && va_now && va_whole && va_worker)
		return 0;
	va_path_free();
	return -ENOMEM;
}

void va_path_exit(void)
{
	va_path_flush();
	va_path_free();
}
