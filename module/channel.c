// SPDX-License-Identifier: GPL-2.0
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/proc_fs.h>
#include <linux/relay.h>
#include <linux/uaccess.h>

#include "channel.h"
#include "compat.h"
#include "ring.h"

unsigned int va_subbuf_size = 128 * 1024;
module_param_named(subbuf_size, va_subbuf_size, uint, 0444);
MODULE_PARM_DESC(subbuf_size, "bytes of a sub-buffer, a power of two, at least 4096");

unsigned int va_subbuf_count = 16;
module_param_named(subbuf_count, va_subbuf_count, uint, 0444);
MODULE_PARM_DESC(subbuf_count, "sub-buffers per CPU of the truth channel");

static unsigned int fault_subbuf_count = 64;
module_param(fault_subbuf_count, uint, 0444);
MODULE_PARM_DESC(fault_subbuf_count, "sub-buffers per CPU of the fault channel");

static unsigned int overwrite;
module_param(overwrite, uint, 0444);
MODULE_PARM_DESC(overwrite, "1 = flight recorder: a full fault buffer loses its oldest records, not its newest (also a control file)");

/*
 * relay keeps the memory; its own files and read() are not used: it takes its view of a buffer from several fields that a writer on another
 * CPU changes one by one, and then skips a sub-buffer or hands it out twice (seen with full buffers, on 6.1 and 6.12).
 */
struct va_stream {
	u64 given;   /* sequence numbers; the wire carries the low half */
	u64 dropped; /* records that were never written */
	struct va_ring ring;
	struct mutex reading; /* readers share the tail */
	struct proc_dir_entry *file;
};

/* Written with interrupts off on its own CPU only, but for the tails. */
struct va_cpu {
	u64 last; /* newest timestamp given out, over both channels */
	struct va_stream stream[VMATLAS_CHANNELS];
	struct vmatlas_record spare; /* written where there is no room */
};

DEFINE_PER_CPU(struct va_dating, va_dating);
static DEFINE_PER_CPU(struct va_cpu, va_cpus);
static atomic_t va_keeping = ATOMIC_INIT(VA_KEEP_OLDEST);
static struct rchan *va_chan[VMATLAS_CHANNELS];
static atomic_t va_losses = ATOMIC_INIT(0);
static const char *const va_chan_names[VMATLAS_CHANNELS] = { "cpu", "faults" };

/*
 * A reader has noted the clock and looks now for what is older. A writer that dated its record before, and has been held up since (a virtual
 * CPU may lose its processor anywhere), has not published it yet: wait for that one, not for those that begin meanwhile.
 */
static void va_wait_dated(const struct va_dating *dating)
{
	unsigned int done = READ_ONCE(dating->done);

	smp_mb(); /* `done` is read before `depth` */
	/* Pairs with the end in va_channel_end(). */
	while (smp_load_acquire(&dating->depth) && READ_ONCE(dating->done) == done)
		cpu_relax();
	smp_rmb(); /* what it wrote is read behind it */
}

u32 va_channel_loss(void)
{
	return atomic_read(&va_losses);
}

void va_channel_doubt(void)
{
	atomic_inc(&va_losses);
}

/*
 * A channel without a name has buffers only. relay asks all the same, and from 4.20 on takes NULL for a failure; anything else it only
 * looks at and forgets (relay_open_buf()).
 */
static struct dentry *va_create_file(const char *name, struct dentry *parent, umode_t mode, struct rchan_buf *buf, int *is_global)
{
	static char no_file;

	return (struct dentry *)&no_file;
}

static int va_remove_file(struct dentry *file)
{
	return 0;
}

/* Whether there is room is decided before, record by record. */
static int va_subbuf_start(VA_SUBBUF_START_ARGS)
{
	return 1;
}

static const struct rchan_callbacks va_callbacks = {
	.subbuf_start = va_subbuf_start,
	.create_buf_file = va_create_file,
	.remove_buf_file = va_remove_file,
};

static size_t va_size(const struct rchan *chan)
{
	return chan->subbuf_size * chan->n_subbufs;
}

/* A piece, by way of a page. Bytes, 0 = nothing is left, -EAGAIN = all of it was overwritten meanwhile, -EFAULT. */
static ssize_t va_read_piece(struct rchan_buf *buf, struct va_ring *ring, char __user *to, size_t count, unsigned long end, char *page)
{
	size_t left = 0, n = va_ring_copy(ring, buf->start, va_size(buf->chan), end, page, min(count, PAGE_SIZE), &left);

	if (!left)
		return n ? -EAGAIN : 0;
	if (copy_to_user(to, page + n - left, left))
		return -EFAULT;
	va_ring_consume(ring, left);
	return left;
}

/* Copies whole records from tail on, at most what is there now. Bytes, or an error where none could be copied. */
static ssize_t va_read_records(struct rchan_buf *buf, struct va_ring *ring, char __user *to, size_t count, char *page)
{
	unsigned long end = smp_load_acquire(&ring->head); /* behind it stand whole records */
	size_t done = 0;
	ssize_t n = 0;

	while (done < count) {
		n = va_read_piece(buf, ring, to + done, count - done, end, page);
		if (n > 0)
			done += n;
		else if (n != -EAGAIN)
			break;
		cond_resched();
	}
	WRITE_ONCE(buf->subbufs_consumed, ring->tail / buf->chan->subbuf_size);
	return done ? done : n;
}

/* What a file's data pointer says. */
static void *va_file_data(int cpu, enum vmatlas_channel channel)
{
	return (void *)(unsigned long)(cpu * VMATLAS_CHANNELS + channel);
}

static ssize_t va_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
	unsigned long data = (unsigned long)va_compat_proc_data(file_inode(file));
	int cpu = data / VMATLAS_CHANNELS, channel = data % VMATLAS_CHANNELS;
	struct va_stream *stream = &per_cpu_ptr(&va_cpus, cpu)->stream[channel];
	struct rchan_buf *buf = READ_ONCE(*per_cpu_ptr(va_chan[channel]->buf, cpu));
	char *page;
	ssize_t n;

	count = round_down(count, VMATLAS_RECORD_SIZE);
	if (!count)
		return -EINVAL;
	/* A CPU that has not come up yet. */
	if (!buf)
		return 0;
	page = (char *)__get_free_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	mutex_lock(&stream->reading);
	va_wait_dated(per_cpu_ptr(&va_dating, cpu));
	n = va_read_records(buf, &stream->ring, to, count, page);
	mutex_unlock(&stream->reading);
	free_page((unsigned long)page);
	return n;
}

/*
 * The mode keeps out who is not root; this, who is root in a container only (/proc is seen from there). Records hold frame numbers: as for
 * those in /proc/PID/pagemap, what counts is who opened the file. Root may hand the open file on, and means it then.
 */
static int va_open(struct inode *inode, struct file *file)
{
	return capable(CAP_SYS_ADMIN) ? stream_open(inode, file) : -EPERM;
}

static const struct proc_ops va_records_ops = {
	.proc_open = va_open, .proc_read = va_read, .proc_lseek = noop_llseek,
};

static void va_files_remove(enum vmatlas_channel channel)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct va_stream *stream = &per_cpu_ptr(&va_cpus, cpu)->stream[channel];

		/* Waits for readers inside, and calls none of our functions afterwards. */
		proc_remove(stream->file);
		stream->file = NULL;
	}
}

static int va_files_create(enum vmatlas_channel channel, struct proc_dir_entry *dir)
{
	char name[24];
	int cpu;

	for_each_possible_cpu(cpu) {
		struct va_stream *stream = &per_cpu_ptr(&va_cpus, cpu)->stream[channel];

		mutex_init(&stream->reading);
		snprintf(name, sizeof(name), "%s%d", va_chan_names[channel], cpu);
		stream->file = proc_create_data(name, 0400, dir, &va_records_ops, va_file_data(cpu, channel));
		if (!stream->file) {
			va_files_remove(channel);
			return -ENOMEM;
		}
	}
	return 0;
}

int va_channel_open(enum vmatlas_channel channel, struct proc_dir_entry *dir)
{
	unsigned int count = channel == VMATLAS_CHANNEL_TRUTH ? va_subbuf_count : fault_subbuf_count;
	int cpu, err;

	if (!is_power_of_2(va_subbuf_size) || va_subbuf_size < 4096 || !count || count > UINT_MAX / va_subbuf_size) {
		pr_err("vmatlas: subbuf_size must be a power of two of at least 4096, counts at least 1\n");
		return -EINVAL;
	}
	if (channel == VMATLAS_CHANNEL_TRUTH && count * (va_subbuf_size / VMATLAS_RECORD_SIZE) < VA_CHANNEL_LEAST) {
		pr_err("vmatlas: a truth buffer must hold %u records: it could not be healed\n", VA_CHANNEL_LEAST);
		return -EINVAL;
	}
	if (overwrite > 1) {
		pr_err("vmatlas: overwrite is 0 or 1\n");
		return -EINVAL;
	}
	va_channel_keep(overwrite ? VA_KEEP_NEWEST : VA_KEEP_OLDEST);
	for_each_possible_cpu(cpu)
		spin_lock_init(&per_cpu_ptr(&va_cpus, cpu)->stream[channel].ring.reader);
	/* The files are ours, in /proc: debugfs may be switched off, or locked down. */
	va_chan[channel] = relay_open(NULL, NULL, va_subbuf_size, count, &va_callbacks, NULL);
	if (!va_chan[channel])
		return -ENOMEM;
	err = va_files_create(channel, dir);
	if (err) {
		relay_close(va_chan[channel]);
		va_chan[channel] = NULL;
	}
	return err;
}

void va_channel_close(enum vmatlas_channel channel)
{
	va_files_remove(channel);
	relay_close(va_chan[channel]);
	va_chan[channel] = NULL;
}

static __always_inline struct vmatlas_record *va_claim(enum vmatlas_channel channel, u64 ts)
{
	struct va_cpu *cpu = this_cpu_ptr(&va_cpus);
	struct va_stream *stream = &cpu->stream[channel];
	struct rchan_buf *buf = *this_cpu_ptr(va_chan[channel]->buf);
	bool newest = channel == VMATLAS_CHANNEL_FAULTS && atomic_read(&va_keeping) == VA_KEEP_NEWEST;
	struct vmatlas_record *rec = NULL;
	u64 seq = stream->given;

	WRITE_ONCE(stream->given, seq + 1);
	cpu->last = max(cpu->last, ts);
	/* A CPU that was offline when the channel was opened has no buffer until it comes up. */
	if (likely(buf))
		rec = va_ring_claim(&stream->ring, buf->start, va_size(buf->chan), newest);
	if (unlikely(!rec)) {
		WRITE_ONCE(stream->dropped, stream->dropped + 1);
		rec = &cpu->spare;
	}
	rec->head.ts = cpu->last;
	rec->head.seq = seq;
	return rec;
}

/* relay's own books. */
static __always_inline void va_book(struct rchan_buf *buf)
{
	buf->offset += sizeof(struct vmatlas_record);
	if (unlikely(buf->offset == buf->chan->subbuf_size))
		relay_switch_subbuf(buf, 0);
}

static __always_inline void va_publish(enum vmatlas_channel channel, const struct vmatlas_record *rec)
{
	struct va_cpu *cpu = this_cpu_ptr(&va_cpus);

	if (unlikely(rec == &cpu->spare))
		return;
	va_ring_publish(&cpu->stream[channel].ring);
	va_book(*this_cpu_ptr(va_chan[channel]->buf));
}

struct vmatlas_record *va_channel_claim(enum vmatlas_channel channel, u64 ts)
{
	return va_claim(channel, ts);
}

void va_channel_publish(enum vmatlas_channel channel, const struct vmatlas_record *rec)
{
	va_publish(channel, rec);
}

static __always_inline bool va_write(enum vmatlas_channel channel, struct vmatlas_record *rec, u64 ts)
{
	struct vmatlas_record *to = va_claim(channel, ts);
	bool ok = to != &this_cpu_ptr(&va_cpus)->spare;

	rec->head.ts = to->head.ts;
	rec->head.seq = to->head.seq;
	*to = *rec;
	va_publish(channel, to);
	return ok;
}

/* Of what a map is known by. Other records are kept, or said again, or missed by nobody who draws a map. */
static bool va_tears(u16 type)
{
	return type == VMATLAS_RANGE || type == VMATLAS_VMA || type == VMATLAS_TEXT;
}

/* Faults, and entries that changed without one; a snapshot goes with the map it belongs to. */
static enum vmatlas_channel va_channel_of(const struct vmatlas_head *head)
{
	bool entries = head->type == VMATLAS_PAGES || head->type == VMATLAS_SWEEP;

	if (head->type == VMATLAS_FAULT || (entries && !(head->flags & VMATLAS_F_SNAPSHOT)))
		return VMATLAS_CHANNEL_FAULTS;
	return VMATLAS_CHANNEL_TRUTH;
}

void va_channel_lose(enum vmatlas_channel channel)
{
	struct va_stream *stream;
	unsigned long flags;

	local_irq_save(flags);
	stream = &this_cpu_ptr(&va_cpus)->stream[channel];
	WRITE_ONCE(stream->given, stream->given + 1);
	WRITE_ONCE(stream->dropped, stream->dropped + 1);
	local_irq_restore(flags);
}

bool va_channel_write_at(struct vmatlas_record *rec, u64 ts)
{
	bool ok;

	if (WARN_ON_ONCE(in_nmi()))
		return false;
	ok = va_write(va_channel_of(&rec->head), rec, ts);
	if (unlikely(!ok) && va_tears(rec->head.type))
		va_channel_doubt();
	return ok;
}

bool va_channel_write_truth(struct vmatlas_record *recs, unsigned int n, u64 ts)
{
	struct va_cpu *cpu = this_cpu_ptr(&va_cpus);
	struct va_stream *stream = &cpu->stream[VMATLAS_CHANNEL_TRUTH];
	struct rchan_buf *buf = *this_cpu_ptr(va_chan[VMATLAS_CHANNEL_TRUTH]->buf);
	size_t size = va_size(va_chan[VMATLAS_CHANNEL_TRUTH]);
	u64 dropped = stream->dropped, seq = stream->given;
	unsigned int i;

	WRITE_ONCE(stream->given, seq + n);
	cpu->last = max(cpu->last, ts);
	for (i = 0; i < n; i++) {
		struct vmatlas_record *to = buf ? va_ring_claim(&stream->ring, buf->start, size, false) : NULL;

		recs[i].head.ts = cpu->last;
		recs[i].head.seq = seq + i;
		if (likely(to)) {
			*to = recs[i];
			va_ring_publish(&stream->ring);
			va_book(buf);
		} else {
			WRITE_ONCE(stream->dropped, stream->dropped + 1);
		}
	}
	if (likely(stream->dropped == dropped))
		return true;
	va_channel_doubt();
	return false;
}

bool va_channel_write(struct vmatlas_record *rec)
{
	unsigned long flags;
	bool ok;

	local_irq_save(flags);
	ok = va_channel_write_at(rec, va_channel_begin());
	va_channel_end();
	local_irq_restore(flags);
	return ok;
}

bool va_channel_room(unsigned int records)
{
	struct rchan *chan = va_chan[VMATLAS_CHANNEL_TRUTH];
	struct va_stream *stream = &this_cpu_ptr(&va_cpus)->stream[VMATLAS_CHANNEL_TRUTH];

	if (!*this_cpu_ptr(chan->buf))
		return false;
	return (va_size(chan) - (stream->ring.head - READ_ONCE(stream->ring.tail))) / VMATLAS_RECORD_SIZE >= records;
}

struct va_totals va_channel_totals(int cpu, enum vmatlas_channel channel)
{
	struct va_stream *stream = &per_cpu_ptr(&va_cpus, cpu)->stream[channel];
	struct va_totals totals = { .lost = READ_ONCE(stream->dropped) + va_ring_overwritten(&stream->ring, va_size(va_chan[channel])) };

	/* Never less than what was lost of them, and exact when nobody writes. */
	totals.written = READ_ONCE(stream->given) - totals.lost;
	return totals;
}

enum va_keep va_channel_kept(void)
{
	return atomic_read(&va_keeping);
}

void va_channel_keep(enum va_keep keep)
{
	atomic_set(&va_keeping, keep);
}

void va_channel_crash(void)
{
	atomic_cmpxchg(&va_keeping, VA_KEEP_NEWEST, VA_KEEP_CRASH);
}
