/* Two maps cut at the bounds of both: what is in one only, and what the records say why. See pair.h. */
#include "pair.h"

#include "alloc.h"
#include "record.h"
#include "vmas.h"

#define VM_DONTCOPY 0x20000ull
#define RIGHTS 0xfull /* read, write, execute, shared */

struct cut {
	const struct va_pair *pair;
	const struct va_kin *kin;
	struct va_history *history;
	const struct va_mm *parent, *child;
	size_t pos;
};

static void say(struct va_piece *piece, enum va_piece_reason why, bool by_child, const struct va_kin_change *c)
{
	piece->why = c ? why : VA_WHY_UNKNOWN;
	piece->by_child = by_child;
	piece->nr = c ? c->nr : -1;
	piece->ts = c ? c->ts : 0;
}

static const struct va_kin_change *turned(const struct cut *cut, bool child, __u64 addr, bool mapped)
{
	const struct va_kin_fork *f = &cut->pair->fork;

	return va_kin_turned(cut->kin, cut->history, child ? f->child_mm : f->parent_mm, addr, mapped, f->pos, cut->pos);
}

static void why_parent_only(const struct cut *cut, struct va_piece *piece, const struct va_vma *v)
{
	const struct va_mm *mm = va_model_mm(cut->pair->before, cut->pair->fork.parent_mm);
	const struct va_vma *then = mm ? va_mm_vma_at(mm, piece->lo) : NULL;

	if (!then || v->born > cut->pair->fork.ts)
		say(piece, VA_WHY_MAPPED, false, turned(cut, false, piece->lo, true));
	else if (then->vm_flags & VM_DONTCOPY)
		piece->why = VA_WHY_DONTFORK;
	else
		say(piece, VA_WHY_UNMAPPED, true, turned(cut, true, piece->lo, false));
}

static void why_child_only(const struct cut *cut, struct va_piece *piece, const struct va_vma *v)
{
	const struct va_mm *mm = va_model_mm(cut->pair->before, cut->pair->fork.parent_mm);
	const struct va_vma *then = mm ? va_mm_vma_at(mm, piece->lo) : NULL;

	if (!then || (then->vm_flags & VM_DONTCOPY) || v->born > cut->pair->fork.ts)
		say(piece, VA_WHY_MAPPED, true, turned(cut, true, piece->lo, true));
	else
		say(piece, VA_WHY_UNMAPPED, false, turned(cut, false, piece->lo, false));
}

/* Both have something: who changed it last? */
static void why_changed(const struct cut *cut, struct va_piece *piece, const struct va_vma *a, const struct va_vma *b)
{
	const struct va_kin_fork *f = &cut->pair->fork;
	bool by_child = b->changed > f->ts && b->changed >= a->changed;

	if (by_child || a->changed > f->ts)
		say(piece, VA_WHY_CHANGED, by_child,
		    va_kin_change_at(cut->kin, by_child ? f->child_mm : f->parent_mm, by_child ? b->changed : a->changed, f->pos));
	else
		piece->why = VA_WHY_UNKNOWN;
}

static bool equal(const struct va_vma *a, const struct va_vma *b)
{
	return a->start == b->start && a->end == b->end && !((a->vm_flags ^ b->vm_flags) & RIGHTS) && a->name_text == b->name_text;
}

static void judge(const struct cut *cut, struct va_piece *piece, const struct va_vma *a, const struct va_vma *b)
{
	if (a && b) {
		piece->kind = !va_vma_same_mapping(a, b) ? VA_PIECE_OTHER : equal(a, b) ? VA_PIECE_EQUAL : VA_PIECE_ALTERED;
		if (piece->kind != VA_PIECE_EQUAL)
			why_changed(cut, piece, a, b);
	} else if (a) {
		piece->kind = VA_PIECE_PARENT;
		why_parent_only(cut, piece, a);
	} else {
		piece->kind = VA_PIECE_CHILD;
		why_child_only(cut, piece, b);
	}
}

static const struct va_vma *next_of(const struct va_mm *mm, size_t *i, __u64 at)
{
	while (*i < va_mm_vma_count(mm) && va_mm_vma(mm, *i)->end <= at)
		++*i;
	return *i < va_mm_vma_count(mm) ? va_mm_vma(mm, *i) : NULL;
}

static __u64 bound_after(const struct va_vma *v, __u64 at, __u64 otherwise)
{
	__u64 bound = !v ? otherwise : v->start > at ? v->start : v->end;

	return bound < otherwise ? bound : otherwise;
}

size_t va_pair_pieces(const struct va_pair *p, const struct va_kin *k, struct va_history *h, const struct va_mm *parent, const struct va_mm *child,
		      size_t pos, struct va_piece **out, size_t *room)
{
	struct cut cut = {p, k, h, parent, child, pos};
	size_t i = 0, j = 0, n = 0;

	for (__u64 at = 0;;) {
		const struct va_vma *a = next_of(parent, &i, at), *b = next_of(child, &j, at);
		__u64 end = bound_after(b, at, bound_after(a, at, ~0ull));
		const struct va_vma *x = a && a->start <= at ? a : NULL, *y = b && b->start <= at ? b : NULL;

		if (!a && !b)
			return n;
		if (x || y) {
			*out = va_grow(*out, room, n + 1, sizeof(**out));
			(*out)[n] = (struct va_piece){.lo = at, .hi = end, .nr = -1};
			judge(&cut, &(*out)[n++], x, y);
		}
		at = end;
	}
}
