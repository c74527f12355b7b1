#include "page_glow.h"

#include <string.h>

#include "anim.h"

#define LOOK_BACK 1024 /* records: so many are looked at for the newest faults */

static void note(struct va_page_glow *g, const struct vmatlas_record *rec, uint64_t since)
{
	g->at[g->next].page = rec->fault.addr & ~0xfffull;
	g->at[g->next].mm = rec->head.mm;
	g->at[g->next].since = since;
	g->next = (g->next + 1) % VA_PAGE_GLOWS;
}

void va_page_glow_update(struct va_page_glow *g, struct va_history *h, size_t pos, bool jumped, __u64 time, uint64_t now)
{
	size_t from = g->seen;
	__u32 cpu;

	jumped |= pos < g->seen;
	if (!jumped && pos == g->seen)
		return;
	if (jumped) {
		memset(g, 0, sizeof(*g));
		from = 0;
	}
	if (pos - from > LOOK_BACK)
		from = pos - LOOK_BACK;
	for (size_t i = from; i < pos; i++) {
		const struct vmatlas_record *rec = va_history_record(h, i, &cpu);
		__u64 age = jumped && time > rec->head.ts ? time - rec->head.ts : 0;

		if (rec->head.type == VMATLAS_FAULT && age < VA_TIME_GLOW && age < now)
			note(g, rec, now - age);
	}
	g->seen = pos;
}

float va_page_glow_at(const struct va_page_glow *g, __u32 mm, __u64 page, __u64 bytes, uint64_t now)
{
	float most = 0;

	for (unsigned i = 0; i < VA_PAGE_GLOWS; i++)
		if (g->at[i].since && g->at[i].mm == mm && g->at[i].page - page < bytes)
			most = fmaxf(most, va_glow(g->at[i].since, VA_TIME_GLOW, now));
	return most;
}

bool va_page_glow_busy(const struct va_page_glow *g, __u32 mm, uint64_t now)
{
	return va_page_glow_at(g, mm, 0, ~0ull, now) > 0;
}
