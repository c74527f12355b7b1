// SPDX-License-Identifier: GPL-2.0
#include <linux/debugfs.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/relay.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include "channel.h"
#include "compat.h"

unsigned int va_subbuf_size = 128 * 1024;
module_param_named(subbuf_size, va_subbuf_size, uint, 0444);
MODULE_PARM_DESC(subbuf_size, "bytes of a sub-buffer, a power of two, at least 4096");

unsigned int va_subbuf_count = 16;
module_param_named(subbuf_count, va_subbuf_count, uint, 0444);
MODULE_PARM_DESC(subbuf_count, "sub-buffers per CPU of the truth channel");

static unsigned int fault_subbuf_count = 64;
module_param(fault_subbuf_count, uint, 0444);
MODULE_PARM_DESC(fault_subbuf_count, "sub-buffers per CPU of the fault channel");

/*
 * head and tail count bytes and only grow; what is between them has been written and not yet read. relay keeps the memory, the
 * files and the wake-ups; its own read() is not used: it takes its view of a buffer from several fields that a writer on another
 * CPU changes one by one, and then skips a sub-buffer or hands it out twice (seen with full buffers, on 6.1 and 6.12).
 */
struct va_stream {
	u32 seq;
	struct va_totals totals;
	unsigned long head; /* the writer's */
	unsigned long tail; /* the reader's */
};

/* Written with interrupts off on its own CPU only, but for the tails. */
struct va_cpu {
	u64 last; /* newest timestamp given out, over both channels */
	struct va_stream stream[VMATLAS_CHANNELS];
};

static DEFINE_PER_CPU(struct va_cpu, va_cpus);
static struct rchan *va_chan[VMATLAS_CHANNELS];
static atomic_t va_losses = ATOMIC_INIT(0);
static const char *const va_chan_names[VMATLAS_CHANNELS] = { "cpu", "faults" };

/*
 * relay's own operations, with our read() and without .mmap, which lockdown refuses. On the heap: a reader may hold a file open when
 * the module goes, and debugfs calls ->release (relay's, in the kernel) through this table at the last close; it calls nothing
 * else then. See va_channel_close().
 */
static struct file_operations *va_fops[VMATLAS_CHANNELS];

u64 va_clock(void)
{
	return ktime_get_mono_fast_ns();
}

u32 va_channel_loss(void)
{
	return atomic_read(&va_losses);
}

void va_channel_doubt(void)
{
	atomic_inc(&va_losses);
}

static struct dentry *va_create_file(const char *name, struct dentry *parent, umode_t mode, struct rchan_buf *buf,
				     int *is_global)
{
	struct dentry *file = debugfs_create_file(name, 0400, parent, buf, buf->chan->private_data);

	return IS_ERR(file) ? NULL : file;
}

static int va_remove_file(struct dentry *file)
{
	debugfs_remove(file);
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

static struct va_stream *va_stream_of(const struct rchan_buf *buf)
{
	bool truth = buf->chan->private_data == va_fops[VMATLAS_CHANNEL_TRUTH];

	return &per_cpu_ptr(&va_cpus, buf->cpu)->stream[truth ? VMATLAS_CHANNEL_TRUTH : VMATLAS_CHANNEL_FAULTS];
}

/* Copies whole records from tail on. Bytes, or -EFAULT where none could be copied. */
static ssize_t va_read_records(struct rchan_buf *buf, struct va_stream *stream, char __user *to, size_t count)
{
	size_t size = va_size(buf->chan), done = 0;
	unsigned long tail = stream->tail;

	count = min(count, smp_load_acquire(&stream->head) - tail);
	while (done < count) {
		size_t n = min(count - done, size - tail % size);

		if (copy_to_user(to + done, buf->start + tail % size, n))
			break;
		done += n;
		tail += n;
	}
	/* Only now may a writer use this place again. */
	smp_store_release(&stream->tail, tail);
	WRITE_ONCE(buf->subbufs_consumed, tail / buf->chan->subbuf_size);
	return done || !count ? done : -EFAULT;
}

static ssize_t va_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
	struct rchan_buf *buf = file->private_data;
	ssize_t n;

	count = round_down(count, VMATLAS_RECORD_SIZE);
	if (!count)
		return -EINVAL;
	/* Readers of a file share its cursor. */
	inode_lock(file_inode(file));
	n = va_read_records(buf, va_stream_of(buf), to, count);
	inode_unlock(file_inode(file));
	return n;
}

static struct file_operations *va_fops_new(void)
{
	struct file_operations *fops = kmemdup(&relay_file_operations, sizeof(*fops), GFP_KERNEL);

	if (!fops)
		return NULL;
	fops->owner = NULL;
	fops->read = va_read;
	fops->splice_read = NULL;
	fops->mmap = NULL;
	return fops;
}

int va_channel_open(enum vmatlas_channel channel, struct dentry *dir)
{
	unsigned int count = channel == VMATLAS_CHANNEL_TRUTH ? va_subbuf_count : fault_subbuf_count;

	if (!is_power_of_2(va_subbuf_size) || va_subbuf_size < 4096 || !count || count > UINT_MAX / va_subbuf_size) {
		pr_err("vmatlas: subbuf_size must be a power of two of at least 4096, counts at least 1\n");
		return -EINVAL;
	}
	if (channel == VMATLAS_CHANNEL_TRUTH && count * (va_subbuf_size / VMATLAS_RECORD_SIZE) < VA_CHANNEL_LEAST) {
		pr_err("vmatlas: a truth buffer must hold %u records: it could not be healed\n", VA_CHANNEL_LEAST);
		return -EINVAL;
	}
	va_fops[channel] = va_fops_new();
	if (!va_fops[channel])
		return -ENOMEM;
	va_chan[channel] = relay_open(va_chan_names[channel], dir, va_subbuf_size, count, &va_callbacks, va_fops[channel]);
	return va_chan[channel] ? 0 : -ENOMEM;
}

static void va_channel_unlink(struct rchan *chan)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct rchan_buf *buf = *per_cpu_ptr(chan->buf, cpu);

		if (!buf)
			continue;
		debugfs_remove(buf->dentry);
		buf->dentry = NULL;
	}
}

void va_channel_close(enum vmatlas_channel channel)
{
	struct rchan *chan = va_chan[channel];

	va_channel_unlink(chan);
	relay_close(chan);
	va_chan[channel] = NULL;
	/*
	 * va_fops[channel] is left behind on purpose, some 270 bytes: debugfs reads ->owner in it after relay's ->release has dropped the
	 * reader's last reference, so nothing here can tell when the last close has passed through it.
	 */
}

static bool va_put(struct rchan_buf *buf, struct va_stream *stream, const struct vmatlas_record *rec)
{
	size_t size;

	/* A CPU that was offline when the channel was opened has no buffer until it comes up. */
	if (unlikely(!buf))
		return false;
	size = va_size(buf->chan);
	if (stream->head - smp_load_acquire(&stream->tail) + sizeof(*rec) > size)
		return false;
	memcpy(buf->start + stream->head % size, rec, sizeof(*rec));
	smp_store_release(&stream->head, stream->head + sizeof(*rec));
	buf->offset += sizeof(*rec);
	/* Makes poll() see it. */
	if (buf->offset == buf->chan->subbuf_size)
		relay_switch_subbuf(buf, 0);
	return true;
}

static bool va_write(enum vmatlas_channel channel, struct vmatlas_record *rec, u64 ts)
{
	struct va_cpu *cpu = this_cpu_ptr(&va_cpus);
	struct va_stream *stream = &cpu->stream[channel];

	cpu->last = max(cpu->last, ts);
	rec->head.ts = cpu->last;
	rec->head.seq = stream->seq++;
	if (va_put(*this_cpu_ptr(va_chan[channel]->buf), stream, rec)) {
		stream->totals.written++;
		return true;
	}
	stream->totals.lost++;
	return false;
}

/* Of what a map is known by. Other records are kept, or said again, or missed by nobody who draws a map. */
static bool va_tears(u16 type)
{
	return type == VMATLAS_RANGE || type == VMATLAS_VMA || type == VMATLAS_TEXT;
}

void va_channel_lose(enum vmatlas_channel channel)
{
	struct va_stream *stream;
	unsigned long flags;

	local_irq_save(flags);
	stream = &this_cpu_ptr(&va_cpus)->stream[channel];
	stream->seq++;
	stream->totals.lost++;
	local_irq_restore(flags);
}

bool va_channel_write_at(struct vmatlas_record *rec, u64 ts)
{
	enum vmatlas_channel channel = rec->head.type == VMATLAS_FAULT ? VMATLAS_CHANNEL_FAULTS : VMATLAS_CHANNEL_TRUTH;
	unsigned long flags;
	bool ok;

	if (WARN_ON_ONCE(in_nmi()))
		return false;
	local_irq_save(flags);
	ok = va_write(channel, rec, ts ?: va_clock());
	local_irq_restore(flags);
	if (unlikely(!ok) && va_tears(rec->head.type))
		va_channel_doubt();
	return ok;
}

bool va_channel_write(struct vmatlas_record *rec)
{
	return va_channel_write_at(rec, 0);
}

bool va_channel_room(unsigned int records)
{
	struct rchan *chan = va_chan[VMATLAS_CHANNEL_TRUTH];
	struct va_stream *stream = &this_cpu_ptr(&va_cpus)->stream[VMATLAS_CHANNEL_TRUTH];

	if (!*this_cpu_ptr(chan->buf))
		return false;
	return (va_size(chan) - (stream->head - READ_ONCE(stream->tail))) / VMATLAS_RECORD_SIZE >= records;
}

struct va_totals va_channel_totals(int cpu, enum vmatlas_channel channel)
{
	struct va_stream *stream = &per_cpu_ptr(&va_cpus, cpu)->stream[channel];
	struct va_totals totals = {
		.written = READ_ONCE(stream->totals.written),
		.lost = READ_ONCE(stream->totals.lost),
	};

	return totals;
}
