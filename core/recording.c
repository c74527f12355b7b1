/* See recording.h. */
#include "recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "decode.h"
#include "limits.h"

#define READ_BYTES (64u << 10) /* packed, a piece is some thousand records */

struct meta {
	char *key, *value; /* one allocation, owned by key */
};

struct held {
	struct vmatlas_record rec;
	__u32 cpu;
};

struct va_recording {
	struct va_decoder *decoder;
	struct va_texts *texts;
	struct va_objects *objects;
	struct va_merge *merge;     /* NULL until the header is there; so is history */
	struct va_history *history; /* NULL where records are diverted */
	void (*divert)(void *ctx, const struct vmatlas_record *rec, __u32 cpu);
	void *divert_ctx;
	size_t limit;               /* of the history, bytes; 0 = none */
	bool holding;               /* records that came out wait in held: [held_head, held_tail) */
	struct held *held;
	size_t held_head, held_tail, held_room;
	bool any;                   /* a record came out */
	struct vmatlas_stream_header header;
	struct meta *metas;
	size_t meta_count, meta_room;
	struct vmatlas_totals *totals, *first_totals;
	size_t total_count, first_count;
	bool running;               /* a RECORDS or ROUND was there */
	struct vmatlas_end end;
	bool has_end;
	__u64 malformed;            /* OBJECT and META chunks without effect */
	int fd;                     /* of the file being read; -1 = none */
	const char *name;           /* of it, borrowed */
	char *piece;                /* owned; NULL = nothing is being read */
	__u64 file_bytes, read_bytes;
};

static void out(void *ctx, const struct vmatlas_record *rec, __u32 cpu)
{
	struct va_recording *r = ctx;

	if (!r->holding) {
		va_history_append(r->history, rec, cpu);
		return;
	}
	r->held = va_grow(r->held, &r->held_room, r->held_tail + 1, sizeof(*r->held));
	r->held[r->held_tail++] = (struct held){ *rec, cpu };
}

static void out_of_hand(void *ctx, const struct vmatlas_record *rec, __u32 cpu)
{
	struct va_recording *r = ctx;

	r->any = true;
	r->divert(r->divert_ctx, rec, cpu);
}

static int on_header(void *ctx, const struct vmatlas_stream_header *header)
{
	struct va_recording *r = ctx;

	r->header = *header;
	r->merge = va_merge_new(header->cpus, r->divert ? out_of_hand : out, r);
	if (!r->divert) {
		r->history = va_history_new(header, r->texts);
		va_history_limit(r->history, r->limit);
	}
	return 0;
}

static struct meta *find_meta(const struct va_recording *r, const char *key)
{
	for (size_t i = 0; i < r->meta_count; i++)
		if (!strcmp(r->metas[i].key, key))
			return &r->metas[i];
	return NULL;
}

static void on_meta(struct va_recording *r, const char *payload, size_t bytes)
{
	if (bytes > VA_LIMIT_META_BYTES || r->meta_count >= VA_LIMIT_META) {
		r->malformed++;
		return;
	}
	char *copy = va_alloc(bytes + 1);

	memcpy(copy, payload, bytes);
	struct meta new = { copy, copy + strlen(copy) + 1 }, *known = find_meta(r, copy);

	if (known) {
		free(known->key);
		*known = new;
		return;
	}
	r->metas = va_grow(r->metas, &r->meta_room, r->meta_count + 1, sizeof(*r->metas));
	r->metas[r->meta_count++] = new;
}

/* What the module had counted when the recording began: the numbers start there. */
static void on_first_totals(struct va_recording *r, const void *payload, size_t bytes)
{
	free(r->first_totals);
	r->first_totals = va_alloc(bytes);
	memcpy(r->first_totals, payload, bytes);
	r->first_count = bytes / sizeof(*r->first_totals);
	for (size_t i = 0; i < r->first_count; i++) {
		const struct vmatlas_totals *t = &r->first_totals[i];

		va_merge_begin(r->merge, t->cpu, t->channel, t->written + t->lost, r->header.start_mono);
	}
}

static void on_totals(struct va_recording *r, const void *payload, size_t bytes)
{
	if (!r->running && !r->first_totals)
		on_first_totals(r, payload, bytes);
	free(r->totals);
	r->totals = va_alloc(bytes);
	memcpy(r->totals, payload, bytes);
	r->total_count = bytes / sizeof(*r->totals);
}

static int on_chunk(void *ctx, const struct vmatlas_chunk *chunk, const void *payload)
{
	struct va_recording *r = ctx;

	switch (chunk->kind) {
	case VMATLAS_CHUNK_RECORDS:
		r->running = true;
		va_merge_records(r->merge, chunk->cpu, chunk->channel, payload, chunk->bytes / sizeof(struct vmatlas_record));
		break;
	case VMATLAS_CHUNK_ROUND:
		r->running = true;
		va_merge_round(r->merge, chunk->drained);
		break;
	case VMATLAS_CHUNK_META:
		on_meta(r, payload, chunk->bytes);
		break;
	case VMATLAS_CHUNK_OBJECT:
		r->malformed += !va_objects_add(r->objects, payload, chunk->bytes);
		break;
	case VMATLAS_CHUNK_TEXT:
		r->malformed += !va_texts_put(r->texts, payload, chunk->bytes);
		break;
	case VMATLAS_CHUNK_TOTALS:
		on_totals(r, payload, chunk->bytes);
		break;
	case VMATLAS_CHUNK_END:
		memcpy(&r->end, payload, sizeof(r->end));
		r->has_end = true;
		break;
	}
	return 0;
}

struct va_recording *va_recording_new(void)
{
	static const struct va_decoder_ops ops = { .header = on_header, .chunk = on_chunk };
	struct va_recording *r = va_alloc(sizeof(*r));

	r->decoder = va_decoder_new(&ops, r);
	r->texts = va_texts_new();
	r->objects = va_objects_new();
	r->fd = -1;
	return r;
}

void va_recording_divert(struct va_recording *r, void (*to)(void *ctx, const struct vmatlas_record *rec, __u32 cpu), void *ctx)
{
	r->divert = to;
	r->divert_ctx = ctx;
}

void va_recording_limit(struct va_recording *r, size_t bytes)
{
	r->limit = bytes;
}

void va_recording_hold(struct va_recording *r)
{
	r->holding = true;
}

size_t va_recording_held(const struct va_recording *r)
{
	return r->held_tail - r->held_head;
}

void va_recording_let(struct va_recording *r, size_t n)
{
	for (; n && r->held_head < r->held_tail; n--, r->held_head++)
		va_history_append(r->history, &r->held[r->held_head].rec, r->held[r->held_head].cpu);
	if (r->held_head == r->held_tail)
		r->held_head = r->held_tail = 0;
}

static void close_file(struct va_recording *r);

void va_recording_free(struct va_recording *r)
{
	if (!r)
		return;
	close_file(r);
	va_decoder_free(r->decoder);
	va_merge_free(r->merge);
	va_history_free(r->history);
	va_objects_free(r->objects);
	va_texts_free(r->texts);
	for (size_t i = 0; i < r->meta_count; i++)
		free(r->metas[i].key);
	free(r->metas);
	free(r->totals);
	free(r->first_totals);
	free(r->held);
	free(r);
}

int va_recording_feed(struct va_recording *r, const void *bytes, size_t n)
{
	return va_decoder_feed(r->decoder, bytes, n);
}

/* Only the totals of a recording that ended are exact: earlier ones count records that were not drained yet. */
static void note_losses_at_end(struct va_recording *r)
{
	for (size_t i = 0; r->has_end && i < r->total_count; i++)
		va_merge_total(r->merge, r->totals[i].cpu, r->totals[i].channel, r->totals[i].written + r->totals[i].lost, r->end.ts);
}

void va_recording_finish(struct va_recording *r)
{
	if (!r->merge)
		return;
	note_losses_at_end(r);
	va_merge_flush(r->merge);
}

/* Anything but a clean end: one sentence. */
static int judge(const struct va_recording *r, const char *name, int error)
{
	unsigned long long good = va_decoder_taken(r->decoder);

	if (error && !(r->history ? va_history_count(r->history) : r->any))
		return fprintf(stderr, "vmatlas: %s: %s\n", name, va_decode_strerror(error)), -1;
	if (!r->merge)
		return fprintf(stderr, "vmatlas: %s: %s\n", name, good || va_decoder_pending(r->decoder) ?
			       "cut off within its head: not a readable recording" : "empty: not a recording"), -1;
	if (error)
		fprintf(stderr, "vmatlas: %s: %s at byte %llu; what comes before is used\n", name, va_decode_strerror(error), good);
	else if (va_decoder_pending(r->decoder) || !r->has_end)
		fprintf(stderr, "vmatlas: %s: cut off, used up to its last whole block (byte %llu)\n", name, good);
	return 0;
}

int va_recording_open(struct va_recording *r, const char *path)
{
	bool standard = !strcmp(path, "-");
	struct stat stat;

	r->name = standard ? "standard input" : path;
	r->fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (r->fd < 0)
		return fprintf(stderr, "vmatlas: %s: %s\n", r->name, strerror(errno)), -1;
	r->file_bytes = !fstat(r->fd, &stat) && S_ISREG(stat.st_mode) ? (__u64)stat.st_size : 0;
	r->read_bytes = 0;
	r->piece = va_alloc_raw(READ_BYTES);
	return 0;
}

static void close_file(struct va_recording *r)
{
	if (r->fd > STDIN_FILENO)
		close(r->fd);
	r->fd = -1;
	free(r->piece);
	r->piece = NULL;
	va_decoder_rest(r->decoder);
}

int va_recording_step(struct va_recording *r)
{
	int error = 0;
	ssize_t n;

	do
		n = read(r->fd, r->piece, READ_BYTES);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fprintf(stderr, "vmatlas: %s: %s\n", r->name, strerror(errno)), close_file(r), -1;
	r->read_bytes += (__u64)n;
	if (n)
		error = va_recording_feed(r, r->piece, (size_t)n);
	if (n && !error)
		return 1;
	close_file(r);
	va_recording_finish(r);
	return judge(r, r->name, error);
}

void va_recording_stop(struct va_recording *r)
{
	close_file(r);
	va_recording_finish(r);
}

double va_recording_part(const struct va_recording *r)
{
	return r->file_bytes ? (double)r->read_bytes / (double)r->file_bytes : 0;
}

int va_recording_load(struct va_recording *r, const char *path)
{
	int more = va_recording_open(r, path);

	if (more)
		return more;
	do
		more = va_recording_step(r);
	while (more > 0);
	return more;
}

bool va_recording_ready(const struct va_recording *r)
{
	return r->merge;
}

const struct vmatlas_stream_header *va_recording_header(const struct va_recording *r)
{
	return &r->header;
}

struct va_history *va_recording_history(struct va_recording *r)
{
	return r->history;
}

struct va_texts *va_recording_texts(struct va_recording *r)
{
	return r->texts;
}

struct va_objects *va_recording_objects(struct va_recording *r)
{
	return r->objects;
}

const struct va_merge *va_recording_merge(const struct va_recording *r)
{
	return r->merge;
}

const char *va_recording_meta(const struct va_recording *r, const char *key)
{
	const struct meta *m = find_meta(r, key);

	return m ? m->value : NULL;
}

const struct vmatlas_totals *va_recording_totals(const struct va_recording *r, size_t *n)
{
	*n = r->total_count;
	return r->totals;
}

const struct vmatlas_totals *va_recording_first_totals(const struct va_recording *r, size_t *n)
{
	*n = r->first_count;
	return r->first_totals;
}

const struct vmatlas_end *va_recording_end(const struct va_recording *r)
{
	return r->has_end ? &r->end : NULL;
}

__u64 va_recording_malformed(const struct va_recording *r)
{
	return r->malformed + va_decoder_unknown(r->decoder);
}
