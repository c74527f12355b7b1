/* The pages that faults touched last: each glows for a while. An incremental structure, see chronicle.h; bounded: the newest 64. */
#ifndef VA_PAGE_GLOW_H
#define VA_PAGE_GLOW_H

#include <stdint.h>

#include "history.h"

#define VA_PAGE_GLOWS 64

struct va_page_glow {
	struct {
		__u64 page;     /* address */
		__u32 mm;
		uint64_t since; /* the caller's clock; 0 = none */
	} at[VA_PAGE_GLOWS];
	unsigned next;
	size_t seen;
};

/* jumped: forget what glows; pages of faults less than a glow before `time` (of the recording) glow as if they had been watched. */
void va_page_glow_update(struct va_page_glow *g, struct va_history *h, size_t pos, bool jumped, __u64 time, uint64_t now);
float va_page_glow_at(const struct va_page_glow *g, __u32 mm, __u64 page, __u64 bytes, uint64_t now); /* 1 … 0: the brightest in [page, page + bytes) */
bool va_page_glow_busy(const struct va_page_glow *g, __u32 mm, uint64_t now);

#endif
