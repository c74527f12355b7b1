#include "vmas.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "vmablocks.h"
#include "vmapack.h"

#define VM_SHARED 8ull
#define FLAT_MOST 256 /* of one array; more are in blocks, fewer than half of it never */

struct va_vmas {
	unsigned refs;
	size_t count, room;
	size_t last; /* where the last answer was: most questions are about the same place again. Readers of several threads set it, so atomic */
	struct va_vma *vma; /* owned; NULL while packed, and where there are blocks. Readers of several threads unpack, so atomic */
	void *packed;       /* owned; NULL: never packed */
	struct va_vmablocks *blocks; /* owned; NULL = few */
};

struct va_vmas *va_vmas_new(void)
{
	struct va_vmas *s = va_alloc(sizeof(*s));

	s->refs = 1;
	return s;
}

struct va_vmas *va_vmas_ref(struct va_vmas *s)
{
	__atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
	return s;
}

void va_vmas_unref(struct va_vmas *s)
{
	if (!s || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL))
		return;
	free(s->vma);
	free(s->packed);
	va_vmablocks_free(s->blocks);
	free(s);
}

/* Blocks become one array. */
static void flatten(struct va_vmas *s)
{
	s->vma = va_grow(NULL, &s->room, s->count, sizeof(*s->vma));
	va_vmablocks_flatten(s->blocks, s->vma);
	va_vmablocks_free(s->blocks);
	s->blocks = NULL;
}

void va_vmas_pack(struct va_vmas **vmas)
{
	struct va_vmas *s = *vmas, *packed;
	size_t bytes;

	if (s->packed || !s->count)
		return;
	if (s->blocks) {
		va_vmas_own(vmas);
		s = *vmas;
		flatten(s);
	}
	packed = va_vmas_new();
	packed->count = s->count;
	packed->packed = va_vma_pack(s->vma, s->count, &bytes);
	va_vmas_unref(s);
	*vmas = packed;
}

/* The first who asks unpacks for all. */
static __attribute__((noinline)) struct va_vma *unpack(struct va_vmas *s)
{
	struct va_vma *mine = va_alloc_raw(s->count * sizeof(*mine)), *other = NULL;

	va_vma_unpack(s->packed, mine, s->count);
	if (__atomic_compare_exchange_n(&s->vma, &other, mine, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return mine;
	free(mine);
	return other;
}

/* The array; NULL: there are blocks, or nothing. */
static inline struct va_vma *items(const struct va_vmas *s)
{
	struct va_vma *vma = __atomic_load_n(&s->vma, __ATOMIC_ACQUIRE);

	return __builtin_expect(!vma && s->packed, 0) ? unpack((struct va_vmas *)s) : vma;
}

size_t va_vmas_count(const struct va_vmas *s)
{
	return s->count;
}

static __attribute__((noinline)) const struct va_vma *at_slow(const struct va_vmas *s, size_t i)
{
	return s->blocks ? va_vmablocks_at(s->blocks, i) : &items(s)[i];
}

const struct va_vma *va_vmas_at(const struct va_vmas *s, size_t i)
{
	const struct va_vma *vma = __atomic_load_n(&s->vma, __ATOMIC_ACQUIRE);

	return __builtin_expect(!vma, 0) ? at_slow(s, i) : &vma[i];
}

static __attribute__((noinline)) size_t lower(const struct va_vmas *s, __u64 addr)
{
	const struct va_vma *vma = items(s);
	size_t lo = 0, hi = s->count;

	if (s->blocks)
		return va_vmablocks_lower(s->blocks, addr);
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (vma[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	__atomic_store_n(&((struct va_vmas *)s)->last, lo, __ATOMIC_RELAXED);
	return lo;
}

size_t va_vmas_lower(const struct va_vmas *s, __u64 addr)
{
	const struct va_vma *vma = __atomic_load_n(&s->vma, __ATOMIC_ACQUIRE);
	size_t last = __atomic_load_n(&s->last, __ATOMIC_RELAXED);

	if (vma && last < s->count && vma[last].end > addr && (!last || vma[last - 1].end <= addr))
		return last;
	return lower(s, addr);
}

void va_vmas_own(struct va_vmas **vmas)
{
	struct va_vmas *s = *vmas;

	if (__atomic_load_n(&s->refs, __ATOMIC_ACQUIRE) == 1 && !s->packed)
		return;
	struct va_vmas *copy = va_vmas_new();

	copy->count = s->count;
	if (s->blocks) {
		copy->blocks = va_vmablocks_copy(s->blocks);
	} else if (s->count > FLAT_MOST) {
		copy->blocks = va_vmablocks_new(items(s), s->count);
	} else {
		copy->vma = va_grow(NULL, &copy->room, s->count + 8, sizeof(*copy->vma));
		if (s->count)
			memcpy(copy->vma, items(s), s->count * sizeof(*copy->vma));
	}
	va_vmas_unref(s);
	*vmas = copy;
}

struct va_vma *va_vmas_edit(struct va_vmas **vmas, size_t i)
{
	va_vmas_own(vmas);
	return (*vmas)->blocks ? va_vmablocks_edit((*vmas)->blocks, i) : &(*vmas)->vma[i];
}

static void splice_array(struct va_vmas *s, size_t first, size_t end, const struct va_vma *with, size_t n)
{
	s->vma = va_grow(s->vma, &s->room, s->count - (end - first) + n, sizeof(*s->vma));
	memmove(&s->vma[first + n], &s->vma[end], (s->count - end) * sizeof(*s->vma));
	if (n)
		memcpy(&s->vma[first], with, n * sizeof(*with));
}

/* An array that has become too long. */
static void divide(struct va_vmas *s)
{
	s->blocks = va_vmablocks_new(s->vma, s->count);
	free(s->vma);
	s->vma = NULL;
	s->room = 0;
}

/* [first, end) := with[0..n) */
static void splice(struct va_vmas *s, size_t first, size_t end, const struct va_vma *with, size_t n)
{
	size_t count = s->count - (end - first) + n;

	if (s->blocks && count < FLAT_MOST / 2)
		flatten(s);
	if (s->blocks)
		va_vmablocks_splice(s->blocks, first, end, with, n);
	else
		splice_array(s, first, end, with, n);
	s->count = count;
	if (!s->blocks && count > FLAT_MOST)
		divide(s);
}

static void cut_start(struct va_vma *v, __u64 start)
{
	v->pgoff += (start - v->start) >> 12;
	v->start = start;
}

void va_vmas_replace(struct va_vmas **vmas, __u64 lo, __u64 hi, const struct va_vma *with, size_t n)
{
	struct va_vma left, right;
	bool has_left = false, has_right = false;

	va_vmas_own(vmas);
	struct va_vmas *s = *vmas;
	size_t first = va_vmas_lower(s, lo), end = first;

	for (; end < s->count; end++) {
		const struct va_vma *v = va_vmas_at(s, end);

		if (v->start >= hi)
			break;
		if (v->start < lo) {
			left = *v;
			left.end = lo;
			has_left = true;
		}
		if (v->end > hi) {
			right = *v;
			cut_start(&right, hi);
			has_right = true;
		}
	}
	splice(s, first, end, with, n);
	if (has_right)
		splice(s, first + n, first + n, &right, 1);
	if (has_left)
		splice(s, first, first, &left, 1);
}

bool va_vma_same_mapping(const struct va_vma *a, const struct va_vma *b)
{
	if (a->anon != b->anon || (a->vm_flags & VM_SHARED) != (b->vm_flags & VM_SHARED))
		return false;
	if (a->anon)
		return true;
	return a->inode == b->inode && a->dev_major == b->dev_major && a->dev_minor == b->dev_minor &&
	       a->pgoff - (a->start >> 12) == b->pgoff - (b->start >> 12);
}
