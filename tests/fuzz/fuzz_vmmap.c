/*
 * Fuzz target for what vmmap reads: the first byte says what the rest is: /proc/PID/stat, /proc/PID/status, or maps and smaps (in two pieces, as reads may cut them).
 * What was understood of a map is classified, described, and written as JSON, text and table.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmmap/group.h"
#include "vmmap/modes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static FILE *nowhere;

static void check(bool good)
{
	if (!good)
		abort();
}

static char *text_of(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	check(text);
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

static void fuzz_stat(const uint8_t *data, size_t size)
{
	struct vm_process p = {0};
	char *text = text_of(data, size);

	if (vm_stat_text(&p, text))
		check(strlen(p.comm) < sizeof(p.comm));
	free(text);
}

static void fuzz_status(const uint8_t *data, size_t size)
{
	struct vm_status s = {0};
	char *text = text_of(data, size), *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		vm_status_line(&s, line);
	free(text);
}

/* Own memory for each piece, of just its size: reading beyond it is found out. */
static void read_pieces(struct vm_regions *r, const uint8_t *data, size_t size, size_t cut)
{
	char *first = text_of(data, cut), *whole, *rest;
	size_t used = vm_regions_text(r, first, cut, false);

	check(used <= cut);
	whole = malloc(size - used + 1);
	check(whole);
	memcpy(whole, data + used, size - used);
	rest = realloc(whole, size - used ? size - used : 1);
	check(rest && vm_regions_text(r, rest, size - used, true) == size - used);
	free(rest);
	free(first);
}

static void check_regions(const struct vm_regions *r)
{
	for (size_t i = 0; i < r->count; i++) {
		check(r->region[i].start < r->region[i].end);
		check(!i || r->region[i - 1].end <= r->region[i].start);
		check(vm_regions_at(r, r->region[i].start) == &r->region[i]);
	}
}

static void fuzz_maps(const uint8_t *data, size_t size, size_t cut)
{
	struct vm_process p = {.source = "fuzz", .state = '?'};
	struct vm_options o = {0};

	read_pieces(&p.regions, data, size, cut);
	check_regions(&p.regions);
	vm_classify(&p);
	vm_mode_map(&p, &o);
	o.flat = o.wide = true;
	vm_mode_map(&p, &o);
	o.json = true;
	vm_mode_map(&p, &o);
	vm_mode_compare(&p, &p, &o);
	vm_process_free(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!nowhere) {
		nowhere = fopen("/dev/null", "we");
		check(nowhere);
	}
	if (size < 3)
		return 0;
	FILE *before = stdout;

	stdout = nowhere;
	if (data[0] == 's')
		fuzz_stat(data + 1, size - 1);
	else if (data[0] == 'S')
		fuzz_status(data + 1, size - 1);
	else
		fuzz_maps(data + 2, size - 2, data[1] * (size - 2) / 256);
	stdout = before;
	return 0;
}
