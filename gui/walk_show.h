/*
 * Which fault the walk view shows, and since when. A fault stays until a reader could follow it; faults that come meanwhile are counted by
 * kind, and said. After a step or a jump the fault the picture stands at is shown, whatever came before.
 */
#ifndef VA_WALK_SHOW_H
#define VA_WALK_SHOW_H

#include <stdint.h>

#include "history.h"
#include "walk.h"

#define VA_SHOW_SLICES 8 /* of the last second */

struct va_walk_show {
	struct vmatlas_record rec;  /* valid where `valid` */
	bool valid;
	bool pending;               /* a newer fault waits until this one has been read */
	size_t index;               /* of rec in the history */
	uint64_t since;             /* now when it came up */
	unsigned keep;              /* levels it shares with the walk shown before: these need not move again */
	__u64 faults;               /* of the process up to here (all time), as seen by this view */
	__u32 tgid;
	unsigned slower;            /* steps take so many times as long, for who reads along; 0 = as usual */
	struct {
		uint64_t slice;     /* number of the slice since clock 0 */
		__u32 kind[VA_FAULT_KINDS];
	} recent[VA_SHOW_SLICES];
	size_t pos;                 /* position it has looked at */
};

/* The picture moved to pos. jumped: not by playing. still: show the fault's last state at once (no animation). */
void va_walk_show_update(struct va_walk_show *w, struct va_history *h, size_t pos, __u32 tgid, unsigned levels, bool jumped, bool still,
			 uint64_t now);
/* The share (0..1) of the walk's step i that has been shown by now; i = steps is what stands behind the last one. */
float va_walk_show_part(const struct va_walk_show *w, unsigned i, uint64_t now);
/* Faults by kind in the last second (by `now`), and their sum. */
__u32 va_walk_show_recent(const struct va_walk_show *w, uint64_t now, __u32 kind[VA_FAULT_KINDS]);
bool va_walk_show_pending(const struct va_walk_show *w, uint64_t now); /* the rate figure still changes */

#endif
