/*
 * Where in the recording the picture stands, and how that moves: live, playing at a speed, event by event, paused. Knows no SDL and asks
 * no clock: `now` is any monotonic clock in ns that the caller keeps (the window: real time; render: the frame's time).
 */
#ifndef VA_PLAYBACK_H
#define VA_PLAYBACK_H

#include <stdint.h>

#include "history.h"

enum va_play_mode { VA_PLAY_PAUSED, VA_PLAY_RUNNING, VA_PLAY_EACH, VA_PLAY_LIVE };

struct va_playback {
	struct va_history *history; /* borrowed */
	struct va_model *model;     /* owned; stands at pos */
	size_t pos;
	enum va_play_mode mode;
	int speed;                  /* index: see va_playback_speed_name */
	__u64 time;                 /* ns of the recording: where the picture stands; between two records while running */
	uint64_t last;              /* now of the last update */
	uint64_t next_each;         /* EACH: now at which the next event is due */
	unsigned slower;            /* EACH: an event gets so many times as long; 0 = as usual */
	bool jumped;                /* the last move was a jump: nothing to animate in between */
	bool growing;               /* more records may come */
};

void va_playback_init(struct va_playback *p, struct va_history *history, bool live, uint64_t now);
void va_playback_destroy(struct va_playback *p);

/* Moves on; true where the position changed. tgid: whose events EACH shows (0 = all). */
bool va_playback_update(struct va_playback *p, uint64_t now, __u32 tgid);

void va_playback_seek(struct va_playback *p, size_t pos);       /* pauses unless running; keeps the mode otherwise */
void va_playback_seek_time(struct va_playback *p, __u64 ts);
void va_playback_run_to(struct va_playback *p, __u64 ts);       /* on to a later time, as playing does, whatever the mode */
void va_playback_pause(struct va_playback *p, bool paused, uint64_t now); /* resuming at the end of what grows = live */
void va_playback_live(struct va_playback *p);
void va_playback_each(struct va_playback *p, uint64_t now);
bool va_playback_step(struct va_playback *p, int direction, __u32 tgid); /* to the next event people care for; pauses */
/* To behind the next call (OP, FORK, EXEC), or the one before; pauses. There and back are the same positions. */
bool va_playback_step_call(struct va_playback *p, int direction, __u32 tgid);
bool va_playback_mark(struct va_playback *p, int direction);
void va_playback_speed(struct va_playback *p, int change, uint64_t now);
double va_playback_factor(const struct va_playback *p);
const char *va_playback_speed_name(const struct va_playback *p);

/* An event a reader steps to: fault, call, fork, exec, exit, mark, loss. */
bool va_is_story(const struct vmatlas_record *rec);

#endif
