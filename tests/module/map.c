#include "modtest.h"

#include <stdlib.h>
#include <string.h>

#define VMAS 4096

bool map_may_have_holes;

struct map {
	struct vmatlas_vma vma[VMAS];
	int n;
	struct vmatlas_mm_layout layout;
};

static void insert(struct map *map, const struct vmatlas_vma *vma)
{
	int at = map->n;

	while (at && map->vma[at - 1].start > vma->start)
		at--;
	memmove(&map->vma[at + 1], &map->vma[at], (map->n++ - at) * sizeof(*vma));
	map->vma[at] = *vma;
}

/* What sticks out of [lo, hi) stays: the next RANGE of a chain replaces it. */
static void cut(struct map *map, __u64 lo, __u64 hi)
{
	struct vmatlas_vma rest[2];
	int kept = 0, rests = 0;

	for (int i = 0; i < map->n; i++) {
		struct vmatlas_vma v = map->vma[i];

		if (v.start >= hi || v.end <= lo) {
			map->vma[kept++] = v;
			continue;
		}
		if (v.start < lo) {
			rest[rests] = v;
			rest[rests++].end = lo;
		}
		if (v.end > hi) {
			rest[rests] = v;
			rest[rests++].start = hi;
		}
	}
	map->n = kept;
	while (rests)
		insert(map, &rest[--rests]);
}

/* fs/proc/task_mmu.c */
static void name(const struct map *map, const struct vmatlas_vma *v, char *out, size_t size)
{
	bool touch = stat_of("rules", 0) & 1;
	const struct vmatlas_mm_layout *l = &map->layout;

	out[0] = 0;
	if (v->name_kind == VMATLAS_NAME_SHMEM)
		snprintf(out, size, "[anon_shmem:%s]", text_of(v->name_text));
	else if (v->name_kind && v->name_kind != VMATLAS_NAME_ANON)
		snprintf(out, size, "%s", text_of(v->name_text));
	else if (touch ? v->start <= l->brk && v->end >= l->start_brk : v->start < l->brk && v->end > l->start_brk)
		strcpy(out, "[heap]");
	else if (v->start <= l->start_stack && v->end >= l->start_stack)
		strcpy(out, "[stack]");
	else if (v->name_kind)
		snprintf(out, size, "[anon:%s]", text_of(v->name_text));
}

static int line(const struct map *map, const struct vmatlas_vma *v, char *out, size_t size)
{
	char text[VMATLAS_TEXT_MAX + 1], head[128];
	int n = snprintf(head, sizeof(head), "%08llx-%08llx %c%c%c%c %08llx %02x:%02x %llu", v->start, v->end, v->vm_flags & 1 ? 'r' : '-',
			 v->vm_flags & 2 ? 'w' : '-', v->vm_flags & 4 ? 'x' : '-', v->vm_flags & 0x80 ? 's' : 'p',
			 v->name_kind == VMATLAS_NAME_PATH || v->name_kind == VMATLAS_NAME_SHMEM ? v->pgoff << 12 : 0, v->dev_major, v->dev_minor, v->inode);

	name(map, v, text, sizeof(text));
	return text[0] ? snprintf(out, size, "%s%*s%s\n", head, n < 73 ? 73 - n : 1, "", text) : snprintf(out, size, "%s \n", head);
}

void map_at(__u32 mm, size_t end, char *out, size_t size)
{
	struct map *map = calloc(1, sizeof(*map));
	__u32 seq = 0;
	int left = 0;
	size_t at = 0;

	for (size_t i = 0; i < end; i++) {
		const struct vmatlas_record *r = &all.rec[i];

		if (r->head.mm != mm)
			continue;
		if (r->head.type == VMATLAS_MM_LAYOUT) {
			map->layout = r->layout;
		} else if (r->head.type == VMATLAS_RANGE) {
			if (left && !map_may_have_holes)
				check(false, "RANGE %u: %d VMAs missing", seq, left);
			cut(map, r->range.lo, r->range.hi);
			map->layout.brk = r->range.brk;
			map->layout.start_brk = r->range.start_brk;
			seq = r->head.aux;
			left = r->range.count;
		} else if (r->head.type == VMATLAS_VMA) {
			if (r->head.aux != seq || !left--) {
				if (!map_may_have_holes)
					check(false, "VMA out of its RANGE");
				continue;
			}
			insert(map, &r->vma);
		}
	}
	out[0] = 0;
	for (int i = 0; i < map->n; i++)
		at += line(map, &map->vma[i], out + at, size - at);
	free(map);
}
