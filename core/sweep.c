/* SWEEP: what PAGES told of a range and did not, and what can't be trusted any more. */
#include "mm.h"

#include "alloc.h"

static void note_doubt(struct va_mm *mm, __u64 ts, __u64 lo, __u64 hi)
{
	if (!mm->doubt)
		mm->doubt = va_alloc(VA_DOUBTS * sizeof(*mm->doubt));
	mm->doubt[mm->doubts++ % VA_DOUBTS] = (struct va_doubt){ ts, lo, hi };
}

/* True if a doubt as old as the report, or newer, has been forgotten. */
static bool forgot_doubts(const struct va_mm *mm, __u64 since)
{
	return mm->doubts > VA_DOUBTS && mm->doubt[mm->doubts % VA_DOUBTS].ts >= since;
}

/* Everything in [lo, hi) was told since `since`, or is not there. */
static void told(struct va_mm *mm, __u64 lo, __u64 hi, __u64 since)
{
	/* Of a report that began before records were lost, some may be among them. */
	if (since <= mm->faults_lost || forgot_doubts(mm, since))
		return;
	va_pages_clear(&mm->pages, lo, hi, since, NULL);
	va_spans_add(&mm->surveyed, lo, hi);
	for (unsigned i = 0; i < VA_DOUBTS && i < mm->doubts; i++) {
		const struct va_doubt *d = &mm->doubt[i];

		if (d->ts >= since)
			va_spans_remove(&mm->surveyed, d->lo > lo ? d->lo : lo, d->hi < hi ? d->hi : hi);
	}
}

void va_mm_apply_sweep(struct va_mm *mm, const struct vmatlas_record *rec)
{
	__u64 lo = rec->sweep.lo, hi = rec->sweep.hi, ts = rec->head.ts;

	if (mm->ended)
		return;
	mm->swept = true;
	switch (rec->sweep.kind) {
	case VMATLAS_SWEEP_TOLD:
		told(mm, lo, hi, rec->sweep.since);
		break;
	case VMATLAS_SWEEP_DOUBT:
		note_doubt(mm, ts, lo, hi);
		va_spans_remove(&mm->surveyed, lo, hi);
		va_pages_doubt(&mm->pages, lo, hi, VA_DOUBT_ALL, ts);
		break;
	case VMATLAS_SWEEP_SWAP:
		va_pages_doubt(&mm->pages, lo, hi, VA_DOUBT_SWAP, ts);
		break;
	case VMATLAS_SWEEP_ACCESS:
		va_pages_doubt(&mm->pages, lo, hi, VA_DOUBT_ACCESS, ts);
		break;
	}
}
