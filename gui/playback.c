#include "playback.h"

#include <math.h>

#include "theme.h"

static const struct {
	double factor;
	const char *name;
} speeds[] = {
	{0.0001, "1/10000"}, {0.001, "1/1000"}, {0.01, "1/100"}, {0.1, "1/10"}, {0.25, "1/4"}, {0.5, "1/2"}, {1, "1"}, {2, "2"}, {4, "4"}, {16, "16"}, {64, "64"}, {INFINITY, "max"},
};
#define SPEEDS ((int)(sizeof(speeds) / sizeof(speeds[0])))
#define SPEED_ONE 6
#define FAST_RECORDS 20000 /* a frame at the most: what a frame has time for */

void va_playback_init(struct va_playback *p, struct va_history *history, bool live, uint64_t now)
{
	*p = (struct va_playback){.history = history, .mode = live ? VA_PLAY_LIVE : VA_PLAY_RUNNING, .speed = SPEED_ONE, .last = now, .growing = live};
	p->pos = va_history_first(history);
	p->model = va_history_model_at(history, p->pos);
	p->time = va_history_kept_from(history);
}

void va_playback_destroy(struct va_playback *p)
{
	va_model_free(p->model);
	p->model = NULL;
}

static bool move_to(struct va_playback *p, size_t to)
{
	if (to == p->pos)
		return false;
	va_history_move(p->history, &p->model, &p->pos, to);
	return true;
}

static __u64 time_at(struct va_playback *p, size_t pos)
{
	return pos > va_history_first(p->history) ? va_history_time(p->history, pos - 1) : va_history_kept_from(p->history);
}

bool va_is_story(const struct vmatlas_record *rec)
{
	switch (rec->head.type) {
	case VMATLAS_FAULT:
	case VMATLAS_OP:
	case VMATLAS_FORK:
	case VMATLAS_EXEC:
	case VMATLAS_EXIT:
	case VMATLAS_MARK:
	case VMATLAS_LOSS:
		return true;
	}
	return false;
}

static bool wanted(const struct vmatlas_record *rec, __u32 tgid)
{
	return va_is_story(rec) && (!tgid || rec->head.tgid == tgid || rec->head.type == VMATLAS_MARK || rec->head.type == VMATLAS_LOSS);
}

/* A fork or exec is followed by the map it makes; nobody wants to see half of it. */
static size_t whole_story(struct va_playback *p, size_t pos, const struct vmatlas_record *rec)
{
	size_t end = va_history_count(p->history);
	__u32 cpu, type = rec->head.type;

	if (type != VMATLAS_FORK && type != VMATLAS_EXEC)
		return pos;
	while (pos < end) {
		const struct vmatlas_record *next = va_history_record(p->history, pos, &cpu);

		if (va_is_story(next) || next->head.type == VMATLAS_MM_END)
			break;
		pos++;
	}
	return pos;
}

static size_t next_story(struct va_playback *p, __u32 tgid)
{
	size_t end = va_history_count(p->history);
	__u32 cpu;

	for (size_t i = p->pos; i < end; i++) {
		const struct vmatlas_record *rec = va_history_record(p->history, i, &cpu);

		if (wanted(rec, tgid)) {
			struct vmatlas_record copy = *rec;

			return whole_story(p, i + 1, &copy);
		}
	}
	return end;
}

/* The position of the story event before the one the picture stands at. */
static size_t prev_story(struct va_playback *p, __u32 tgid)
{
	bool passed = false;
	__u32 cpu;

	for (size_t i = p->pos; i-- > va_history_first(p->history);) {
		const struct vmatlas_record *rec = va_history_record(p->history, i, &cpu);

		if (!wanted(rec, tgid))
			continue;
		if (passed) {
			struct vmatlas_record copy = *rec;

			return whole_story(p, i + 1, &copy);
		}
		passed = true;
	}
	return va_history_first(p->history);
}

void va_playback_run_to(struct va_playback *p, __u64 ts)
{
	p->time = ts;
	move_to(p, va_history_find_time(p->history, ts));
}

static bool run(struct va_playback *p, uint64_t elapsed)
{
	__u64 end = va_history_end(p->history);

	if (isinf(va_playback_factor(p))) {
		size_t last = va_history_count(p->history), to = last - p->pos > FAST_RECORDS ? p->pos + FAST_RECORDS : last;
		bool on = move_to(p, to);

		p->time = to == last ? end : time_at(p, to);
		if (to == last && !p->growing)
			p->mode = VA_PLAY_PAUSED;
		return on;
	}
	p->time += (__u64)((double)elapsed * va_playback_factor(p));
	if (p->time >= end) {
		bool moved = move_to(p, va_history_count(p->history));

		p->time = end;
		if (!p->growing)
			p->mode = VA_PLAY_PAUSED;
		return moved;
	}
	return move_to(p, va_history_find_time(p->history, p->time));
}

static bool run_each(struct va_playback *p, uint64_t now, __u32 tgid)
{
	bool moved;

	if (now < p->next_each)
		return false;
	moved = move_to(p, next_story(p, tgid));
	p->time = time_at(p, p->pos);
	p->next_each = now + VA_TIME_EACH * (p->slower ? p->slower : 1);
	if (!moved && !p->growing)
		p->mode = VA_PLAY_PAUSED;
	return moved;
}

/* The beginning of what is kept pushes the picture along. */
static bool stay_kept(struct va_playback *p)
{
	if (p->pos >= va_history_first(p->history))
		return false;
	move_to(p, va_history_first(p->history));
	p->time = va_history_kept_from(p->history);
	p->jumped = true;
	return true;
}

bool va_playback_update(struct va_playback *p, uint64_t now, __u32 tgid)
{
	uint64_t elapsed = now - p->last;
	bool moved = false;

	p->last = now;
	p->jumped = false;
	if (p->mode != VA_PLAY_LIVE)
		moved = stay_kept(p);
	switch (p->mode) {
	case VA_PLAY_PAUSED:
		break;
	case VA_PLAY_RUNNING:
		return run(p, elapsed) | moved;
	case VA_PLAY_EACH:
		return run_each(p, now, tgid) | moved;
	case VA_PLAY_LIVE:
		moved = move_to(p, va_history_count(p->history));
		p->time = va_history_end(p->history);
		if (!p->growing)
			p->mode = VA_PLAY_PAUSED;
	}
	return moved;
}

void va_playback_seek(struct va_playback *p, size_t pos)
{
	if (p->mode == VA_PLAY_LIVE)
		p->mode = VA_PLAY_PAUSED;
	p->jumped = true;
	move_to(p, pos);
	p->time = time_at(p, p->pos);
}

void va_playback_seek_time(struct va_playback *p, __u64 ts)
{
	__u64 begin = va_history_kept_from(p->history), end = va_history_end(p->history);

	if (ts < begin)
		ts = begin;
	if (ts > end)
		ts = end;
	va_playback_seek(p, va_history_find_time(p->history, ts));
	p->time = ts;
}

void va_playback_pause(struct va_playback *p, bool paused, uint64_t now)
{
	p->last = now;
	if (paused) {
		p->mode = VA_PLAY_PAUSED;
		return;
	}
	if (p->pos == va_history_count(p->history)) {
		if (p->growing) {
			p->mode = VA_PLAY_LIVE;
			return;
		}
		va_playback_seek(p, 0); /* at the end: once more from the start */
	}
	p->mode = VA_PLAY_RUNNING;
}

void va_playback_live(struct va_playback *p)
{
	p->mode = p->growing ? VA_PLAY_LIVE : VA_PLAY_PAUSED;
	p->jumped = true;
	move_to(p, va_history_count(p->history));
	p->time = va_history_end(p->history);
}

void va_playback_each(struct va_playback *p, uint64_t now)
{
	p->mode = p->mode == VA_PLAY_EACH ? VA_PLAY_PAUSED : VA_PLAY_EACH;
	p->next_each = now;
}

bool va_playback_step(struct va_playback *p, int direction, __u32 tgid)
{
	size_t to = direction > 0 ? next_story(p, tgid) : prev_story(p, tgid);

	p->mode = VA_PLAY_PAUSED;
	if (!move_to(p, to))
		return false;
	p->jumped = direction < 0;
	p->time = time_at(p, p->pos);
	return true;
}

static bool is_call(const struct vmatlas_record *rec, __u32 tgid)
{
	unsigned type = rec->head.type;

	return (type == VMATLAS_OP || type == VMATLAS_FORK || type == VMATLAS_EXEC) && (!tgid || rec->head.tgid == tgid);
}

/* The position behind call i, with the map it makes where it makes one. */
static size_t behind_call(struct va_playback *p, size_t i)
{
	struct vmatlas_record copy = *va_history_record(p->history, i, NULL);

	return whole_story(p, i + 1, &copy);
}

static bool call_at(struct va_playback *p, size_t i, __u32 tgid)
{
	return is_call(va_history_record(p->history, i, NULL), tgid);
}

bool va_playback_step_call(struct va_playback *p, int direction, __u32 tgid)
{
	size_t end = va_history_count(p->history), to = p->pos;

	p->mode = VA_PLAY_PAUSED;
	if (direction > 0) {
		for (size_t i = p->pos; i < end && to == p->pos; i++)
			if (call_at(p, i, tgid))
				to = behind_call(p, i);
	} else {
		for (size_t i = p->pos; i-- > va_history_first(p->history) && to >= p->pos;)
			if (call_at(p, i, tgid))
				to = behind_call(p, i);
		if (to >= p->pos)
			return false;
	}
	if (!move_to(p, to))
		return false;
	p->jumped = direction < 0;
	p->time = time_at(p, p->pos);
	return true;
}

bool va_playback_mark(struct va_playback *p, int direction)
{
	size_t i = direction > 0 ? va_history_next(p->history, p->pos, VMATLAS_MARK, 0)
				 : va_history_prev(p->history, p->pos ? p->pos - 1 : 0, VMATLAS_MARK, 0);

	if (i == (size_t)-1)
		return false;
	p->mode = VA_PLAY_PAUSED;
	va_playback_seek(p, i + 1);
	return true;
}

void va_playback_speed(struct va_playback *p, int change, uint64_t now)
{
	p->last = now;
	if (p->mode == VA_PLAY_LIVE) { /* from live, slower means: look at what comes more slowly than it comes */
		p->mode = VA_PLAY_RUNNING;
		p->time = time_at(p, p->pos);
	}
	p->speed += change;
	p->speed = p->speed < 0 ? 0 : p->speed >= SPEEDS ? SPEEDS - 1 : p->speed;
}

double va_playback_factor(const struct va_playback *p)
{
	return speeds[p->speed].factor;
}

const char *va_playback_speed_name(const struct va_playback *p)
{
	return speeds[p->speed].name;
}
