/*
 * See history.h. Records stand in chunks; those that nobody looks at are packed. Checkpoints stand at first every 4,096 records; when they cost too much memory, every
 * second one is given up and the distance doubles. Who goes back leaves some more behind, ever closer to where he stands, so that the next step back is short.
 */
#include "history.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "pages.h"
#include "store.h"

#define CHECKPOINT_FIRST 4096
#define CHECKPOINT_LAST (1u << 20)
#define CHECKPOINTS_MAX 512             /* distance doubles beyond, … */
#define CHECKPOINT_MEMORY (384u << 20)  /* … or when pages held by all models pass this */
#define NEAR_MAX 24                     /* left behind by who goes back … */
#define NEAR_FIRST 64                   /* … at this distance in records, twice that, and so on */

struct checkpoint {
	size_t at;
	struct va_model *model; /* owned */
};

struct mark {
	size_t at; /* position just after it */
	__u64 text;
};

struct va_history {
	struct va_store *store;
	struct va_texts *texts; /* borrowed */
	struct vmatlas_stream_header header;
	struct va_model *latest; /* owned */
	struct checkpoint *points;
	size_t point_count, point_room, distance;
	struct checkpoint near[NEAR_MAX]; /* ascending */
	size_t near_count;
	struct mark *marks;
	size_t mark_count, mark_room;
};

struct va_history *va_history_new(const struct vmatlas_stream_header *header, struct va_texts *texts)
{
	struct va_history *h = va_alloc(sizeof(*h));

	h->store = va_store_new();
	h->texts = texts;
	h->header = *header;
	h->latest = va_model_new(header, texts);
	h->distance = CHECKPOINT_FIRST;
	return h;
}

void va_history_free(struct va_history *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->point_count; i++)
		va_model_free(h->points[i].model);
	for (size_t i = 0; i < h->near_count; i++)
		va_model_free(h->near[i].model);
	free(h->points);
	free(h->marks);
	va_model_free(h->latest);
	va_store_free(h->store);
	free(h);
}

static void thin_checkpoints(struct va_history *h)
{
	size_t kept = 0;

	h->distance *= 2;
	for (size_t i = 0; i < h->point_count; i++) {
		if (h->points[i].at % h->distance)
			va_model_free(h->points[i].model);
		else
			h->points[kept++] = h->points[i];
	}
	h->point_count = kept;
}

static void add_checkpoint(struct va_history *h, size_t at)
{
	bool dear = h->point_count >= CHECKPOINTS_MAX || va_pages_memory() > CHECKPOINT_MEMORY;

	if (dear && h->distance < CHECKPOINT_LAST && h->point_count > 8)
		thin_checkpoints(h);
	if (at % h->distance)
		return;
	h->points = va_grow(h->points, &h->point_room, h->point_count + 1, sizeof(*h->points));
	h->points[h->point_count++] = (struct checkpoint){ at, va_model_clone(h->latest) };
}

static void add_mark(struct va_history *h, size_t at, __u64 text)
{
	h->marks = va_grow(h->marks, &h->mark_room, h->mark_count + 1, sizeof(*h->marks));
	h->marks[h->mark_count++] = (struct mark){ at, text };
}

void va_history_append(struct va_history *h, const struct vmatlas_record *rec, __u32 cpu)
{
	va_store_append(h->store, rec, cpu);
	va_model_apply(h->latest, rec);
	size_t count = va_store_count(h->store);

	if (rec->head.type == VMATLAS_MARK)
		add_mark(h, count, rec->mark.text);
	if (count % h->distance == 0)
		add_checkpoint(h, count);
}

size_t va_history_count(const struct va_history *h)
{
	return va_store_count(h->store);
}

const struct vmatlas_record *va_history_record(struct va_history *h, size_t i, __u32 *cpu)
{
	return va_store_get(h->store, i, cpu);
}

__u64 va_history_time(struct va_history *h, size_t i)
{
	return va_store_get(h->store, i, NULL)->head.ts;
}

__u64 va_history_begin(const struct va_history *h)
{
	return h->header.start_mono;
}

__u64 va_history_end(const struct va_history *h)
{
	return va_store_end(h->store);
}

size_t va_history_find_time(struct va_history *h, __u64 ts)
{
	return va_store_find_time(h->store, ts);
}

size_t va_history_mark_count(const struct va_history *h)
{
	return h->mark_count;
}

size_t va_history_mark(const struct va_history *h, size_t i, const char **name)
{
	*name = va_texts_get(h->texts, h->marks[i].text);
	return h->marks[i].at;
}

size_t va_history_find_mark(struct va_history *h, const char *name)
{
	for (size_t i = 0; i < h->mark_count; i++) {
		const char *text = va_texts_get(h->texts, h->marks[i].text);

		if (text && !strcmp(text, name))
			return h->marks[i].at;
	}
	return (size_t)-1;
}

size_t va_history_next(struct va_history *h, size_t p, unsigned type, __u32 tgid)
{
	size_t count = va_store_count(h->store);

	for (size_t i = p; i < count; i++) {
		i = va_store_skip(h->store, i, type);
		if (i >= count)
			break;
		const struct vmatlas_record *rec = va_store_get(h->store, i, NULL);

		if ((!type || rec->head.type == type) && (!tgid || rec->head.tgid == tgid))
			return i;
	}
	return (size_t)-1;
}

size_t va_history_prev(struct va_history *h, size_t p, unsigned type, __u32 tgid)
{
	size_t i = p < va_store_count(h->store) ? p : va_store_count(h->store);

	while (i-- > 0) {
		i = va_store_skip_back(h->store, i, type);
		if (i == (size_t)-1)
			break;
		const struct vmatlas_record *rec = va_store_get(h->store, i, NULL);

		if ((!type || rec->head.type == type) && (!tgid || rec->head.tgid == tgid))
			return i;
	}
	return (size_t)-1;
}

/* The last checkpoint at or before p, NULL = none. */
static const struct checkpoint *checkpoint_before(const struct va_history *h, size_t p)
{
	size_t lo = 0, hi = h->point_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (h->points[mid].at <= p)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? &h->points[lo - 1] : NULL;
}

static void go_forward(struct va_history *h, struct va_model *model, size_t from, size_t to)
{
	for (; from < to; from++)
		va_model_apply(model, va_store_get(h->store, from, NULL));
}

struct va_model *va_history_model_at(struct va_history *h, size_t p)
{
	size_t count = va_store_count(h->store);

	if (p >= count)
		return va_model_clone(h->latest);
	const struct checkpoint *point = checkpoint_before(h, p);
	struct va_model *model = point ? va_model_clone(point->model) : va_model_new(&h->header, h->texts);

	go_forward(h, model, point ? point->at : 0, p);
	return model;
}

static void leave(struct va_history *h, size_t at, const struct va_model *model)
{
	if (h->near_count == NEAR_MAX) {
		va_model_free(h->near[0].model);
		memmove(&h->near[0], &h->near[1], --h->near_count * sizeof(h->near[0]));
	}
	h->near[h->near_count++] = (struct checkpoint){ at, va_model_clone(model) };
}

/* The same as va_history_model_at() for who will want to go on backwards. */
static struct va_model *back_to(struct va_history *h, size_t to)
{
	const struct checkpoint *point = checkpoint_before(h, to);

	while (h->near_count && h->near[h->near_count - 1].at > to)
		va_model_free(h->near[--h->near_count].model);
	if (h->near_count && (!point || h->near[h->near_count - 1].at > point->at))
		point = &h->near[h->near_count - 1];
	size_t at = point ? point->at : 0, step = NEAR_FIRST;
	struct va_model *model = point ? va_model_clone(point->model) : va_model_new(&h->header, h->texts);

	while (step * 2 < to - at)
		step *= 2;
	for (; step >= NEAR_FIRST && step < to - at; step /= 2) {
		go_forward(h, model, at, to - step);
		at = to - step;
		leave(h, at, model);
	}
	go_forward(h, model, at, to);
	return model;
}

void va_history_move(struct va_history *h, struct va_model **model, size_t *p, size_t to)
{
	const struct checkpoint *point = checkpoint_before(h, to);

	if (to > va_store_count(h->store))
		to = va_store_count(h->store);
	if (to >= *p && (!point || point->at <= *p)) {
		go_forward(h, *model, *p, to);
	} else if (to != *p) {
		bool back = to < *p;

		va_model_free(*model);
		*model = back ? back_to(h, to) : va_history_model_at(h, to);
	}
	*p = to;
}

const struct va_model *va_history_latest(const struct va_history *h)
{
	return h->latest;
}
