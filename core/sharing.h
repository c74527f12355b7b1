/*
 * Who else has the frames of a stretch of memory: page by page by frame number, among all processes that are watched. Others are not seen, so "private"
 * means: no other watched process is known to have it.
 */
#ifndef VA_SHARING_H
#define VA_SHARING_H

#include "model.h"

#define VA_SHARERS 16

struct va_sharer {
	__u32 tgid;
	__u64 pages;  /* frames in common */
	__u64 addr;   /* where it has the first of them */
};

struct va_sharing {
	bool valid;     /* false: too much to count at once (more than `most` pages known) */
	__u64 shared, private, zero, unknown; /* pages of 4 KiB that are there: frame elsewhere too, nowhere else, the shared page of zeros, frame not known */
	struct va_sharer sharer[VA_SHARERS];  /* most in common first */
	unsigned sharers, more;               /* more: processes beyond these */
};

/* Of [start, end) of map mm. Looks at most at `most` pages of all maps. */
void va_sharing_count(struct va_sharing *out, const struct va_model *model, const struct va_mm *mm, __u64 start, __u64 end, __u64 most);

#endif
