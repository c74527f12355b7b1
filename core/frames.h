/*
 * Physical memory of one map: the page frames its pages are in, as last known, by number; and in how many other watched maps each of them is, too.
 * Gathered from the model, so it is right at any moment. Bounded: the first VA_FRAMES_MAX pages by address, and as many of the others'.
 */
#ifndef VA_FRAMES_H
#define VA_FRAMES_H

#include "model.h"

#define VA_FRAMES_MAX 32768

struct va_frame {
	__u64 pfn;    /* the first, of a huge page */
	__u64 frames; /* of 4 KiB: 1, 512 or 262144 */
	__u64 addr;   /* the page that is in it */
	__u64 ts;     /* when that was known */
	bool read;    /* its entry was read then: else it follows from an event, as fork's */
	__u32 others; /* other running watched maps that have it */
};

struct va_frames {
	struct va_frame *frame; /* ascending by pfn; owned */
	size_t count, room;
	size_t shared;          /* of them, with others > 0 */
	bool more;              /* the map has more than fit */
	bool partial;           /* others were not all looked at */
	__u32 mm;               /* what it was gathered from */
	size_t pos;
	bool valid;
};

/* Nothing happens where pos and mm are those of the last time. mm NULL: empty. The page of zeros is everybody's and not in it. */
void va_frames_update(struct va_frames *f, const struct va_model *model, const struct va_mm *mm, size_t pos);
void va_frames_free(struct va_frames *f);
size_t va_frames_lower(const struct va_frames *f, __u64 pfn); /* the first with pfn >= this */

#endif
