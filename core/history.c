/*
 * See history.h. Records stand in chunks; those that nobody looks at are packed. Checkpoints stand at first every 4,096 records; when they cost too much memory, every
 * second one is given up and the distance doubles. Who goes back leaves some more behind, ever closer to where he stands, so that the next step back is short.
 */
#include "history.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "checkpoint.h"
#include "lives.h"
#include "store.h"

#define CHECKPOINT_FIRST 4096
#define CHECKPOINT_LAST (1u << 20)
#define CHECKPOINTS_MAX 2048            /* distance doubles beyond, … */
#define CHECKPOINT_MEMORY (160u << 20)  /* … or when pages held by all models, packed or not, pass this */
#define PACK_SOON 2                     /* checkpoints so many before the newest are packed, … */
#define PACK_LATER 16                   /* … and what they had in common with newer ones until then */
#define SKIP_FROM 4096                  /* shorter ways are gone record by record */
#define COPY_FROM 4096                  /* who goes so far to the end takes a copy of the latest model */
#define NEAR_MAX 24                     /* left behind by who goes back … */
#define NEAR_FIRST 64                   /* … at this distance in records, twice that, and so on */

struct mark {
	size_t at; /* position just after it */
	__u64 text;
};

struct va_history {
	struct va_store *store;
	size_t limit;       /* bytes; 0 = none */
	size_t first;       /* records before it were given up; then points[0] stands there and has all of the truth */
	__u64 first_ts;
	struct va_texts *texts; /* borrowed */
	struct vmatlas_stream_header header;
	struct va_model *latest; /* owned */
	struct va_checkpoint *points;
	size_t point_count, point_room, distance;
	struct va_checkpoint near[NEAR_MAX]; /* ascending */
	size_t near_count;
	struct va_lives lives;
	size_t *gone;  /* blocks of maps that were given up (va_model_forget()), in the order in which they were */
	size_t gone_count, gone_room;
	size_t share_next; /* tasks that were looked at last by share() */
	size_t *odd;   /* records that were invalid, stray, about a map that had ended, or healed one */
	size_t odd_count, odd_room;
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
		va_checkpoint_free(&h->points[i]);
	for (size_t i = 0; i < h->near_count; i++)
		va_checkpoint_free(&h->near[i]);
	free(h->points);
	free(h->marks);
	va_lives_free(&h->lives);
	free(h->gone);
	free(h->odd);
	va_model_free(h->latest);
	va_store_free(h->store);
	free(h);
}

/* Is there an odd record among [from, to)? */
static bool odd_between(const struct va_history *h, size_t from, size_t to)
{
	size_t lo = 0, hi = h->odd_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (h->odd[mid] <= from)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < h->odd_count && h->odd[lo] <= to;
}

/*
 * Of a map whose whole life lies between the checkpoint before this one and the next (at `now`), this one needs no more than its last state, which the latest model has, too: who seeks a moment at which it lived starts
 * from the checkpoint before. Most processes are short, and their pages would be most of what checkpoints hold.
 */
static void strip(struct va_history *h, struct va_checkpoint *point, const struct va_checkpoint *before, size_t now)
{
	struct va_skip skip = { .last = h->latest };
	size_t from = before ? before->at : 0, i = before ? va_model_map_count(before->model) : 0;

	if (h->first && point == h->points)
		return; /* there is nothing before it to start from */
	if (odd_between(h, from, now))
		return;
	for (size_t end = va_model_map_count(point->model); i < end; i++) {
		const struct va_life *l = &h->lives.life[i];

		if (!l->rested || l->rested <= point->at || l->rested > now || l->last > now || l->forked > point->at || !va_model_may_skip(h->latest, i))
			continue;
		va_model_skip_known(point->model, &skip, i);
		if (l->rested > point->clean)
			point->clean = l->rested;
		if (l->last > point->clean)
			point->clean = l->last;
	}
}

static void thin_checkpoints(struct va_history *h)
{
	size_t kept = 0;

	h->distance *= 2;
	for (size_t i = 0; i < h->point_count; i++) {
		if (h->points[i].at % h->distance && !(h->first && !i))
			va_checkpoint_free(&h->points[i]);
		else
			h->points[kept++] = h->points[i];
	}
	h->point_count = kept;
	for (size_t i = 0; i + 1 < kept; i++)
		strip(h, &h->points[i], i ? &h->points[i - 1] : NULL, h->points[i + 1].at);
	for (size_t i = 0; i + 1 < kept; i++)
		va_checkpoint_pack(&h->points[i]);
}

/* The one so many before the newest: what goes on has changed since what it had in common with it, or given it up. */
static void pack_before(struct va_history *h, size_t back)
{
	if (h->point_count > back)
		va_checkpoint_pack(&h->points[h->point_count - 1 - back]);
}

static void add_checkpoint(struct va_history *h, size_t at)
{
	bool dear = h->point_count >= CHECKPOINTS_MAX || va_pages_memory() > CHECKPOINT_MEMORY;

	if (dear && h->distance < CHECKPOINT_LAST && h->point_count > 8)
		thin_checkpoints(h);
	if (at % h->distance)
		return;
	h->points = va_grow(h->points, &h->point_room, h->point_count + 1, sizeof(*h->points));
	h->points[h->point_count++] = (struct va_checkpoint){ .at = at, .model = va_model_clone(h->latest), .clean = at };
	if (h->point_count > 1)
		strip(h, &h->points[h->point_count - 2], h->point_count > 2 ? &h->points[h->point_count - 3] : NULL, at);
	pack_before(h, PACK_SOON);
	pack_before(h, PACK_LATER);
}

static void add_mark(struct va_history *h, size_t at, __u64 text)
{
	h->marks = va_grow(h->marks, &h->mark_room, h->mark_count + 1, sizeof(*h->marks));
	h->marks[h->mark_count++] = (struct mark){ at, text };
}

static __u64 oddities(const struct va_model *m)
{
	const struct va_model_counts *c = va_model_counts(m);

	return c->invalid + c->stray + c->healed;
}

/* About a map that has ended, and of a kind that may change it all the same. */
static bool is_late(const struct va_history *h, const struct vmatlas_record *rec)
{
	unsigned type = rec->head.type;
	size_t i = type == VMATLAS_EXIT || type == VMATLAS_FAULT || type == VMATLAS_OP ? VA_NO_MAP : va_model_map_index(h->latest, rec->head.mm);

	return i != VA_NO_MAP && i < h->lives.count && h->lives.life[i].ended;
}

/* Of n elements the first `gone` go; how many are left. */
static size_t cut(void *array, size_t n, size_t gone, size_t size)
{
	if (gone)
		memmove(array, (char *)array + gone * size, (n - gone) * size);
	return n - gone;
}

/* All that tells of positions before h->first. */
static void forget(struct va_history *h)
{
	size_t n = 0;

	while (n < h->odd_count && h->odd[n] <= h->first)
		n++;
	h->odd_count = cut(h->odd, h->odd_count, n, sizeof(*h->odd));
	for (n = 0; n < h->mark_count && h->marks[n].at <= h->first;)
		n++;
	h->mark_count = cut(h->marks, h->mark_count, n, sizeof(*h->marks));
	for (n = 0; n < h->near_count && h->near[n].at <= h->first;)
		va_checkpoint_free(&h->near[n++]);
	h->near_count = cut(h->near, h->near_count, n, sizeof(*h->near));
	va_store_drop(h->store, h->first);
}

static struct va_model *begin_at(struct va_history *h, const struct va_checkpoint *point, size_t *at);

/* Maps that were over before anything that is kept. A map's index goes on to say that there was one. */
static void forget_maps(struct va_history *h)
{
	for (size_t block = 0; (block + 1) * VA_FORGET_MAPS <= h->lives.count; block++) {
		if (!va_model_may_forget(h->latest, block) || !va_lives_over(&h->lives, block * VA_FORGET_MAPS, VA_FORGET_MAPS, h->first))
			continue;
		va_model_forget(h->latest, block);
		for (size_t i = 0; i < h->point_count; i++)
			va_model_forget(h->points[i].model, block);
		for (size_t i = 0; i < h->near_count; i++)
			va_model_forget(h->near[i].model, block);
		h->gone = va_grow(h->gone, &h->gone_room, h->gone_count + 1, sizeof(*h->gone));
		h->gone[h->gone_count++] = block;
	}
}

/* A model that is not the history's own learns late of what was forgotten. */
static void follow_gone(const struct va_history *h, struct va_model *model)
{
	while (va_model_forgotten(model) < h->gone_count)
		va_model_forget(model, h->gone[va_model_forgotten(model)]);
}

/* The history begins at checkpoint i, or as soon behind it as that leads to the whole truth. */
static void begin_with(struct va_history *h, size_t i)
{
	size_t at;
	struct va_model *base = begin_at(h, &h->points[i], &at);

	for (size_t k = 0; k <= i; k++)
		va_checkpoint_free(&h->points[k]);
	memmove(&h->points[1], &h->points[i + 1], (h->point_count - i - 1) * sizeof(*h->points));
	h->point_count -= i;
	h->points[0] = (struct va_checkpoint){ .at = at, .model = base, .clean = at };
	h->first_ts = va_store_get(h->store, at - 1, NULL)->head.ts;
	h->first = at;
	forget(h);
	forget_maps(h);
}

static size_t memory(const struct va_history *h)
{
	return va_store_memory(h->store) + (va_store_count(h->store) - h->first) * VA_HISTORY_DERIVED;
}

/* A sixteenth of what is kept goes; where checkpoints stand farther apart, up to the next one. */
static void give_up(struct va_history *h)
{
	size_t target = h->first + (va_store_count(h->store) - h->first) / 16;

	for (size_t i = h->first ? 1 : 0; i < h->point_count; i++)
		if (h->points[i].at >= target && h->points[i].at > h->first && i + 1 < h->point_count)
			return begin_with(h, i);
}

void va_history_append(struct va_history *h, const struct vmatlas_record *rec, __u32 cpu)
{
	__u64 odd = oddities(h->latest);

	va_store_append(h->store, rec, cpu);
	va_model_apply(h->latest, rec);
	size_t count = va_store_count(h->store);

	bool late = is_late(h, rec);

	va_lives_follow(&h->lives, h->latest, rec, count);
	if (late || oddities(h->latest) != odd) {
		h->odd = va_grow(h->odd, &h->odd_room, h->odd_count + 1, sizeof(*h->odd));
		h->odd[h->odd_count++] = count;
	}
	if (rec->head.type == VMATLAS_MARK)
		add_mark(h, count, rec->mark.text);
	if (count % h->distance == 0)
		add_checkpoint(h, count);
	if (h->limit && count % CHECKPOINT_FIRST == 0 && memory(h) > h->limit)
		give_up(h);
}

void va_history_limit(struct va_history *h, size_t bytes)
{
	h->limit = bytes;
}

size_t va_history_first(const struct va_history *h)
{
	return h->first;
}

__u64 va_history_kept_from(struct va_history *h)
{
	return h->first ? h->first_ts : h->header.start_mono;
}

size_t va_history_count(const struct va_history *h)
{
	return va_store_count(h->store);
}

const struct vmatlas_record *va_history_record(struct va_history *h, size_t i, __u32 *cpu)
{
	static const struct vmatlas_record none;

	if (i < h->first) {
		if (cpu)
			*cpu = 0;
		return &none;
	}
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
	size_t i = va_store_find_time(h->store, ts);

	return i > h->first ? i : h->first;
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

	for (size_t i = p > h->first ? p : h->first; i < count; i++) {
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

	while (i-- > h->first) {
		i = va_store_skip_back(h->store, i, type);
		if (i == (size_t)-1 || i < h->first)
			break;
		const struct vmatlas_record *rec = va_store_get(h->store, i, NULL);

		if ((!type || rec->head.type == type) && (!tgid || rec->head.tgid == tgid))
			return i;
	}
	return (size_t)-1;
}

/* The last checkpoint at or before p, NULL = none. */
static const struct va_checkpoint *checkpoint_before(const struct va_history *h, size_t p)
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

/* The last checkpoint from which records lead to the whole truth at p, NULL = none. */
static const struct va_checkpoint *start_for(const struct va_history *h, size_t p)
{
	const struct va_checkpoint *point = checkpoint_before(h, p);

	return point && p < point->clean ? (point > h->points ? point - 1 : NULL) : point;
}

/* A map that lives on has its pages from the one it was forked off, so that one is gone through as well. */
static void keep_parents(const struct va_history *h, struct va_skip *skip, size_t first, size_t to)
{
	size_t end = first;

	while (end < h->lives.count && h->lives.life[end].born < to)
		end++;
	while (end-- > first)
		if (skip->map[end] == VA_SKIP_NOT && h->lives.life[end].parent != VA_NO_MAP)
			skip->map[h->lives.life[end].parent] = VA_SKIP_NOT;
}

/* Which maps end between here and there, and so long before that their pages will have been given up. */
static void choose(const struct va_history *h, struct va_model *model, size_t from, size_t to, struct va_skip *skip)
{
	size_t known = va_model_map_count(model), begin = va_lives_ended_at(&h->lives, from), end = va_lives_ended_at(&h->lives, to);

	skip->last = h->latest;
	skip->count = h->lives.count;
	skip->map = va_alloc(skip->count + 1);
	end = end > VA_ENDED_WITH_PAGES ? end - VA_ENDED_WITH_PAGES : 0;
	for (size_t k = begin; k < end; k++)
		if (h->lives.life[h->lives.ends[k]].last <= to && va_model_may_skip(h->latest, h->lives.ends[k]))
			skip->map[h->lives.ends[k]] = VA_SKIP;
	keep_parents(h, skip, known, to);
	for (size_t k = begin; k < end; k++)
		if (skip->map[h->lives.ends[k]] && h->lives.ends[k] < known)
			va_model_skip_known(model, skip, h->lives.ends[k]);
}

static void go_skipping(struct va_history *h, struct va_model *model, size_t from, size_t to)
{
	struct va_skip skip;

	choose(h, model, from, to, &skip);
	for (; from < to; from++)
		va_model_apply_skipping(model, &skip, va_store_get(h->store, from, NULL));
	free(skip.map);
}

/* What rests since `ended` maps had ended is the last state of a map, which the latest model has, too; and most tasks have ended. However many models stand near here, they stand in memory once. */
static void share(struct va_history *h, struct va_model *model, size_t ended, size_t to)
{
	struct va_skip skip = { .last = h->latest };
	size_t rested = va_model_ended(model);

	for (size_t k = ended > VA_ENDED_WITH_PAGES ? ended - VA_ENDED_WITH_PAGES : 0; k + VA_ENDED_WITH_PAGES < rested; k++) {
		size_t i = h->lives.ends[k];

		if (h->lives.life[i].last <= to && va_model_may_skip(h->latest, i))
			va_model_skip_known(model, &skip, i);
	}
	if (rested > ended)
		va_model_share_tasks(model, h->latest, h->share_next++ % (va_model_task_count(model) / VA_FORGET_MAPS + 1));
}

static void go_forward(struct va_history *h, struct va_model *model, size_t from, size_t to)
{
	size_t ended = va_model_ended(model);

	if (to > from && to - from > SKIP_FROM && !odd_between(h, from, to)) {
		go_skipping(h, model, from, to);
	} else {
		for (; from < to; from++)
			va_model_apply(model, va_store_get(h->store, from, NULL));
	}
	share(h, model, ended, to);
}

/* A model to go on from towards a position that `point` leads to; *at is where it stands. */
static struct va_model *begin_at(struct va_history *h, const struct va_checkpoint *point, size_t *at)
{
	*at = point ? point->clean : 0;
	if (!point)
		return va_model_new(&h->header, h->texts);
	struct va_model *model = va_checkpoint_model(point);

	if (point->clean > point->at)
		go_skipping(h, model, point->at, point->clean);
	return model;
}

struct va_model *va_history_model_at(struct va_history *h, size_t p)
{
	size_t count = va_store_count(h->store), at;

	if (p >= count)
		return va_model_clone(h->latest);
	if (p < h->first)
		p = h->first;
	struct va_model *model = begin_at(h, start_for(h, p), &at);

	go_forward(h, model, at, p);
	return model;
}

static void leave(struct va_history *h, size_t at, const struct va_model *model)
{
	if (h->near_count == NEAR_MAX) {
		va_checkpoint_free(&h->near[0]);
		memmove(&h->near[0], &h->near[1], --h->near_count * sizeof(h->near[0]));
	}
	h->near[h->near_count++] = (struct va_checkpoint){ .at = at, .model = va_model_clone(model), .clean = at };
}

/* The same as va_history_model_at() for who will want to go on backwards. */
static struct va_model *back_to(struct va_history *h, size_t to)
{
	const struct va_checkpoint *point = start_for(h, to);

	while (h->near_count && h->near[h->near_count - 1].at > to)
		va_checkpoint_free(&h->near[--h->near_count]);
	if (h->near_count && (!point || h->near[h->near_count - 1].at > point->at))
		point = &h->near[h->near_count - 1];
	size_t at, step = NEAR_FIRST;
	struct va_model *model = begin_at(h, point, &at);

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
	size_t count = va_store_count(h->store);

	if (to > count)
		to = count;
	if (to < h->first)
		to = h->first;
	follow_gone(h, *model);
	const struct va_checkpoint *point = start_for(h, to);

	if (to == count && to > *p && to - *p > COPY_FROM) {
		va_model_free(*model);
		*model = va_model_clone(h->latest);
	} else if (to >= *p && (!point || point->at <= *p)) {
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
