#include "record.h"

#include <string.h>

static bool page_aligned(__u64 x)
{
	return !(x & 4095);
}

static bool span_valid(__u64 start, __u64 end)
{
	return start < end && end <= VA_USER_TOP && page_aligned(start) && page_aligned(end);
}

static bool vma_valid(const struct vmatlas_record *rec)
{
	return rec->head.mm && span_valid(rec->vma.start, rec->vma.end) && rec->vma.name_kind <= VMATLAS_NAME_SHMEM;
}

/* hi may be anything above user space: "to the end". */
static bool range_valid(const struct vmatlas_record *rec)
{
	return rec->head.mm && rec->range.lo < rec->range.hi && rec->range.lo < VA_USER_TOP && page_aligned(rec->range.lo) &&
	       (page_aligned(rec->range.hi) || rec->range.hi == ~0ull);
}

static bool pages_valid(const struct vmatlas_record *rec)
{
	const struct vmatlas_pages *p = &rec->pages;
	__u64 size = p->level == 4 ? 1ull << 12 : p->level == 3 ? 1ull << 21 : 1ull << 30;

	return rec->head.mm && p->level >= 2 && p->level <= 4 && p->count >= 1 && p->count <= VMATLAS_PAGES_PER_RECORD &&
	       !(p->addr & (size - 1)) && p->addr < VA_USER_TOP && p->addr + p->count * size <= VA_USER_TOP;
}

static bool sweep_valid(const struct vmatlas_record *rec)
{
	const struct vmatlas_sweep *s = &rec->sweep;

	return rec->head.mm && span_valid(s->lo, s->hi) && s->kind >= VMATLAS_SWEEP_TOLD && s->kind <= VMATLAS_SWEEP_ACCESS;
}

static bool text_valid(const struct vmatlas_record *rec)
{
	return rec->text.id && rec->text.total && rec->text.total <= VMATLAS_TEXT_MAX && rec->text.offset < rec->text.total;
}

bool va_record_valid_rare(const struct vmatlas_record *rec)
{
	switch (rec->head.type) {
	case VMATLAS_MM_LAYOUT:
	case VMATLAS_MM_COUNTS:
	case VMATLAS_MM_END:
		return rec->head.mm;
	case VMATLAS_VMA:
		return vma_valid(rec);
	case VMATLAS_RANGE:
		return range_valid(rec);
	case VMATLAS_PAGES:
		return pages_valid(rec);
	case VMATLAS_SWEEP:
		return sweep_valid(rec);
	case VMATLAS_TEXT:
		return text_valid(rec);
	case VMATLAS_LOSS:
		return rec->loss.channel < VMATLAS_CHANNELS;
	case VMATLAS_FORK:
		return rec->fork.child_tid && rec->fork.child_tgid;
	case VMATLAS_OP:
	case VMATLAS_EXEC:
	case VMATLAS_EXIT:
	case VMATLAS_MARK:
	case VMATLAS_TASK:
		return true;
	}
	return false;
}

const char *va_sweep_name(unsigned kind)
{
	static const char *const names[] = {
		[VMATLAS_SWEEP_TOLD] = "told", [VMATLAS_SWEEP_DOUBT] = "doubt", [VMATLAS_SWEEP_SWAP] = "swap", [VMATLAS_SWEEP_ACCESS] = "access",
	};

	return kind && kind < sizeof(names) / sizeof(names[0]) ? names[kind] : NULL;
}

const char *va_type_name(unsigned type)
{
	static const char *const names[] = {
#define X(symbol, number, name, channel) [number] = name,
		VMATLAS_EVENTS(X)
#undef X
	};

	return type < sizeof(names) / sizeof(names[0]) ? names[type] : NULL;
}
