#include "oracle.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MOST (256u << 20)
#define WINDOW 64u              /* pages: VMAs up to this are read whole, of larger ones windows of this */
#define WHOLE_MOST (1u << 18)   /* pages: with "all", VMAs up to 1 GiB are read whole */
#define WINDOW_MOST (1u << 16)  /* pages in one piece */
#define USER_TOP (1ull << 56)

struct area {
	uint64_t start, pages;
};

struct asked {
	struct va_pieces *out;
	pid_t tgid;
	char *dir;            /* of the process, or of a thread of it where the first one has ended */
	struct area *areas;   /* owned */
	size_t count;
	struct va_pieces first; /* pagemap, read first; compared with the second reading */
	struct area *windows;
	size_t window_count, window_room;
};

uint64_t va_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static void *grown(void *p, size_t *room, size_t need, size_t size)
{
	if (need <= *room)
		return p;
	*room = *room * 2 > need ? *room * 2 : need + 15;
	p = realloc(p, *room * size);
	if (!p)
		abort();
	return p;
}

static void add_piece(struct va_pieces *p, uint32_t kind, pid_t tgid, uint64_t addr, const void *data, size_t bytes)
{
	struct vmatlas_proof head = { .kind = kind, .tgid = tgid, .addr = addr };

	va_bytes_add(&p->bytes, &head, sizeof(head));
	va_bytes_add(&p->bytes, data, bytes);
	p->end = grown(p->end, &p->room, p->n + 1, sizeof(*p->end));
	p->end[p->n++] = p->bytes.n;
}

void va_pieces_add(struct va_pieces *p, uint32_t kind, pid_t tgid, uint64_t addr, const void *data, size_t bytes)
{
	/* A multiple of all element sizes. */
	const size_t most = (VMATLAS_PROOF_PIECE - sizeof(struct vmatlas_proof)) & ~(size_t)4095;

	do {
		size_t n = bytes < most ? bytes : most;

		add_piece(p, kind, tgid, addr, data, n);
		data = (const char *)data + n;
		bytes -= n;
		if (kind == VMATLAS_PROOF_PAGES)
			addr += n / sizeof(uint64_t) << 12;
	} while (bytes);
}

void va_pieces_free(struct va_pieces *p)
{
	va_bytes_free(&p->bytes);
	free(p->end);
	memset(p, 0, sizeof(*p));
}

/* False: cannot be read (gone). The text is NUL-terminated, the NUL not counted. */
static bool slurp(const char *dir, const char *name, struct va_bytes *text)
{
	char *path = va_string("%s/%s", dir, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = fd < 0 ? -errno : 0;

	free(path);
	if (fd >= 0) {
		err = va_read_whole(fd, text, FILE_MOST);
		close(fd);
	}
	va_bytes_add(text, "", 1);
	text->n--;
	return !err;
}

/* A first thread that has ended has no map, the process may have one all the same. */
static bool find_maps(struct asked *a, struct va_bytes *maps)
{
	char *tasks = va_string("/proc/%d/task", a->tgid);
	bool told;
	DIR *d;

	a->dir = va_string("/proc/%d", a->tgid);
	told = slurp(a->dir, "maps", maps);
	d = told && !maps->n ? opendir(tasks) : NULL;
	for (struct dirent *e; d && !maps->n && (e = readdir(d));) {
		if (*e->d_name == '.')
			continue;
		free(a->dir);
		a->dir = va_string("%s/%s", tasks, e->d_name);
		maps->n = 0;
		slurp(a->dir, "maps", maps);
	}
	if (d)
		closedir(d);
	free(tasks);
	return told;
}

/* "START-END " at the beginning of a line. Not by sscanf: it looks for the end of all the text first, for each line. */
static bool read_range(const char *line, uint64_t *start, uint64_t *end)
{
	char *at;

	*start = strtoull(line, &at, 16);
	if (at == line || *at != '-')
		return false;
	line = at + 1;
	*end = strtoull(line, &at, 16);
	return at != line && *at == ' ';
}

static void find_areas(struct asked *a, const char *maps)
{
	uint64_t start, end;
	size_t room = 0;

	for (const char *line = maps; line && *line; line = strchr(line, '\n'), line += line != NULL) {
		if (!read_range(line, &start, &end) || end > USER_TOP || end <= start)
			continue;
		a->areas = grown(a->areas, &room, a->count + 1, sizeof(*a->areas));
		a->areas[a->count++] = (struct area){ start, (end - start) >> 12 };
	}
}

/* --- which pages --------------------------------------------------------------------------------------------------------- */

static void add_window(struct asked *a, uint64_t start, uint64_t pages)
{
	while (pages) {
		uint64_t n = pages < WINDOW_MOST ? pages : WINDOW_MOST;

		a->windows = grown(a->windows, &a->window_room, a->window_count + 1, sizeof(*a->windows));
		a->windows[a->window_count++] = (struct area){ start, n };
		start += n << 12;
		pages -= n;
	}
}

/* The ends of a large area more often than its inside: things begin and end there. */
static void add_some(struct asked *a, const struct area *area, uint64_t windows, uint64_t *random)
{
	uint64_t last = area->pages - WINDOW;

	if (windows >= area->pages / WINDOW) {
		add_window(a, area->start, area->pages);
		return;
	}
	for (uint64_t i = 0; i < windows; i++) {
		uint64_t dice = va_random(random), at = dice % 4 == 0 ? 0 : dice % 4 == 1 ? last : (dice >> 2) % (last + 1);

		add_window(a, area->start + (at << 12), WINDOW);
	}
}

static bool with_chance(uint64_t part, uint64_t whole, uint64_t *random)
{
	return part >= whole || va_random(random) % whole < part;
}

static void choose_some(struct asked *a, uint32_t pages, uint64_t *random)
{
	uint64_t small = 0, large = 0, each;

	for (size_t i = 0; i < a->count; i++)
		if (a->areas[i].pages <= WINDOW)
			small += a->areas[i].pages;
		else
			large++;
	each = large ? (pages - (small < pages / 2 ? small : pages / 2)) / WINDOW / large : 0;
	for (size_t i = 0; i < a->count; i++) {
		const struct area *area = &a->areas[i];

		if (area->pages <= WINDOW) {
			if (with_chance(pages / 2, small, random))
				add_window(a, area->start, area->pages);
		} else if (each || with_chance(pages / 2, large * WINDOW, random)) {
			add_some(a, area, each ? each : 1, random);
		}
	}
}

static void choose(struct asked *a, uint32_t pages, uint64_t *random)
{
	if (pages != ~0u) {
		choose_some(a, pages, random);
		return;
	}
	for (size_t i = 0; i < a->count; i++)
		if (a->areas[i].pages <= WHOLE_MOST)
			add_window(a, a->areas[i].start, a->areas[i].pages);
		else
			add_some(a, &a->areas[i], WHOLE_MOST / WINDOW, random);
}

/* --- reading ------------------------------------------------------------------------------------------------------------- */

/* Entries of all windows, one piece each. A window that cannot be read has none. */
static void read_pages(struct asked *a, struct va_pieces *to)
{
	char *path = va_string("%s/pagemap", a->dir);
	uint64_t *entries = va_zalloc(WINDOW_MOST * sizeof(*entries));
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	free(path);
	for (size_t i = 0; fd >= 0 && i < a->window_count; i++) {
		const struct area *w = &a->windows[i];
		ssize_t got = pread(fd, entries, w->pages * sizeof(*entries), w->start >> 12 << 3);

		va_pieces_add(to, VMATLAS_PROOF_PAGES, a->tgid, w->start, entries, got > 0 ? got & ~7l : 0);
	}
	if (fd >= 0)
		close(fd);
	free(entries);
}

/* Marks what changed between the two readings; bit 60 is none of the kernel's. */
static void mark_moved(struct va_bytes *second, const struct va_bytes *first)
{
	size_t n = first->n < second->n ? first->n : second->n;

	/* The pieces have the same heads, of 16 bytes: they never differ. */
	for (size_t at = 0; at + 8 <= n; at += 8) {
		uint64_t a, b;

		memcpy(&a, first->data + at, 8);
		memcpy(&b, second->data + at, 8);
		if (a == b)
			continue;
		b |= VMATLAS_PAGEMAP_MOVED;
		memcpy(second->data + at, &b, 8);
	}
}

static void read_vmas(struct asked *a, const char *smaps)
{
	struct vmatlas_proof_vma *vmas = va_zalloc((a->count + 1) * sizeof(*vmas));
	uint64_t start, end;
	size_t n = 0;

	for (const char *line = smaps; line && *line; line = strchr(line, '\n'), line += line != NULL) {
		if (n && !strncmp(line, "Rss:", 4))
			vmas[n - 1].rss = strtoull(line + 4, NULL, 10) << 10;
		else if (n && !strncmp(line, "Swap:", 5))
			vmas[n - 1].swap = strtoull(line + 5, NULL, 10) << 10;
		else if (n < a->count && read_range(line, &start, &end))
			vmas[n++] = (struct vmatlas_proof_vma){ .start = start, .end = end };
	}
	va_pieces_add(a->out, VMATLAS_PROOF_VMAS, a->tgid, 0, vmas, n * sizeof(*vmas));
	free(vmas);
}

/* Fields 10 and 12, counted behind the name, which may hold anything. */
static bool read_faults(struct asked *a, struct vmatlas_proof_process *p)
{
	char *dir = va_string("/proc/%d", a->tgid);
	struct va_bytes text = { 0 };
	bool told = slurp(dir, "stat", &text);
	char *end = told ? strrchr((char *)text.data, ')') : NULL;
	unsigned long long minor, major;

	told = end && sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %*u %llu %*u %llu", &minor, &major) == 2;
	if (told) {
		p->min_flt = minor;
		p->maj_flt = major;
	}
	va_bytes_free(&text);
	free(dir);
	return told;
}

static void ask_pages(struct asked *a, uint32_t pages, uint64_t *random)
{
	struct va_pieces first = { 0 }, second = { 0 };
	struct va_bytes smaps = { 0 };
	size_t at = 0;

	choose(a, pages, random);
	read_pages(a, &first);
	if (slurp(a->dir, "smaps", &smaps))
		read_vmas(a, (char *)smaps.data);
	read_pages(a, &second);
	if (first.bytes.n == second.bytes.n)
		mark_moved(&second.bytes, &first.bytes);
	for (size_t i = 0; i < second.n; at = second.end[i++]) {
		struct vmatlas_proof head;

		memcpy(&head, second.bytes.data + at, sizeof(head));
		va_pieces_add(a->out, head.kind, a->tgid, head.addr, second.bytes.data + at + sizeof(head), second.end[i] - at - sizeof(head));
	}
	va_pieces_free(&first);
	va_pieces_free(&second);
	va_bytes_free(&smaps);
}

void va_oracle_ask(struct va_pieces *out, pid_t tgid, uint32_t flags, uint32_t pages, uint64_t *random)
{
	struct asked a = { .out = out, .tgid = tgid };
	struct vmatlas_proof_process p = { .flags = flags };
	struct va_bytes maps = { 0 };

	if (!find_maps(&a, &maps) || !read_faults(&a, &p))
		p.flags |= VMATLAS_PROOF_UNREADABLE;
	else if (!maps.n)
		p.flags |= VMATLAS_PROOF_ENDING;
	find_areas(&a, (char *)maps.data);
	p.vmas = a.count;
	va_pieces_add(out, VMATLAS_PROOF_PROCESS, tgid, 0, &p, sizeof(p));
	if (!(p.flags & (VMATLAS_PROOF_OUTSIDE | VMATLAS_PROOF_ENDING | VMATLAS_PROOF_UNREADABLE))) {
		va_pieces_add(out, VMATLAS_PROOF_MAPS, tgid, 0, maps.data, maps.n);
		ask_pages(&a, pages, random);
	}
	va_bytes_free(&maps);
	free(a.dir);
	free(a.areas);
	free(a.windows);
}
