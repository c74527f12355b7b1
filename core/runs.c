/* See runs.h. */
#include "runs.h"

#include <string.h>

#include "mm.h"
#include "walk.h"

const char *va_page_state_name(enum va_page_state state)
{
	static const char *const names[] = {
		[VA_STATE_UNKNOWN] = "unknown", [VA_STATE_ABSENT] = "absent", [VA_STATE_SEEN] = "seen",
		[VA_STATE_DERIVED] = "derived", [VA_STATE_SWAPPED] = "swapped", [VA_STATE_OTHER] = "other",
	};

	return (unsigned)state < VA_STATES ? names[state] : "unknown";
}

enum va_page_state va_page_state(const struct va_page *page)
{
	if (page->certainty == VA_PAGE_UNKNOWN || page->certainty == VA_PAGE_ABSENT)
		return page->certainty == VA_PAGE_ABSENT ? VA_STATE_ABSENT : VA_STATE_UNKNOWN;
	if (page->present)
		return page->certainty == VA_PAGE_SEEN ? VA_STATE_SEEN : VA_STATE_DERIVED;
	if (!page->entry)
		return VA_STATE_ABSENT;
	return va_entry_swapped(page->entry) ? VA_STATE_SWAPPED : VA_STATE_OTHER;
}

static bool alike(const struct va_page *a, const struct va_page *b)
{
	return va_page_state(a) == va_page_state(b) && a->level == b->level && a->present == b->present;
}

/* Where the next page may be another: behind a huge page, or where something is stored again. Of what is not stored, one is as all that are surveyed, or are not. */
static __u64 behind(const struct va_mm *mm, __u64 addr, __u64 end, const struct va_page *page)
{
	__u64 size = va_level_size(page->level), next = va_pages_next(mm->pages, addr, end);

	if (next > addr)
		return va_spans_next(&mm->surveyed, addr, next);
	next = (addr & ~(size - 1)) + size;
	return next < end ? next : end;
}

struct va_run va_run_at(const struct va_mm *mm, __u64 addr, __u64 end)
{
	struct va_run run = { .start = addr, .first = va_mm_page(mm, addr) };
	struct va_page page = run.first;

	run.state = va_page_state(&page);
	for (; addr < end && alike(&page, &run.first); addr = behind(mm, addr, end, &page), page = va_mm_page(mm, addr))
		run.end = behind(mm, addr, end, &page);
	return run;
}

void va_runs_count(const struct va_mm *mm, __u64 start, __u64 end, __u64 pages[VA_STATES])
{
	memset(pages, 0, VA_STATES * sizeof(*pages));
	while (start < end) {
		struct va_run run = va_run_at(mm, start, end);

		pages[run.state] += (run.end - run.start) >> 12;
		start = run.end;
	}
}

struct va_residency va_runs_residency(const struct va_mm *mm, __u64 start, __u64 end)
{
	__u64 pages[VA_STATES];

	va_runs_count(mm, start, end, pages);
	return (struct va_residency){ pages[VA_STATE_SEEN] + pages[VA_STATE_DERIVED], pages[VA_STATE_UNKNOWN] };
}
