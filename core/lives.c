#include "lives.h"

#include <stdlib.h>

#include "alloc.h"

void va_lives_free(struct va_lives *l)
{
	free(l->life);
	free(l->ends);
}

static void note_end(struct va_lives *l, size_t i, size_t count)
{
	l->life[i].ended = count;
	l->ends = va_grow(l->ends, &l->end_room, l->end_count + 1, sizeof(*l->ends));
	l->ends[l->end_count++] = i;
	if (l->end_count > VA_ENDED_WITH_PAGES)
		l->life[l->ends[l->end_count - 1 - VA_ENDED_WITH_PAGES]].rested = count;
}

void va_lives_follow(struct va_lives *l, const struct va_model *latest, const struct vmatlas_record *rec, size_t count)
{
	size_t i = va_model_map_index(latest, rec->head.mm), maps = va_model_map_count(latest);

	for (; l->count < maps; l->count++) {
		l->life = va_grow(l->life, &l->room, l->count + 1, sizeof(*l->life));
		l->life[l->count] = (struct va_life){
			.born = count - 1, .last = count, .parent = rec->head.type == VMATLAS_FORK ? i : VA_NO_MAP,
		};
		if (rec->head.type == VMATLAS_FORK && i != VA_NO_MAP)
			l->life[i].forked = count;
	}
	if (i == VA_NO_MAP)
		return;
	l->life[i].last = count;
	if (va_model_ended(latest) != l->end_count)
		note_end(l, i, count);
}

size_t va_lives_ended_at(const struct va_lives *l, size_t p)
{
	size_t lo = 0, hi = l->end_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (l->life[l->ends[mid]].ended <= p)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool va_lives_over(const struct va_lives *l, size_t first, size_t n, size_t p)
{
	for (size_t i = first; i < first + n; i++)
		if (i >= l->count || !l->life[i].rested || l->life[i].rested > p || l->life[i].last > p)
			return false;
	return true;
}
