#include "modtest.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char told[1 << 18], kept[1 << 18];

const struct vmatlas_record *find(size_t *at, int type)
{
	for (; *at < all.n; (*at)++)
		if (all.rec[*at].head.type == type)
			return &all.rec[(*at)++];
	return NULL;
}

/* Index of the mark that begins so, from `at` on; all.n = none. */
size_t find_mark(size_t at, const char *begin)
{
	for (; at < all.n; at++)
		if (all.rec[at].head.type == VMATLAS_MARK && !strncmp(text_of(all.rec[at].mark.text), begin, strlen(begin)))
			return at;
	return all.n;
}

void slurp(const char *file, char *out, size_t size)
{
	FILE *f = fopen(file, "r");
	size_t n = f ? fread(out, 1, size - 1, f) : 0;

	out[n] = 0;
	if (f)
		fclose(f);
	/* The gate page is printed behind the map and is no VMA. */
	char *gate = strstr(out, "ffffffffff600000-");

	if (gate)
		*gate = 0;
}

static void show_difference(const char *a, const char *b)
{
	size_t at = 0;

	while (a[at] && a[at] == b[at])
		at++;
	while (at && a[at - 1] != '\n')
		at--;
	printf("# told:\n%.400s# in /proc:\n%.400s\n", a + at, b + at);
}

/* The map at each mark "maps N" equals /tmp/maps.N. Returns how many were compared. */
int compare_maps(const char *what)
{
	int n = 0, bad = 0;

	for (size_t at = find_mark(0, "maps "); at < all.n; at = find_mark(at + 1, "maps ")) {
		char file[32];

		/* Before anybody watched. */
		if (!all.rec[at].head.mm)
			continue;
		snprintf(file, sizeof(file), "/tmp/maps.%d", atoi(text_of(all.rec[at].mark.text) + 5));
		slurp(file, kept, sizeof(kept));
		map_at(all.rec[at].head.mm, at, told, sizeof(told));
		n++;
		if (strcmp(told, kept)) {
			if (!bad++)
				show_difference(told, kept);
		}
	}
	check(n && !bad, "%s: %d maps told equal those of /proc, %d differ", what, n - bad, bad);
	return n;
}

void check_streams(const char *what, bool lossless)
{
	unsigned long lost = 0, back = 0;

	for (int cpu = 0; cpu < CPUS; cpu++)
		for (int ch = 0; ch < VMATLAS_CHANNELS; ch++) {
			const struct records *r = &stream[cpu][ch];

			lost += gaps(cpu, ch);
			for (size_t i = 1; i < r->n; i++)
				back += r->rec[i].head.ts < r->rec[i - 1].head.ts;
		}
	check(!back, "%s: no stream steps back in time", what);
	if (lossless)
		check(!lost, "%s: no sequence number missing (%lu)", what, lost);
}

size_t count(int type, __u32 mm)
{
	size_t n = 0;

	for (size_t i = 0; i < all.n; i++)
		n += all.rec[i].head.type == type && (!mm || all.rec[i].head.mm == mm);
	return n;
}

/* Heals as a collector does; the map told is that of /proc. */
void check_healed(pid_t pid, __u32 mm, const char *what)
{
	char file[32];
	int tries;

	for (tries = 0; tries < 1000 && (control("snapshot", "torn") || stat_of("torn", 0)); tries++)
		drain();
	drain();
	merge();
	snprintf(file, sizeof(file), "/proc/%d/maps", pid);
	slurp(file, kept, sizeof(kept));
	map_at(mm, all.n, told, sizeof(told));
	check(mm && !stat_of("torn", 0) && !strcmp(told, kept), "%s: the map is right after %d rounds", what, tries);
	if (strcmp(told, kept))
		show_difference(told, kept);
}
