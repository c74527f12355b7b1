/* The difference between the moments A and B of the process shown, as the `difference` tab needs it. Made anew when A, B or the process changes. */
#ifndef VA_COMPARE_H
#define VA_COMPARE_H

#include "diff.h"
#include "moments.h"
#include "playback.h"

struct va_compare {
	struct va_model *a, *b; /* owned; NULL = not made */
	size_t pos_a, pos_b;
	__u32 tgid;
	struct va_diff diff;
	size_t *order;          /* owned; rows that differ, as sorted: diff.differing of them */
	enum va_diff_sort sort;
	bool ready;
	uint64_t made;          /* now of the last time */
};

void va_compare_destroy(struct va_compare *c);

/*
 * True where it is another one now. B that runs along with the picture is followed several times a second, not at each frame; *later: it is not yet up to date.
 * at_once: follow at each call (pictures).
 */
bool va_compare_update(struct va_compare *c, struct va_playback *play, const struct va_moments *m, __u32 tgid, const struct va_texts *texts, __u32 rules,
		       bool at_once, uint64_t now, bool *later);

#endif
