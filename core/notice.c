/* See notice.h: goes along with a position, asks the detectors, keeps what they said. */
#include "notice.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "notice_parts.h"

#define NOTICE_CHECKPOINT 16384 /* records; doubles when there are many */
#define CHECKPOINTS_MAX 64
#define LOOK_EVERY 8            /* updates, on a long way */
#define NOWHERE ((size_t)-1)

struct state {
	struct va_watched *watch; /* running maps; owned */
	size_t watches, watch_room;
	struct va_notice *notice; /* owned */
	size_t notices, notice_room, dropped;
	__u64 next_look;
	__u64 last;             /* ts of the last record */
	__u64 records;          /* since the last look */
};

struct checkpoint {
	size_t at;
	struct state state;
};

struct va_notices {
	struct va_history *history; /* borrowed */
	struct va_notice_place place;
	unsigned levels;
	struct va_model *model;     /* owned; at pos */
	size_t pos;
	struct state state;         /* as records left it */
	struct state shown;         /* … and one more look */
	size_t looked;              /* shown is that of this position; (size_t)-1 = none yet */
	unsigned unlooked;          /* updates since then that did not look */
	size_t asked;               /* what the last update was to go to */
	struct checkpoint *points;
	size_t point_count, point_room, distance;
};

static bool (*const detectors[VA_NOTICE_KINDS])(const struct va_watched *, const struct va_census *, const struct va_notice *, struct va_notice *) = {
	[VA_NOTICE_LEAK] = va_detect_leak,           [VA_NOTICE_STACK] = va_detect_stack, [VA_NOTICE_FRAGMENTS] = va_detect_fragments,
	[VA_NOTICE_CACHE] = va_detect_cache,         [VA_NOTICE_STORM] = va_detect_storm, [VA_NOTICE_UNTOUCHED] = va_detect_untouched,
	[VA_NOTICE_WX] = va_detect_wx,               [VA_NOTICE_HUGE] = va_detect_huge,
};

const char *va_notice_name(enum va_notice_kind kind)
{
	static const char *const names[VA_NOTICE_KINDS] = {
		[VA_NOTICE_LEAK] = "leak",               [VA_NOTICE_STACK] = "stack-growth", [VA_NOTICE_FRAGMENTS] = "fragmentation",
		[VA_NOTICE_CACHE] = "cache-vs-private",  [VA_NOTICE_STORM] = "fault-storm",  [VA_NOTICE_UNTOUCHED] = "untouched",
		[VA_NOTICE_WX] = "write-execute",        [VA_NOTICE_HUGE] = "huge-chance",
	};

	return (unsigned)kind < VA_NOTICE_KINDS ? names[kind] : "unknown";
}

/* --- states ---------------------------------------------------------------------------------------------------------- */

static void state_free(struct state *s)
{
	free(s->watch);
	free(s->notice);
	memset(s, 0, sizeof(*s));
}

static void state_copy(struct state *to, const struct state *from)
{
	struct state old = *to;

	*to = *from;
	to->watch = old.watch;
	to->watch_room = old.watch_room;
	to->notice = old.notice;
	to->notice_room = old.notice_room;
	to->watch = va_grow(to->watch, &to->watch_room, from->watches + 1, sizeof(*to->watch));
	to->notice = va_grow(to->notice, &to->notice_room, from->notices + 1, sizeof(*to->notice));
	if (from->watches)
		memcpy(to->watch, from->watch, from->watches * sizeof(*to->watch));
	if (from->notices)
		memcpy(to->notice, from->notice, from->notices * sizeof(*to->notice));
}

static struct va_watched *find_watch(struct state *s, __u32 mm)
{
	for (size_t i = s->watches; i-- > 0;)
		if (s->watch[i].mm == mm)
			return &s->watch[i];
	return NULL;
}

static struct va_watched *add_watch(struct state *s, const struct va_mm *mm, __u32 tgid, __u64 ts)
{
	if (s->watches == VA_NOTICE_MAPS)
		return NULL;
	s->watch = va_grow(s->watch, &s->watch_room, s->watches + 1, sizeof(*s->watch));
	va_watched_begin(&s->watch[s->watches], mm, tgid, ts);
	return &s->watch[s->watches++];
}

/* --- notices --------------------------------------------------------------------------------------------------------- */

static void add_notice(struct state *s, struct va_watched *w, const struct va_notice *n)
{
	if (s->notices == VA_NOTICE_MOST) {
		s->dropped++;
		return;
	}
	s->notice = va_grow(s->notice, &s->notice_room, s->notices + 1, sizeof(*s->notice));
	w->notice[n->kind] = (int)s->notices;
	s->notice[s->notices++] = *n;
}

/* One kind of one map: begins, goes on, comes back, ends. */
static void judge(struct state *s, struct va_watched *w, enum va_notice_kind kind, const struct va_census *c, const struct va_task *task)
{
	struct va_notice *last = w->notice[kind] < 0 ? NULL : &s->notice[w->notice[kind]];
	struct va_notice n = { .kind = kind, .mm = w->mm, .tgid = w->tgid };
	bool holds = detectors[kind](w, c, last && !last->end ? last : NULL, &n);

	if (!holds) {
		if (last && !last->end)
			last->end = c->now;
		return;
	}
	n.seen = c->now;
	if (task)
		memcpy(n.comm, task->comm, sizeof(n.comm));
	if (last && (!last->end || c->now - last->end <= VA_NOTICE_AGAIN)) {
		n.seen = last->seen;
		n.begin = last->begin < n.begin ? last->begin : n.begin;
		*last = n;
	} else {
		add_notice(s, w, &n);
	}
}

static bool can_be_judged(const struct va_mm *mm)
{
	return va_mm_complete(mm) && !va_mm_stale(mm) && !va_mm_blind(mm);
}

static void look_at(const struct va_notices *n, struct state *s, struct va_watched *w, const struct va_mm *mm, __u64 now)
{
	const struct va_task *task = va_model_find_task(n->model, w->tgid);
	struct va_census census;

	if (!can_be_judged(mm))
		return;
	va_census_take(&census, mm, w, &n->place, now);
	va_watched_look(w, mm, &census);
	for (int k = 0; k < VA_NOTICE_KINDS; k++)
		judge(s, w, (enum va_notice_kind)k, &census, task);
}

/* All running maps of which something came; with `all` also those where only time went by. */
static void look(const struct va_notices *n, struct state *s, bool all, __u64 now)
{
	for (size_t i = 0; i < s->watches; i++) {
		const struct va_mm *mm = va_model_mm(n->model, s->watch[i].mm);

		if (mm && (all || s->watch[i].dirty))
			look_at(n, s, &s->watch[i], mm, now);
	}
}

/* What came right before a pause was so all through it: it counts from there, not from the record that ends it. */
static void look_back(const struct va_notices *n, struct state *s, __u64 now)
{
	if (s->last && now > s->last && now - s->last >= VA_NOTICE_PAUSE)
		look(n, s, false, s->last);
	s->last = now;
}

static size_t vmas_watched(const struct va_notices *n, bool all)
{
	size_t sum = 0;

	for (size_t i = 0; i < n->state.watches; i++) {
		const struct va_mm *mm = all || n->state.watch[i].dirty ? va_model_mm(n->model, n->state.watch[i].mm) : NULL;

		sum += mm ? va_mm_vma_count(mm) : 0;
	}
	return sum;
}

/* --- records --------------------------------------------------------------------------------------------------------- */

/* The map goes: what held, held to the end. */
static void end_watch(struct va_notices *n, __u32 id, __u64 now)
{
	struct state *s = &n->state;
	struct va_watched *w = find_watch(s, id);
	const struct va_mm *mm = w ? va_model_mm(n->model, id) : NULL;

	if (!w)
		return;
	if (mm)
		look_at(n, s, w, mm, now);
	for (int k = 0; k < VA_NOTICE_KINDS; k++) {
		struct va_notice *last = w->notice[k] < 0 ? NULL : &s->notice[w->notice[k]];

		if (last && !last->end) {
			last->end = now;
			last->gone = true;
		}
	}
	*w = s->watch[--s->watches];
}

static void take(struct va_notices *n, const struct vmatlas_record *rec)
{
	const struct va_mm *mm = rec->head.mm ? va_model_mm(n->model, rec->head.mm) : NULL;
	struct va_watched *w;

	if (!mm || va_mm_ended(mm))
		return;
	w = find_watch(&n->state, rec->head.mm);
	if (!w)
		w = add_watch(&n->state, mm, rec->head.tgid, rec->head.ts);
	if (w)
		va_watched_record(w, mm, rec, n->levels);
	if (rec->head.type == VMATLAS_FORK && rec->fork.child_mm != rec->head.mm && !find_watch(&n->state, rec->fork.child_mm)) {
		mm = va_model_mm(n->model, rec->fork.child_mm);
		w = mm ? add_watch(&n->state, mm, rec->fork.child_tgid, rec->head.ts) : NULL;
		if (w)
			w->inherited = rec->head.ts;
	}
}

static void step(struct va_notices *n)
{
	const struct vmatlas_record *rec = va_history_record(n->history, n->pos, NULL);
	struct state *s = &n->state;

	look_back(n, s, rec->head.ts);
	if (rec->head.type == VMATLAS_MM_END)
		end_watch(n, rec->head.mm, rec->head.ts);
	va_model_apply(n->model, rec);
	n->pos++;
	take(n, rec);
	s->records++;
	if (rec->head.ts < s->next_look || s->records < vmas_watched(n, false) * VA_NOTICE_RECORDS_PER_VMA)
		return;
	look(n, s, true, rec->head.ts);
	s->next_look = rec->head.ts + VA_NOTICE_LOOK;
	s->records = 0;
}

/* --- positions ------------------------------------------------------------------------------------------------------- */

struct va_notices *va_notices_new(struct va_history *h, const struct va_objects *objects, struct va_texts *texts)
{
	struct va_notices *n = va_alloc(sizeof(*n));
	const struct vmatlas_stream_header *header;

	n->history = h;
	n->model = va_history_model_at(h, 0);
	header = va_model_header(n->model);
	n->levels = header->levels;
	n->place = (struct va_notice_place){ objects, texts, header->rules };
	n->distance = NOTICE_CHECKPOINT;
	n->looked = NOWHERE;
	return n;
}

void va_notices_free(struct va_notices *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->point_count; i++)
		state_free(&n->points[i].state);
	free(n->points);
	state_free(&n->state);
	state_free(&n->shown);
	va_model_free(n->model);
	free(n);
}

static void thin_checkpoints(struct va_notices *n)
{
	size_t kept = 0;

	n->distance *= 2;
	for (size_t i = 0; i < n->point_count; i++) {
		if (n->points[i].at % n->distance)
			state_free(&n->points[i].state);
		else
			n->points[kept++] = n->points[i];
	}
	n->point_count = kept;
}

static void add_checkpoint(struct va_notices *n)
{
	if (n->pos % n->distance || (n->point_count && n->points[n->point_count - 1].at >= n->pos))
		return;
	if (n->point_count == CHECKPOINTS_MAX)
		thin_checkpoints(n);
	if (n->pos % n->distance)
		return;
	n->points = va_grow(n->points, &n->point_room, n->point_count + 1, sizeof(*n->points));
	n->points[n->point_count] = (struct checkpoint){ .at = n->pos };
	state_copy(&n->points[n->point_count++].state, &n->state);
}

/* To the last checkpoint at or before `to`: back always, forward only where it saves something. */
static void jump(struct va_notices *n, size_t to)
{
	size_t i, first = va_history_first(n->history);

	while (n->point_count && n->points[0].at < first) {
		state_free(&n->points[0].state);
		memmove(&n->points[0], &n->points[1], --n->point_count * sizeof(*n->points));
	}
	i = n->point_count;

	while (i > 0 && n->points[i - 1].at > to)
		i--;
	if (to >= n->pos && n->pos >= first && (!i || n->points[i - 1].at <= n->pos))
		return;
	if (i)
		state_copy(&n->state, &n->points[i - 1].state);
	else
		state_free(&n->state);
	n->pos = i ? n->points[i - 1].at : va_history_first(n->history);
	va_model_free(n->model);
	n->model = va_history_model_at(n->history, n->pos);
}

/* On the way from picture to picture, where a look takes long. */
static bool passes_by(struct va_notices *n, size_t to, size_t most)
{
	bool moves = to != n->asked && most < to;

	n->asked = to;
	return moves && vmas_watched(n, true) > VA_NOTICE_MANY_VMAS;
}

bool va_notices_update(struct va_notices *n, size_t to, size_t most)
{
	size_t batch = most;

	if (n->looked == to)
		return true;
	jump(n, to);
	for (; n->pos < to && most; most--) {
		step(n);
		add_checkpoint(n);
	}
	bool later = passes_by(n, to, batch) || n->pos != to;

	if (later && n->looked != NOWHERE && ++n->unlooked < LOOK_EVERY)
		return false;
	state_copy(&n->shown, &n->state);
	look(n, &n->shown, true, va_model_now(n->model));
	n->looked = n->pos;
	n->unlooked = 0;
	return n->pos == to;
}

size_t va_notices_position(const struct va_notices *n)
{
	return n->looked == NOWHERE ? 0 : n->looked;
}

size_t va_notices_count(const struct va_notices *n)
{
	return n->shown.notices;
}

const struct va_notice *va_notices_at(const struct va_notices *n, size_t i)
{
	return &n->shown.notice[i];
}

size_t va_notices_dropped(const struct va_notices *n)
{
	return n->shown.dropped;
}
