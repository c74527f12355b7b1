/*
 * The map between two states: each row moves from where it was to where it belongs. Boxes are recognised by the addresses they share: a
 * split box comes out of its parent's place, merged ones grow together, a removed one shrinks and fades. Given `now`, everything follows.
 */
#ifndef VA_MAP_ANIM_H
#define VA_MAP_ANIM_H

#include "anim.h"
#include "map_rows.h"

struct va_moving_row {
	struct va_row row;       /* y, h: the goal */
	double from_y, from_h;
	uint64_t start;          /* of the move */
	uint64_t born, changed;  /* when the box came or got other bounds, flags or name; 0 = before we looked */
	bool ghost;              /* removed: fades from `start` on */
};

struct va_map_anim {
	struct va_moving_row *row; /* row i of the goal is the i'th; behind them what fades */
	size_t count, room;
	size_t live;               /* of the goal */
	struct va_moving_row *old; /* scratch of retarget */
	size_t old_room;
	__u32 mm;
};

void va_map_anim_free(struct va_map_anim *a);

/*
 * Sets a new goal. still: be there at once (after a jump, another process, a resize). glow_time: recording time now; boxes changed less than
 * VA_TIME_GLOW before it glow although the change itself was not seen.
 */
void va_map_anim_goal(struct va_map_anim *a, const struct va_rows *goal, __u32 mm, bool still, __u64 glow_time, uint64_t now);

/* Ends all moves; glows and fades go on. For a camera that is close: there a box that moves would only be a blur. */
void va_map_anim_settle(struct va_map_anim *a, const struct va_rows *goal);

/* Place of a row now. */
void va_map_anim_place(const struct va_moving_row *row, uint64_t now, double *y, double *h, float *alpha);
bool va_map_anim_busy(const struct va_map_anim *a, uint64_t now); /* something moves, fades or glows */

#endif
