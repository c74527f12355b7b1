/* Sums of a map: what was promised, what may be used, what is there; by type and by permission. */
#include <string.h>

#include "group.h"
#include "modes.h"
#include "units.h"

static void line(const char *name, __u64 bytes, const char *words)
{
	char size[32];

	printf("  %-18s %12s  %s\n", name, vm_size(size, bytes), words);
}

static void print_resident(const struct vm_process *p, const struct vm_totals *t)
{
	if (p->smaps_hidden || (!t->rss && !p->status.known)) {
		printf("  %-18s %12s  %s\n", "Resident:", "hidden", p->pid ? "(smaps is for the owner of the process, and root)" : "(a maps file does not tell; smaps does)");
		return;
	}
	line("Resident:", t->rss, "(in RAM now)");
	line("Shared:", t->shared, "(of it, mapped by other processes too)");
	line("Private:", t->private, "(of it, only here)");
	line("Swapped:", t->swap, "(moved out to swap)");
	line("PSS:", t->pss, "(private + each shared page divided by how many share it)");
}

static void print_permissions(const struct vm_process *p)
{
	static const struct {
		unsigned perms;
		const char *text, *words;
	} kinds[] = {
		{VM_R | VM_X, "r-x", "executable"}, {VM_R | VM_W, "rw-", "read-write"}, {VM_R, "r--", "read-only"}, {VM_R | VM_W | VM_X, "rwx", "writable AND executable"},
		{0, "---", "no access"}, {VM_X, "--x", "execute only"}, {VM_W, "-w-", "write only"}, {VM_W | VM_X, "-wx", "write and execute"},
	};

	size_t n[16] = {0};

	for (size_t i = 0; i < p->regions.count; i++)
		n[p->regions.region[i].perms & 15]++;
	puts("\nRegions by Permission:");
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		for (int shared = 0; shared < 2; shared++) {
			size_t count = n[kinds[k].perms | (shared ? VM_SHARED_MAP : 0)];

			if (count)
				printf("  %s%c (%s%s): %zu region%s\n", kinds[k].text, shared ? 's' : 'p', kinds[k].words, shared ? ", shared" : "", count, count == 1 ? "" : "s");
		}
}

void vm_print_summary(const struct vm_process *p)
{
	struct vm_totals t = vm_totals_of(p);
	const struct vm_status *s = &p->status;
	char a[32], b[32], store[17000];

	puts("SUMMARY:");
	if (*p->comm)
		printf("  %-18s %12s  %s\n", "Process:", p->name, vm_harmless(p->exe, store, sizeof(store)));
	if (p->ns_pid && p->ns_pid != p->pid)
		printf("  %-18s %12d  (%d in its own pid namespace)\n", "PID:", (int)p->pid, (int)p->ns_pid);
	line("Total Virtual:", s->known ? s->size << 10 : t.size, s->known ? "(VmSize: address space promised)" : "(sum of all regions)");
	line("Mapped Regions:", t.accessible, "(accessible, i.e. not PROT_NONE)");
	print_resident(p, &t);
	printf("  %-18s %12s  %s\n", "Regions:", vm_count(a, t.regions), "(VMAs)");
	if (p->pid)
		printf("  %-18s %12s  %s%s\n", "Page faults:", vm_count(a, p->minor + p->major), vm_count(b, p->major), " of them major (something had to be read)");
	if (s->known) {
		line("VmPeak:", s->peak << 10, "(the most that was ever promised)");
		line("VmData:", s->data << 10, "(private, writable, not the stack)");
		line("VmStk:", s->stack << 10, "(stack)");
		line("VmExe:", s->exe << 10, "(code of the program)");
		line("VmLib:", s->lib << 10, "(code of libraries)");
		line("VmPTE:", s->pte << 10, "(page tables)");
	}
}

static const struct {
	const char *title, *types[4];
} rows[] = {
	{"Code (.text):", {"[text]"}}, {"Data (.data/.bss):", {"[rodata]", "[data]", "[bss]"}}, {"Heap:", {"[heap]"}}, {"Stack:", {"[stack]", "[thread]"}},
	{"Shared Libraries:", {"[shared-lib]"}}, {"Anonymous:", {"[anon]"}}, {"Files, shared:", {"[file]", "[shared]"}}, {"Special, guards:", {"[vdso]", "[vvar]", "[special]", "[guard]"}},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* ROWS: in none ([vsyscall]) */
static size_t row_of(const char *type)
{
	for (size_t k = 0; k < ROWS; k++)
		for (int n = 0; n < 4 && rows[k].types[n]; n++)
			if (!strcmp(type, rows[k].types[n]))
				return k;
	return ROWS;
}

void vm_print_types(const struct vm_process *p, const char *title)
{
	struct vm_totals all = vm_totals_of(p), of_row[ROWS + 1] = {{0}};
	const char *last = NULL;
	char size[32];
	size_t row = 0;

	for (size_t i = 0; i < p->regions.count; i++) {
		const char *type = vm_flat_type(&p->regions.region[i]);

		row = type == last ? row : row_of(type);
		last = type;
		vm_totals_add(&of_row[row], &p->regions.region[i]);
	}
	printf("\n%s\n  %-20s %12s  %s\n", title, "Total Virtual Size:", vm_size(size, all.size), "100.0 %");
	for (size_t k = 0; k < ROWS; k++)
		printf("  %-20s %12s  %5.1f %%\n", rows[k].title, vm_size(size, of_row[k].size), all.size ? 100 * (double)of_row[k].size / (double)all.size : 0);
	print_permissions(p);
}
