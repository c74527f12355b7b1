/* See writer.h. Linked statically into the collector: needs columns.c and nothing else of core. */
#include "writer.h"

#include <errno.h>
#include <libdeflate.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zstd.h>

#include "columns.h"
#include "tail.h"

#define BLOCK_BYTES (3u << 20)           /* a block is closed at the first ROUND after this … */
#define BLOCK_BYTES_MAX (4u << 20)       /* … or here, when no ROUND comes */
#define BLOCK_NS 1000000000ull           /* … or, a small one, at the first ROUND this much after it began: what a recorder that is killed may lose */
#define SETTLE_NS 30000000000ull         /* what is older than this the kernel has put on the disk by itself: what replaces it must be there first */
#define LEVEL 1                          /* zstd, of what is left: rows of columns are packed already */
#define HEAD sizeof(struct vmatlas_chunk)

struct va_writer {
	int fd;
	bool pack;
	int error;        /* 0 or -errno: sticky */
	__u64 offset;     /* bytes written, all of them whole chunks */

	/* Whole chunks: what stands at the end of the file in small blocks, to be replaced by one, and behind it the block in the making. */
	char *raw;
	size_t used, room;
	size_t small;         /* bytes of it that stand in the file */
	size_t small_blocks;
	__u64 small_begin;    /* ns */
	struct va_columns_writer *columns;
	char *shaped;     /* what is written, with columns */
	size_t shaped_used, shaped_room;
	struct vmatlas_index_entry block; /* facts of the block in the making */
	__u64 block_begin;                /* ns: its first ROUND or record */

	ZSTD_CCtx *zstd;
	char *packed;
	size_t packed_room;

	struct vmatlas_index_entry *index;
	size_t blocks, index_room;
};

struct va_writer *va_writer_new(int fd, bool pack)
{
	struct va_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->fd = fd;
	w->pack = pack;
	w->zstd = pack ? ZSTD_createCCtx() : NULL;
	w->columns = pack ? va_columns_writer_new() : NULL;
	if (!pack || (w->zstd && w->columns))
		return w;
	va_writer_free(w);
	return NULL;
}

void va_writer_free(struct va_writer *w)
{
	if (!w)
		return;
	ZSTD_freeCCtx(w->zstd);
	va_columns_writer_free(w->columns);
	free(w->raw);
	free(w->shaped);
	free(w->packed);
	free(w->index);
	free(w);
}

__u64 va_writer_bytes(const struct va_writer *w)
{
	return w->offset;
}

static int fail(struct va_writer *w, int error)
{
	if (!w->error)
		w->error = error;
	return w->error;
}

/* A chunk that could not be finished must not stand half written: back to the last whole one, where the file can do that. */
static int fail_write(struct va_writer *w, size_t written, int error)
{
	off_t here = written ? lseek(w->fd, 0, SEEK_CUR) : -1;

	if (here >= (off_t)written && ftruncate(w->fd, here - (off_t)written) == 0)
		lseek(w->fd, here - (off_t)written, SEEK_SET);
	return fail(w, error);
}

static int wait_writable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, -1) < 0 && errno != EINTR ? -errno : 0;
}

static void advance(struct iovec *iov, size_t n)
{
	for (int i = 0; i < 2; i++) {
		size_t step = n < iov[i].iov_len ? n : iov[i].iov_len;

		iov[i].iov_base = (char *)iov[i].iov_base + step;
		iov[i].iov_len -= step;
		n -= step;
	}
}

static int write_all(struct va_writer *w, const void *a, size_t na, const void *b, size_t nb)
{
	struct iovec iov[2] = { { (void *)a, na }, { (void *)b, nb } };

	for (size_t left = na + nb; left; left = iov[0].iov_len + iov[1].iov_len) {
		ssize_t n = writev(w->fd, iov, 2);
		int error = n > 0 ? 0 : n == 0 ? -EIO : errno == EINTR ? 0 : -errno;

		if (error == -EAGAIN)
			error = wait_writable(w->fd);
		if (error)
			return fail_write(w, na + nb - left, error);
		advance(iov, n > 0 ? (size_t)n : 0);
	}
	w->offset += na + nb;
	return 0;
}

static __u32 check_of(const void *payload, size_t bytes)
{
	return libdeflate_crc32(0, payload, bytes);
}

static void complete(struct vmatlas_chunk *c, const void *payload)
{
	c->magic = VMATLAS_CHUNK_MAGIC;
	c->check = check_of(payload, c->bytes);
}

/* Makes room for n more bytes in *buf; false: no memory. */
static bool reserve(char **buf, size_t *room, size_t need)
{
	if (need <= *room)
		return true;
	size_t bigger = *room ? *room * 2 : BLOCK_BYTES + (BLOCK_BYTES >> 2);

	while (bigger < need)
		bigger *= 2;
	char *p = realloc(*buf, bigger);

	if (!p)
		return false;
	*buf = p;
	*room = bigger;
	return true;
}

static bool remember_block(struct va_writer *w, const struct vmatlas_index_entry *block)
{
	char *buf = (char *)w->index;
	size_t room = w->index_room;

	if (!reserve(&buf, &room, (w->blocks + 1) * sizeof(*w->index)))
		return false;
	w->index = (struct vmatlas_index_entry *)buf;
	w->index_room = room;
	w->index[w->blocks++] = *block;
	return true;
}

static void begin_block(struct va_writer *w)
{
	memset(&w->block, 0, sizeof(w->block));
	w->block_begin = 0;
}

static size_t chunk_size(const char *chunk, struct vmatlas_chunk *c)
{
	memcpy(c, chunk, HEAD);
	return HEAD + c->bytes;
}

/* How many of the n bytes at raw are chunks that can go into columns. */
static size_t run_of(const char *raw, size_t n)
{
	struct vmatlas_chunk c;
	size_t at = 0;

	while (at < n) {
		size_t size = chunk_size(raw + at, &c);

		if (!va_columns_take(&c))
			break;
		at += size;
	}
	return at;
}

static bool shape_append(struct va_writer *w, const void *bytes, size_t n)
{
	if (!reserve(&w->shaped, &w->shaped_room, w->shaped_used + n))
		return false;
	if (n)
		memcpy(w->shaped + w->shaped_used, bytes, n);
	w->shaped_used += n;
	return true;
}

static bool shape_run(struct va_writer *w, const char *run, size_t n)
{
	const void *payload;
	size_t size = va_columns_pack(w->columns, run, n, &payload);

	if (!size || HEAD + size >= n)
		return shape_append(w, run, n);
	struct vmatlas_chunk c = { .kind = VMATLAS_CHUNK_COLUMNS, .bytes = (__u32)size };

	complete(&c, payload);
	return shape_append(w, &c, HEAD) && shape_append(w, payload, size);
}

/* Columns in the place of each run of records and rounds; all else stays where it is, for order tells something. */
static bool shape(struct va_writer *w, size_t begin)
{
	struct vmatlas_chunk c;

	w->shaped_used = 0;
	for (size_t at = begin, n; at < w->used; at += n) {
		n = run_of(w->raw + at, w->used - at);
		bool run = n;

		if (!run)
			n = chunk_size(w->raw + at, &c);
		if (!(run ? shape_run(w, w->raw + at, n) : shape_append(w, w->raw + at, n)))
			return false;
	}
	return true;
}

/* What raw holds from `begin` on as one block, in packed; false: no memory. */
static bool pack(struct va_writer *w, size_t begin, const struct vmatlas_index_entry *block, struct vmatlas_chunk *c)
{
	if (!shape(w, begin) || !reserve(&w->packed, &w->packed_room, ZSTD_compressBound(w->shaped_used)))
		return false;
	size_t n = ZSTD_compressCCtx(w->zstd, w->packed, w->packed_room, w->shaped, w->shaped_used, LEVEL);

	if (ZSTD_isError(n))
		return false;
	*c = (struct vmatlas_chunk){ .kind = VMATLAS_CHUNK_BLOCK, .bytes = (__u32)n, .drained = block->drained, .first = block->first };
	complete(c, w->packed);
	return true;
}

static void forget_small(struct va_writer *w)
{
	w->used -= w->small;
	if (w->used)
		memmove(w->raw, w->raw + w->small, w->used);
	w->small = w->small_blocks = 0;
}

/* The block of that many bytes that was just written. */
static bool may_begin_tail(const struct va_writer *w, size_t size)
{
	off_t here = lseek(w->fd, 0, SEEK_CUR);

	return here >= (off_t)size && va_tail_may_begin((__u64)here - size) && va_tail_can(w->fd);
}

/* Closes the block in the making. Its chunks are kept, to be packed together with those of the next ones. */
int va_writer_flush(struct va_writer *w)
{
	struct vmatlas_chunk c;

	if (w->error || w->used == w->small)
		return w->error;
	if (!pack(w, w->small, &w->block, &c))
		return fail(w, -ENOMEM);
	w->block.offset = w->offset;
	if (write_all(w, &c, sizeof(c), w->packed, c.bytes))
		return w->error;
	if (!remember_block(w, &w->block))
		return fail(w, -ENOMEM);
	bool alone = !w->small && !may_begin_tail(w, HEAD + c.bytes);

	if (!w->small)
		w->small_begin = w->block_begin;
	w->small = w->used;
	w->small_blocks++;
	if (alone)
		forget_small(w);
	begin_block(w);
	return 0;
}

/* What all small blocks hold. */
static struct vmatlas_index_entry sum_of_small(const struct va_writer *w)
{
	const struct vmatlas_index_entry *e = &w->index[w->blocks - w->small_blocks];
	struct vmatlas_index_entry sum = *e;

	for (size_t i = 1; i < w->small_blocks; i++) {
		if (e[i].first && (!sum.first || e[i].first < sum.first))
			sum.first = e[i].first;
		if (e[i].drained)
			sum.drained = e[i].drained;
		sum.records += e[i].records;
	}
	return sum;
}

static int replace_small(struct va_writer *w)
{
	struct vmatlas_index_entry sum = sum_of_small(w);
	off_t here = lseek(w->fd, 0, SEEK_CUR);
	__u64 size = w->offset - sum.offset;
	struct vmatlas_chunk c;

	if (here < (off_t)size)
		return 0;
	if (!pack(w, 0, &sum, &c))
		return fail(w, -ENOMEM);
	__u64 at = (__u64)here - size, end = va_tail_replace(w->fd, at, (__u64)here, &c, w->packed, sum.drained > w->small_begin + SETTLE_NS);

	if (!end || lseek(w->fd, (off_t)end, SEEK_SET) != (off_t)end)
		return fail(w, -EIO);
	w->offset += end - (__u64)here;
	if (end == (__u64)here)
		return 0;
	/* One that stands behind the old ones counts there. */
	if (end > (__u64)here)
		sum.offset = w->offset - HEAD - c.bytes;
	w->blocks -= w->small_blocks - 1;
	w->index[w->blocks - 1] = sum;
	return 0;
}

/* Closes the block in the making; the small ones become one, as far as that can be, and what comes begins anew. */
static int settle(struct va_writer *w)
{
	if (va_writer_flush(w) || (w->small_blocks > 1 && replace_small(w)))
		return w->error;
	forget_small(w);
	return 0;
}

int va_writer_header(struct va_writer *w, const struct vmatlas_stream_header *header)
{
	struct vmatlas_stream_header h = *header;

	if (w->error)
		return w->error;
	h.version = w->pack ? VMATLAS_STREAM_COLUMNS : VMATLAS_STREAM_VERSION;
	return write_all(w, &h, sizeof(h), NULL, 0);
}

static void note_facts(struct va_writer *w, const struct vmatlas_chunk *c, const void *payload)
{
	__u64 ts = c->drained;

	if (c->kind == VMATLAS_CHUNK_RECORDS && c->bytes >= VMATLAS_RECORD_SIZE) {
		memcpy(&ts, payload, sizeof(ts));
		if (!w->block.first || ts < w->block.first)
			w->block.first = ts;
		w->block.records += c->bytes / VMATLAS_RECORD_SIZE;
	} else if (c->kind == VMATLAS_CHUNK_ROUND) {
		w->block.drained = c->drained;
	} else {
		return;
	}
	if (!w->block_begin)
		w->block_begin = ts;
}

static int close_what_is_due(struct va_writer *w, const struct vmatlas_chunk *c)
{
	if (c->kind != VMATLAS_CHUNK_ROUND)
		return 0;
	if (w->used >= BLOCK_BYTES)
		return settle(w);
	return c->drained >= w->block_begin + BLOCK_NS ? va_writer_flush(w) : 0;
}

static int gather(struct va_writer *w, const struct vmatlas_chunk *c, const void *payload)
{
	if (w->used && w->used + HEAD + c->bytes > BLOCK_BYTES_MAX && settle(w))
		return w->error;
	if (!reserve(&w->raw, &w->room, w->used + HEAD + c->bytes))
		return fail(w, -ENOMEM);
	memcpy(w->raw + w->used, c, HEAD);
	if (c->bytes)
		memcpy(w->raw + w->used + HEAD, payload, c->bytes);
	w->used += HEAD + c->bytes;
	note_facts(w, c, payload);
	return close_what_is_due(w, c);
}

int va_writer_chunk(struct va_writer *w, const struct vmatlas_chunk *chunk, const void *payload)
{
	struct vmatlas_chunk c = *chunk;

	if (w->error)
		return w->error;
	if (c.kind == VMATLAS_CHUNK_BLOCK || c.kind == VMATLAS_CHUNK_INDEX || c.kind == VMATLAS_CHUNK_END || c.kind == VMATLAS_CHUNK_COLUMNS ||
	    c.kind == VMATLAS_CHUNK_SKIP || c.kind == VMATLAS_CHUNK_SPARE)
		return -EINVAL;
	if (c.bytes > VMATLAS_CHUNK_MAX)
		return -EMSGSIZE;
	complete(&c, payload);
	if (!w->pack)
		return write_all(w, &c, sizeof(c), payload, c.bytes);
	if (c.bytes <= BLOCK_BYTES_MAX)
		return gather(w, &c, payload);
	/* Too big to be packed within VMATLAS_CHUNK_MAX when it does not compress: bare, which is as valid. */
	return settle(w) ? w->error : write_all(w, &c, sizeof(c), payload, c.bytes);
}

int va_writer_meta(struct va_writer *w, const char *key, const char *value)
{
	size_t nkey = strlen(key) + 1, nvalue = strlen(value);
	char *payload = malloc(nkey + nvalue);

	if (!payload)
		return fail(w, -ENOMEM);
	memcpy(payload, key, nkey);
	memcpy(payload + nkey, value, nvalue);
	struct vmatlas_chunk c = { .kind = VMATLAS_CHUNK_META, .bytes = (__u32)(nkey + nvalue) };
	int error = va_writer_chunk(w, &c, payload);

	free(payload);
	return error;
}

static int write_index(struct va_writer *w)
{
	size_t fits = VMATLAS_CHUNK_MAX / sizeof(*w->index);
	size_t n = w->blocks < fits ? w->blocks : fits;
	struct vmatlas_chunk c = { .kind = VMATLAS_CHUNK_INDEX, .bytes = (__u32)(n * sizeof(*w->index)) };

	complete(&c, w->index);
	return n ? write_all(w, &c, sizeof(c), w->index, c.bytes) : 0;
}

int va_writer_end(struct va_writer *w, const struct vmatlas_end *end)
{
	struct vmatlas_chunk c = { .kind = VMATLAS_CHUNK_END, .bytes = sizeof(*end) };

	if (settle(w))
		return w->error;
	complete(&c, end);
	if (write_all(w, &c, sizeof(c), end, sizeof(*end)))
		return w->error;
	return w->pack ? write_index(w) : 0;
}
