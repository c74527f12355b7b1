/* vmmap --map, --self, --flat: the whole map, in groups or by address, and its sums. */
#include <stdlib.h>
#include <string.h>

#include "group.h"
#include "modes.h"
#include "units.h"

#define WIDTH 100

/* A row is put together by hand: a map may have 65,530 of them, and printf would take longer than all the rest. */
struct row {
	char text[160];
	size_t n;
};

static void put_text(struct row *w, const char *s, size_t n)
{
	memcpy(w->text + w->n, s, n);
	w->n += n;
}

static void put_padded(struct row *w, const char *s, size_t width, bool right)
{
	size_t n = strlen(s), pad = n < width ? width - n : 0;

	for (size_t i = 0; right && i < pad; i++)
		w->text[w->n++] = ' ';
	put_text(w, s, n);
	for (size_t i = 0; !right && i < pad; i++)
		w->text[w->n++] = ' ';
}

/* "0x", then 12 digits at least */
static void put_address(struct row *w, __u64 v)
{
	int digits = 12;

	while (digits < 16 && v >> (4 * digits))
		digits++;
	put_text(w, "0x", 2);
	while (digits--)
		w->text[w->n++] = "0123456789abcdef"[v >> (4 * digits) & 15];
}

static void put_size_and_perms(struct row *w, const struct vm_region *r)
{
	char size[32], perms[5];

	w->text[w->n++] = ' ';
	put_padded(w, vm_size(size, r->end - r->start), 9, true);
	put_text(w, "  ", 2);
	vm_perms_text(r, perms);
	put_text(w, perms, 4);
	put_text(w, "  ", 2);
}

/* Cut at its end with "…", so that tables stay 100 columns wide; --wide does not cut. */
static void print_row_with(struct row *w, const char *text, bool wide)
{
	char store[17000];
	const char *words = vm_harmless(text, store, sizeof(store));
	size_t n = strlen(words), room = WIDTH - w->n;

	fwrite(w->text, 1, w->n, stdout);
	if (wide || n <= room) {
		fwrite(words, 1, n, stdout);
		putchar('\n');
	} else if (*words == '/') {
		vm_print_tail(words, (int)room, false); /* of a path the end tells more */
	} else {
		printf("%.*s…\n", (int)vm_whole_characters(words, room - 1), words);
	}
}

static bool name_says_more(const struct vm_region *r, const char *words)
{
	return !*words || r->zone == VA_ZONE_FILE || r->zone == VA_ZONE_SHARED || (*r->name == '[' && !strncmp(r->name, "[anon", 5));
}

static void print_row(const struct vm_process *p, const struct vm_region *r, size_t indent, const struct vm_options *o)
{
	char store[512], both[5120];
	const char *words = vm_describe(p, r, store, sizeof(store));
	struct row w = {.n = 0};

	put_padded(&w, "", indent, false);
	put_address(&w, r->start);
	w.text[w.n++] = '-';
	put_address(&w, r->end);
	put_padded(&w, "", w.n < indent + 33 ? indent + 33 - w.n : 0, false);
	put_size_and_perms(&w, r);
	if (*r->name && name_says_more(r, words)) {
		snprintf(both, sizeof(both), "%s%s%s", words, *words ? ": " : "", r->name);
		words = both;
	}
	print_row_with(&w, words, o->wide);
}

static void note(enum vm_group g)
{
	if (g == VM_GROUP_HEAP)
		puts("    └── brk() managed, grows upward");
	else if (g == VM_GROUP_STACK)
		puts("    └── grows downward by page faults; a guard gap below it stays free");
}

struct part { /* of a library */
	const char *file;
	size_t first, region; /* indices: the library's first region, and this one */
};

static int by_file(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	int c = x->file == y->file ? 0 : strcmp(x->file, y->file);

	return c ? c : x->region < y->region ? -1 : x->region > y->region;
}

static int by_first(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return x->region < y->region ? -1 : x->region > y->region;
}

/* In the order in which the first region of each comes. */
static void print_by_file(const struct vm_process *p, const size_t *order, size_t n, const struct vm_options *o)
{
	struct part *part = malloc(n * sizeof(*part));
	char store[17000];

	if (!part)
		abort();
	for (size_t i = 0; i < n; i++)
		part[i] = (struct part){vm_file_of(p, &p->regions.region[order[i]]), i, i};
	qsort(part, n, sizeof(*part), by_file);
	for (size_t i = 1; i < n; i++)
		if (!strcmp(part[i].file, part[i - 1].file))
			part[i].first = part[i - 1].first;
	qsort(part, n, sizeof(*part), by_first);
	for (size_t i = 0; i < n; i++) {
		if (!i || part[i].first != part[i - 1].first)
			printf("  %s:\n", vm_harmless(o->wide ? part[i].file : vm_basename(part[i].file), store, sizeof(store)));
		print_row(p, &p->regions.region[order[part[i].region]], 4, o);
	}
	free(part);
}

static void print_title(const struct vm_process *p, const struct vm_region *first, enum vm_group g)
{
	char store[17000];

	if (g == VM_GROUP_EXECUTABLE)
		printf("\nEXECUTABLE (%s):\n  %-33s %9s  %s  %s\n", vm_harmless(*p->exe ? p->exe : vm_file_of(p, first), store, sizeof(store)), "Address Range", "Size", "Perm", "Description");
	else
		printf("\n%s:\n", vm_group_title(g));
}

static void print_groups(const struct vm_process *p, const size_t *order, size_t n, const struct vm_options *o)
{
	size_t *of_group = malloc((n + 1) * sizeof(*of_group));

	if (!of_group)
		abort();
	for (int g = 0; g < VM_GROUPS; g++) {
		size_t count = 0;

		for (size_t i = 0; i < n; i++)
			if (p->regions.region[order[i]].group == g)
				of_group[count++] = order[i];
		if (!count)
			continue;
		print_title(p, &p->regions.region[of_group[0]], (enum vm_group)g);
		if (g == VM_GROUP_LIBRARIES)
			print_by_file(p, of_group, count, o);
		for (size_t i = 0; i < count && g != VM_GROUP_LIBRARIES; i++)
			print_row(p, &p->regions.region[of_group[i]], 2, o);
		note((enum vm_group)g);
	}
	free(of_group);
}

static void print_flat(const struct vm_process *p, const size_t *order, size_t n, const struct vm_options *o)
{
	printf("%-13s %-18s %-18s %9s  %s  %s\n", "REGION TYPE", "START ADDR", "END ADDR", "SIZE", "PERM", "DESCRIPTION");
	for (size_t i = 0; i < n; i++) {
		const struct vm_region *r = &p->regions.region[order[i]];
		const char *file = vm_file_of(p, r), *words;
		struct row w = {.n = 0};
		char store[5120];

		put_padded(&w, vm_flat_type(r), 14, false);
		put_address(&w, r->start);
		put_padded(&w, "", w.n < 33 ? 33 - w.n : 1, false);
		put_address(&w, r->end);
		put_padded(&w, "", w.n < 51 ? 51 - w.n : 0, false);
		put_size_and_perms(&w, r);
		if (!*file)
			words = vm_describe(p, r, store, sizeof(store));
		else
			words = o->wide ? file : vm_basename(file);
		if (*file && r->zone == VA_ZONE_BSS) {
			snprintf(store, sizeof(store), "%s (.bss)", words);
			words = store;
		}
		print_row_with(&w, words, o->wide);
	}
}

int vm_mode_map(struct vm_process *p, const struct vm_options *o)
{
	size_t n, *order;

	if (o->json) {
		vm_json_map(p, o);
		return VM_EXIT_OK;
	}
	order = vm_ordered(p, o, &n);
	if (p->pid)
		printf("=== VIRTUAL MEMORY MAP (PID %d) ===\n", (int)p->pid);
	else
		printf("=== VIRTUAL MEMORY MAP (%s) ===\n", p->source);
	if (o->flat) {
		print_flat(p, order, n, o);
		vm_print_types(p, "=== MEMORY SUMMARY ===");
	} else {
		vm_print_summary(p);
		print_groups(p, order, n, o);
		vm_print_types(p, "BY TYPE:");
	}
	if (!n)
		puts("\nno region fits what was asked for");
	puts("=== END MAP ===");
	free(order);
	return VM_EXIT_OK;
}
