#include "map_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maps.h"
#include "walk.h"

#define CROWD 0.01f /* of a row that is one among thousands: the landmarks keep their height, the crowd shares what is left */

#define COUNT_LATER (64ull << 12) /* bytes: the pages of larger rows are counted once, not at each picture */

/* How tall a row is in a crowd; libraries squeezed but the rest readable; all to be told apart; comfortable. */
struct wish {
	float least, tight, readable, good;
};

/* Room for one more than count. */
static void *grow(void *p, size_t *room, size_t count, size_t size)
{
	if (count < *room)
		return p;
	*room = *room ? *room * 2 : 64;
	p = realloc(p, *room * size);
	if (!p)
		abort();
	return p;
}

static struct va_row *add_row(struct va_rows *rows, enum va_row_kind kind, __u64 start, __u64 end)
{
	rows->row = grow(rows->row, &rows->room, rows->count, sizeof(*rows->row));
	rows->row[rows->count] = (struct va_row){.kind = kind, .start = start, .end = end, .group = -1};
	return &rows->row[rows->count++];
}

static void count_pages(struct va_row *row, const struct va_mm *mm)
{
	struct va_residency pages = va_runs_residency(mm, row->start, row->end);

	row->resident = pages.present;
	row->unknown = pages.unknown;
	row->counted = true;
}

struct va_residency va_row_residency(const struct va_mm *mm, const struct va_row *row)
{
	if (row->counted || !mm || row->kind != VA_ROW_VMA)
		return (struct va_residency){row->resident, row->unknown};
	return va_runs_residency(mm, row->start, row->end);
}

/* below, above: those that touch it, or NULL. */
static void add_vma(struct va_rows *rows, const struct va_rows_input *in, const struct va_vma *vma, const struct va_vma *below, const struct va_vma *above)
{
	struct va_row *row = add_row(rows, VA_ROW_VMA, vma->start, vma->end);

	row->vma = (struct va_row_vma){.vm_flags = vma->vm_flags, .name_text = vma->name_text, .inode = vma->inode, .born = vma->born, .changed = vma->changed,
				       .anon = vma->anon, .stale = vma->stale, .written = vma->written};
	row->zone = va_zone_between(in->mm, vma, below, above, in->texts, in->objects, in->rules, &row->lib);
	row->path = vma->name_kind == VMATLAS_NAME_PATH ? va_texts_get(in->texts, vma->name_text) : NULL;
	if (vma->end - vma->start > COUNT_LATER)
		count_pages(row, in->mm);
}

/* up stands above low. What a library's bss needs beyond its file stands right above the file: it belongs to the group. */
static bool same_file(const struct va_row *up, const struct va_row *low)
{
	if (up->vma.inode && low->vma.inode)
		return up->vma.inode == low->vma.inode && up->vma.name_text == low->vma.name_text;
	return up->zone == VA_ZONE_BSS && !up->vma.inode && low->vma.inode;
}

/* Row i belongs to the one above it? */
static void group_row(struct va_rows *rows, size_t i)
{
	struct va_row *up = &rows->row[i - !!i], *low = &rows->row[i];

	if (!i || up->kind != VA_ROW_VMA || low->kind != VA_ROW_VMA || !same_file(up, low))
		return;
	if (up->group < 0) {
		rows->first = grow(rows->first, &rows->group_room, rows->groups, sizeof(*rows->first));
		rows->first[rows->groups] = i - 1;
		up->group = (int)rows->groups++;
	}
	low->group = up->group;
}

static void list_rows(struct va_rows *rows, const struct va_rows_input *in)
{
	__u64 top = 1ull << (va_top_shift(in->levels) - 1), at = top;
	size_t n = in->mm ? va_mm_vma_count(in->mm) : 0;

	rows->count = rows->groups = 0;
	rows->built++;
	add_row(rows, VA_ROW_KERNEL, -top, 0);
	add_row(rows, VA_ROW_HOLE, top, -top);
	const struct va_vma *above = NULL, *vma = n ? va_mm_vma(in->mm, n - 1) : NULL, *below;

	for (; n--; above = vma, vma = below) {
		below = n ? va_mm_vma(in->mm, n - 1) : NULL;
		if (vma->start >= top)
			continue;
		if (vma->end < at)
			add_row(rows, VA_ROW_GAP, vma->end, at);
		add_vma(rows, in, vma, below && below->end == vma->start ? below : NULL, above && above->start == vma->end ? above : NULL);
		at = vma->start;
	}
	if (at)
		add_row(rows, VA_ROW_GAP, 0, at);
}

static float log_size(const struct va_row *row)
{
	return log2f((float)((row->end - row->start) >> 12) + 1);
}

/* What a reader looks for on any map, however many mappings there are: the program's own zones, the heap, the stack. */
static bool landmark(const struct va_row *row)
{
	switch (row->zone) {
	case VA_ZONE_TEXT:
	case VA_ZONE_RODATA:
	case VA_ZONE_DATA:
	case VA_ZONE_BSS:
	case VA_ZONE_HEADERS:
	case VA_ZONE_HEAP:
	case VA_ZONE_STACK:
	case VA_ZONE_VDSO:
	case VA_ZONE_VVAR:
		return !row->lib;
	default:
		return false;
	}
}

struct lines { /* heights of texts */
	float line, small, low, scale; /* low: one line of the smallest text */
};

static struct lines lines_of(const struct va_style *style)
{
	return (struct lines){.line = (float)va_role_height(style, VA_TEXT_BODY) + 3 * style->scale,
			      .small = (float)va_role_height(style, VA_TEXT_SMALL) + 1 * style->scale,
			      .low = (float)va_role_px(style, VA_TEXT_LABEL) + 3.5f * style->scale,
			      .scale = style->scale};
}

static struct wish wish_for(const struct va_row *row, const struct lines *lines, __u64 focus)
{
	float line = lines->line, small = lines->small, low = lines->low, scale = lines->scale;

	switch (row->kind) {
	case VA_ROW_KERNEL:
		return (struct wish){small, small, line, line * 1.4f};
	case VA_ROW_HOLE:
		return (struct wish){small * 0.5f, small * 0.6f, small, line * 1.1f};
	case VA_ROW_GAP:
		if (row->end - row->start < 1ull << 30) /* between libraries: one can do without its size */
			return (struct wish){CROWD, 3 * scale, small, small * 1.1f};
		return (struct wish){low, low, small, small * 1.6f};
	case VA_ROW_VMA:
		break;
	}
	if (focus >= row->start && focus < row->end)
		return (struct wish){line * 2.2f, line * 2.2f, line * 3.2f, line * 5};
	if (row->lib)
		return (struct wish){CROWD, 3 * scale, 6.5f * scale, line};
	return (struct wish){landmark(row) ? low : CROWD, low, line, line + log_size(row) * 2.4f * scale};
}

struct sums {
	struct wish all;
	float gap_weight;
};

static struct sums add_up(struct va_rows *rows, const struct lines *lines, __u64 focus)
{
	struct sums s = {0};

	for (size_t i = 0; i < rows->count; i++) {
		struct wish w = wish_for(&rows->row[i], lines, focus);

		group_row(rows, i);
		s.all.least += w.least;
		s.all.tight += w.tight;
		s.all.readable += w.readable;
		s.all.good += w.good;
		if (rows->row[i].kind == VA_ROW_GAP)
			s.gap_weight += powf(log_size(&rows->row[i]), 4);
	}
	return s;
}

/* Between two states of crowding all rows go from one wish to the next together. */
static float height_of(const struct va_row *row, const struct lines *lines, const struct va_rows_input *in, const struct sums *s)
{
	struct wish w = wish_for(row, lines, in->focus);
	const struct wish *all = &s->all;

	if (in->height >= all->good) { /* room left over goes to the emptiness: that is where it is in truth */
		float left = in->height - all->good;

		if (row->kind == VA_ROW_GAP && s->gap_weight > 0)
			return w.good + left * powf(log_size(row), 4) / s->gap_weight;
		return s->gap_weight > 0 ? w.good : w.good * in->height / all->good;
	}
	if (in->height >= all->readable)
		return va_mixf(w.readable, w.good, (in->height - all->readable) / (all->good - all->readable));
	if (in->height >= all->tight)
		return va_mixf(w.tight, w.readable, (in->height - all->tight) / (all->readable - all->tight));
	if (in->height >= all->least)
		return va_mixf(w.least, w.tight, (in->height - all->least) / (all->tight - all->least));
	return w.least * in->height / all->least;
}

void va_rows_build(struct va_rows *out, const struct va_rows_input *in)
{
	struct lines lines = lines_of(in->style);
	struct sums sums;
	double y = 0;

	list_rows(out, in);
	sums = add_up(out, &lines, in->focus);
	for (size_t i = 0; i < out->count; i++) {
		out->row[i].y = y;
		out->row[i].h = height_of(&out->row[i], &lines, in, &sums);
		y += out->row[i].h;
	}
}

void va_rows_free(struct va_rows *rows)
{
	free(rows->row);
	free(rows->first);
	*rows = (struct va_rows){0};
}

size_t va_rows_find(const struct va_rows *rows, __u64 addr)
{
	size_t lo = 0, hi = rows->count - 1;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (rows->row[mid].start <= addr)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

double va_rows_y(const struct va_rows *rows, __u64 addr)
{
	const struct va_row *row = rows->count ? &rows->row[va_rows_find(rows, addr)] : NULL;

	return row ? row->y + row->h * (1 - (double)(addr - row->start) / (double)(row->end - row->start)) : 0;
}

const struct va_row *va_rows_at(const struct va_rows *rows, __u64 addr)
{
	const struct va_row *row = rows->count ? &rows->row[va_rows_find(rows, addr)] : NULL;

	return row && row->kind == VA_ROW_VMA && addr >= row->start && addr < row->end ? row : NULL;
}
