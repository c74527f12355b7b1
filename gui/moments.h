/*
 * Moments the user has set: A and B to be compared, bookmarks; and how the tabs about them are shown. Part of the view: changed by actions (act_moments.c), read by layouts.
 */
#ifndef VA_MOMENTS_H
#define VA_MOMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#define VA_BOOKMARKS 64

struct va_moment {
	size_t pos;
	__u64 ts;
	bool set;
};

enum va_stats_stretch { VA_STATS_WHOLE, VA_STATS_SO_FAR, VA_STATS_BETWEEN, VA_STATS_STRETCHES }; /* the recording; up to the moment shown; from A to B */
enum va_diff_sort { VA_DIFF_BY_ADDRESS, VA_DIFF_BY_SIZE, VA_DIFF_BY_PAGES, VA_DIFF_SORTS };

struct va_moments {
	struct va_moment a, b;                   /* B not set: the moment shown */
	struct va_moment bookmark[VA_BOOKMARKS]; /* by position */
	unsigned bookmarks;
	enum va_diff_sort sort;
	enum va_stats_stretch stretch;
	bool stats_all;                          /* statistics of all processes, not of the one shown */
};

#endif
