/* vmmap --map, --self, --flat: the whole map, in groups or by address, and its sums. */
#include <stdlib.h>
#include <string.h>

#include "group.h"
#include "modes.h"
#include "units.h"

#define WIDTH 100

/* Cut at its end with "…", so that tables stay 100 columns wide; --wide does not cut. */
static void print_cut(const char *text, int room, bool wide)
{
	int n = (int)strlen(text);

	if (wide || n <= room)
		printf("%s\n", text);
	else
		printf("%.*s…\n", room - 1, text);
}

static void print_row(const struct vm_process *p, const struct vm_region *r, int indent, const struct vm_options *o)
{
	char size[32], perms[5], words[1024], range[64];
	int used;

	vm_perms_text(r, perms);
	snprintf(range, sizeof(range), "0x%012llx-0x%012llx", r->start, r->end);
	used = printf("%*s%-33s %9s  %s  ", indent, "", range, vm_size(size, r->end - r->start), perms);
	vm_describe(p, r, words, sizeof(words));
	if (!*words || r->zone == VA_ZONE_FILE || r->zone == VA_ZONE_SHARED || (*r->name == '[' && !strncmp(r->name, "[anon", 5))) {
		size_t n = strlen(words);

		snprintf(words + n, sizeof(words) - n, "%s%s", n ? ": " : "", r->name);
	}
	print_cut(words, WIDTH - used, o->wide);
}

static void note(enum vm_group g)
{
	if (g == VM_GROUP_HEAP)
		puts("    └── brk() managed, grows upward");
	else if (g == VM_GROUP_STACK)
		puts("    └── grows downward by page faults; a guard gap below it stays free");
}

static bool file_was_seen(const struct vm_process *p, const size_t *order, size_t at, enum vm_group g)
{
	for (size_t i = 0; i < at; i++)
		if (p->regions.region[order[i]].group == g &&
		    !strcmp(vm_file_of(p, &p->regions.region[order[i]]), vm_file_of(p, &p->regions.region[order[at]])))
			return true;
	return false;
}

static void print_by_file(const struct vm_process *p, const size_t *order, size_t n, enum vm_group g, const struct vm_options *o)
{
	for (size_t i = 0; i < n; i++) {
		const struct vm_region *first = &p->regions.region[order[i]];

		if (first->group != g || file_was_seen(p, order, i, g))
			continue;
		printf("  %s:\n", o->wide ? vm_file_of(p, first) : vm_basename(vm_file_of(p, first)));
		for (size_t k = i; k < n; k++) {
			const struct vm_region *r = &p->regions.region[order[k]];

			if (r->group == g && !strcmp(vm_file_of(p, r), vm_file_of(p, first)))
				print_row(p, r, 4, o);
		}
	}
}

static void print_group(const struct vm_process *p, const size_t *order, size_t n, enum vm_group g, const struct vm_options *o)
{
	bool any = false;

	for (size_t i = 0; i < n && !any; i++)
		any = p->regions.region[order[i]].group == g;
	if (!any)
		return;
	if (g == VM_GROUP_EXECUTABLE)
		printf("\nEXECUTABLE (%s):\n  %-33s %9s  %s  %s\n", *p->exe ? p->exe : vm_file_of(p, &p->regions.region[order[0]]), "Address Range", "Size", "Perm", "Description");
	else
		printf("\n%s:\n", vm_group_title(g));
	if (g == VM_GROUP_LIBRARIES) {
		print_by_file(p, order, n, g, o);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (p->regions.region[order[i]].group == g)
			print_row(p, &p->regions.region[order[i]], 2, o);
	note(g);
}

static void print_flat(const struct vm_process *p, const size_t *order, size_t n, const struct vm_options *o)
{
	printf("%-13s %-18s %-18s %9s  %s  %s\n", "REGION TYPE", "START ADDR", "END ADDR", "SIZE", "PERM", "DESCRIPTION");
	for (size_t i = 0; i < n; i++) {
		const struct vm_region *r = &p->regions.region[order[i]];
		const char *file = vm_file_of(p, r);
		char start[24], end[24], size[32], perms[5], words[1024];
		int used;

		vm_perms_text(r, perms);
		snprintf(start, sizeof(start), "0x%012llx", r->start);
		snprintf(end, sizeof(end), "0x%012llx", r->end);
		used = printf("%-13s %-18s %-18s %9s  %s  ", vm_flat_type(r), start, end, vm_size(size, r->end - r->start), perms);
		if (*file)
			snprintf(words, sizeof(words), "%s%s", o->wide ? file : vm_basename(file), r->zone == VA_ZONE_BSS ? " (.bss)" : "");
		else
			vm_describe(p, r, words, sizeof(words));
		print_cut(words, WIDTH - used, o->wide);
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
		vm_print_types(p);
	} else {
		vm_print_summary(p);
		for (int g = 0; g < VM_GROUPS; g++)
			print_group(p, order, n, (enum vm_group)g, o);
	}
	if (!n)
		puts("\nno region fits what was asked for");
	puts("=== END MAP ===");
	free(order);
	return VM_EXIT_OK;
}
