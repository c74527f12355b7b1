#include "map_colour.h"

#include <stdio.h>
#include <string.h>

#include "heat.h"
#include "layout.h"
#include "words.h"

struct class {
	const char *title, *words;
	int colour; /* of theme->category; -1 - i: of theme->ramp; KERNELS, ANON, FILES: the theme's own */
};

enum { KERNELS = 100, ANON, FILES };
#define RAMP(i) (-1 - (i))

static const struct class kinds[] = {
	{"anonymous", "Memory of the program's own, without a file behind it.", ANON},
	{"file", "Pages of a file, or copies of them.", FILES},
	{"kernel's", "Code and data that the kernel puts into every process: vdso, vvar.", KERNELS},
};

static const struct class zones[] = {
	{"code", "Instructions: of the program and of its libraries.", 2},
	{"constants", "Read-only data of an ELF file, what the loader has made read-only, and its headers.", 4},
	{"data", "Variables of an ELF file: data and bss.", 6},
	{"heap", "What brk grows: the C library's heap.", 0},
	{"stack", "Of the first thread and, as far as they can be told, of others.", 5},
	{"mapping", "Other anonymous memory: mmap.", 8},
	{"shared mem", "Shared memory that only looks like a file: memfd, SysV, /dev/shm.", 3},
	{"files", "Files that are mapped and are no programs, or of which no more is known.", 1},
	{"guards", "No access at all, beside something that may overflow.", 7},
	{"vdso, vvar", "What the kernel puts into every process.", KERNELS},
};

static const struct class permissions[] = {
	{"---", "No access: reserved.", 7},
	{"r--", "Can be read only.", 4},
	{"rw-", "Can be read and written.", 0},
	{"r-x", "Can be read and executed.", 2},
	{"W+X", "Can be written and executed: what an attacker looks for.", 5},
	{"others", "Executable or writable only.", 6},
};

static const struct class ages[] = {
	{"older", "Mapped 10 s ago or before.", RAMP(0)}, {"<10 s", "Mapped less than 10 s ago.", RAMP(1)}, {"<1 s", "Mapped less than a second ago.", RAMP(2)},
	{"<0.1 s", "Mapped less than 100 ms ago.", RAMP(3)}, {"<10 ms", "Mapped less than 10 ms ago.", RAMP(4)},
};

static const struct class heats[] = {
	{"no fault", "Never touched since it was mapped, or its pages were there without a fault.", RAMP(0)}, {"1+", "1 to 9 faults.", RAMP(1)},
	{"10+", "10 to 99 faults.", RAMP(2)}, {"100+", "100 to 999 faults.", RAMP(3)}, {"1,000+", "1,000 faults and more.", RAMP(4)},
};

static const struct class sharings[] = {
	{"private", "Private anonymous memory: fork copies it when it is written to.", 0},
	{"from file", "Private pages of a file; none has been seen written to.", 1},
	{"written", "Private pages of a file, some written to: copies of the process's own.", 5},
	{"shared", "What is written here is seen by all who map it.", 6},
	{"the kernel's", "vdso, vvar: the same for all.", KERNELS},
};

#define N(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *name, *words;
	const struct class *class;
	unsigned count;
} colourings[VA_BYS] = {
	[VA_BY_KIND] = {"kind", "anonymous memory or a file", kinds, N(kinds)},
	[VA_BY_ZONE] = {"zone", "what it is for: code, data, heap, stack …", zones, N(zones)},
	[VA_BY_PERMISSION] = {"permission", "what the program may do there", permissions, N(permissions)},
	[VA_BY_AGE] = {"age", "how long ago it was mapped", ages, N(ages)},
	[VA_BY_HEAT] = {"heat", "page faults since it was mapped", heats, N(heats)},
	[VA_BY_SHARING] = {"sharing", "shared, or private to the process", sharings, N(sharings)},
};

const char *va_colour_by_name(enum va_colour_by by)
{
	return colourings[by].name;
}

const char *va_colour_by_words(enum va_colour_by by)
{
	return colourings[by].words;
}

unsigned va_class_count(enum va_colour_by by)
{
	return colourings[by].count;
}

const char *va_class_title(enum va_colour_by by, unsigned class)
{
	return colourings[by].class[class].title;
}

const char *va_class_words(enum va_colour_by by, unsigned class)
{
	return colourings[by].class[class].words;
}

static unsigned zone_class(const struct va_row *row)
{
	switch (row->zone) {
	case VA_ZONE_TEXT:
		return 0;
	case VA_ZONE_RODATA:
	case VA_ZONE_HEADERS:
		return 1;
	case VA_ZONE_DATA:
	case VA_ZONE_BSS:
		return 2;
	case VA_ZONE_HEAP:
		return 3;
	case VA_ZONE_STACK:
	case VA_ZONE_THREAD_STACK:
		return 4;
	case VA_ZONE_ANON:
		return 5;
	case VA_ZONE_SHARED:
		return 6;
	case VA_ZONE_GUARD:
		return 8;
	default:
		return row->vma.anon ? 5 : 7;
	}
}

static unsigned permission_class(__u64 flags)
{
	static const unsigned char class[8] = {0, 1, 5, 2, 5, 3, 4, 4}; /* by X W R */

	return class[flags & 7];
}

static __u64 age_of(const struct va_row *row, const struct va_look *look)
{
	__u64 now = look->play->time;

	return now > row->vma.born ? now - row->vma.born : 0;
}

static unsigned age_class(__u64 age)
{
	return age < 10 * VA_MS ? 4 : age < 100 * VA_MS ? 3 : age < VA_SEC ? 2 : age < 10 * VA_SEC ? 1 : 0;
}

unsigned va_heat_class(__u64 faults)
{
	return faults >= 1000 ? 4 : faults >= 100 ? 3 : faults >= 10 ? 2 : faults ? 1 : 0;
}

__u64 va_row_heat(const struct va_row *row, const struct va_look *look)
{
	return look->mm ? va_heat_count(look->heat, va_mm_id(look->mm), row->start, row->end, row->vma.born, look->play->pos) : 0;
}

unsigned va_class_of(const struct va_row *row, const struct va_look *look)
{
	bool kernels = va_is_kernels(row);

	switch (look->view->map.by) {
	case VA_BY_ZONE:
		return kernels ? 9 : zone_class(row);
	case VA_BY_PERMISSION:
		return permission_class(row->vma.vm_flags);
	case VA_BY_AGE:
		return age_class(age_of(row, look));
	case VA_BY_HEAT:
		return va_heat_class(va_row_heat(row, look));
	case VA_BY_SHARING:
		return kernels ? 4 : row->vma.vm_flags & 8 ? 3 : row->vma.anon ? 0 : row->vma.written ? 2 : 1;
	default:
		return kernels ? 2 : row->vma.anon ? 0 : 1;
	}
}

struct va_paint va_class_paint(const struct va_theme *t, enum va_colour_by by, unsigned class)
{
	int which = colourings[by].class[class].colour;
	va_colour c;

	if (which == KERNELS)
		return (struct va_paint){t->other, t->kernel, t->text, t->other};
	if (which == ANON)
		return (struct va_paint){t->anon, t->anon_fill, t->anon_text, t->resident_anon};
	if (which == FILES)
		return (struct va_paint){t->file, t->file_fill, t->file_text, t->resident_file};
	c = which < 0 ? t->ramp[-1 - which] : t->category[which];
	return (struct va_paint){c, va_colour_mix(t->panel, c, which < 0 ? 0.18f + 0.07f * (float)(-1 - which) : 0.26f), t->text, c};
}

/* PROT_NONE: reserved, not usable */
struct va_paint va_paint_of(const struct va_row *row, const struct va_look *look)
{
	struct va_paint p = va_class_paint(look->style->theme, look->view->map.by, va_class_of(row, look));

	if (!va_is_kernels(row) && !(row->vma.vm_flags & 7))
		p.fill = va_colour_mix(p.fill, look->style->theme->panel, 0.65f);
	return p;
}

bool va_row_faded(const struct va_row *row, const struct va_look *look)
{
	unsigned only = look->view->map.only;

	return only && !(only >> va_class_of(row, look) & 1);
}

const char *va_class_figure(char *buf, size_t n, const struct va_row *row, const struct va_look *look)
{
	char figure[32];
	__u64 faults;

	*buf = '\0';
	switch (look->view->map.by) {
	case VA_BY_AGE:
		snprintf(buf, n, "%s old", va_words_time(figure, sizeof(figure), age_of(row, look)));
		break;
	case VA_BY_HEAT:
		faults = va_row_heat(row, look);
		snprintf(buf, n, "%s fault%s", va_words_count(figure, sizeof(figure), faults), faults == 1 ? "" : "s");
		break;
	case VA_BY_SHARING:
		snprintf(buf, n, "%s", va_class_title(VA_BY_SHARING, va_class_of(row, look)));
		break;
	default:
		break;
	}
	return buf;
}

bool va_colour_find(const char *name, uint64_t *by)
{
	for (*by = 0; *by < VA_BYS; ++*by)
		if (!strcmp(colourings[*by].name, name))
			return true;
	return false;
}

bool va_filter_find(const char *name, uint64_t *filter)
{
	for (unsigned by = 0; by < VA_BYS; by++)
		for (unsigned c = 0; c < colourings[by].count; c++)
			if (!strcmp(colourings[by].class[c].title, name)) {
				*filter = VA_FILTER(by, c);
				return true;
			}
	return false;
}
