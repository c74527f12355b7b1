/* vmmap --compare and --watch: what differs between two maps, as lines with - and +. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "group.h"
#include "modes.h"
#include "output.h"
#include "self.h"
#include "units.h"

enum change { GONE, CAME, CHANGED, CHANGES };

/* One region that differs; x in the first map, y in the second: NULL = not there. */
struct row {
	enum change change;
	const struct vm_region *x, *y;
};

struct pair {
	const struct vm_process *a, *b;
	size_t i, k;
};

static bool same_place(const struct vm_region *a, const struct vm_region *b)
{
	return a->start == b->start && a->end == b->end && a->perms == b->perms && a->offset == b->offset && a->inode == b->inode && !strcmp(a->name, b->name);
}

static bool same_facts(const struct vm_region *a, const struct vm_region *b)
{
	return a->kb.rss == b->kb.rss && a->kb.swap == b->kb.swap && a->kb.anonymous == b->kb.anonymous;
}

/* The next difference, by address; false = no more. */
static bool next_row(struct pair *p, struct row *out)
{
	while (p->i < p->a->regions.count || p->k < p->b->regions.count) {
		const struct vm_region *x = p->i < p->a->regions.count ? &p->a->regions.region[p->i] : NULL;
		const struct vm_region *y = p->k < p->b->regions.count ? &p->b->regions.region[p->k] : NULL;

		if (x && y && same_place(x, y)) {
			p->i++, p->k++;
			*out = (struct row){CHANGED, x, y};
			if (x->measured && y->measured && !same_facts(x, y))
				return true;
		} else if (x && (!y || x->start <= y->start)) {
			p->i++;
			*out = (struct row){GONE, x, NULL};
			return true;
		} else {
			p->k++;
			*out = (struct row){CAME, NULL, y};
			return true;
		}
	}
	return false;
}

static struct vm_difference count_rows(const struct vm_process *a, const struct vm_process *b)
{
	struct pair p = {.a = a, .b = b};
	size_t n[CHANGES] = {0};
	struct row row;

	while (next_row(&p, &row))
		n[row.change]++;
	return (struct vm_difference){.gone = n[GONE], .came = n[CAME], .changed = n[CHANGED]};
}

/* --- text -------------------------------------------------------------------------------------------------------------------- */

static void print_whole(char sign, const struct vm_process *p, const struct vm_region *r, bool wide)
{
	char size[32], perms[5], store[1024];
	int used;

	vm_perms_text(r, perms);
	used = printf("%c 0x%012llx-0x%012llx %9s  %s  %-12s ", sign, r->start, r->end, vm_size(size, r->end - r->start), perms, vm_flat_type(r));
	vm_print_tail(*r->name == '/' ? r->name : vm_describe(p, r, store, sizeof(store)), 100 - used, wide);
}

static void print_facts(const struct row *row, bool wide)
{
	const struct vm_measures *x = &row->x->kb, *y = &row->y->kb;
	int used = printf("~ 0x%012llx-0x%012llx %-12s RSS %llu -> %llu kB (%+lld)", row->y->start, row->y->end, vm_flat_type(row->y), x->rss, y->rss, (long long)(y->rss - x->rss));

	if (x->anonymous != y->anonymous && x->anonymous - y->anonymous != x->rss - y->rss)
		used += printf(", anonymous %+lld", (long long)(y->anonymous - x->anonymous));
	if (x->swap != y->swap)
		used += printf(", swap %+lld", (long long)(y->swap - x->swap));
	used += printf("  ");
	vm_print_tail(row->y->name, used < 98 ? 100 - used : 2, wide);
}

static void print_rows(const struct vm_process *a, const struct vm_process *b, bool wide)
{
	struct pair p = {.a = a, .b = b};
	struct row row;

	while (next_row(&p, &row))
		if (row.change == CHANGED)
			print_facts(&row, wide);
		else
			print_whole(row.x ? '-' : '+', row.x ? a : b, row.x ? row.x : row.y, wide);
}

static void print_sums(const struct vm_process *a, const struct vm_process *b)
{
	struct vm_totals x = vm_totals_of(a), y = vm_totals_of(b);

	printf("  size %llu -> %llu kB (%+lld)", x.size >> 10, y.size >> 10, (long long)(y.size - x.size) / 1024);
	if (a->smaps_hidden || b->smaps_hidden)
		printf(", RSS hidden");
	else
		printf(", RSS %llu -> %llu kB (%+lld)", x.rss >> 10, y.rss >> 10, (long long)(y.rss - x.rss) / 1024);
	if (a->pid && b->pid)
		printf(", faults %+lld", (long long)(b->minor + b->major - a->minor - a->major));
	putchar('\n');
}

/* --- JSON -------------------------------------------------------------------------------------------------------------------- */

static void json_facts(struct va_json *j, const char *key, const struct vm_region *r)
{
	if (!r || !r->measured) {
		va_json_null(j, key);
		return;
	}
	va_json_object(j, key);
	va_json_u64(j, "rss", r->kb.rss << 10);
	va_json_u64(j, "anonymous", r->kb.anonymous << 10);
	va_json_u64(j, "swap", r->kb.swap << 10);
	va_json_end_object(j);
}

static void json_row(struct va_json *j, const struct row *row)
{
	static const char *const names[CHANGES] = {"gone", "new", "changed"};
	const struct vm_region *r = row->y ? row->y : row->x;
	char perms[5];

	vm_perms_text(r, perms);
	va_json_object(j, NULL);
	va_json_string(j, "change", names[row->change]);
	va_json_hex(j, "start", r->start);
	va_json_hex(j, "end", r->end);
	va_json_string(j, "perms", perms);
	va_json_string(j, "name", r->name);
	va_json_string(j, "zone", va_zone_name(r->zone));
	json_facts(j, "from", row->x);
	json_facts(j, "to", row->y);
	va_json_end_object(j);
}

static void json_side(struct va_json *j, const char *key, const struct vm_process *p)
{
	struct vm_totals t = vm_totals_of(p);

	va_json_object(j, key);
	va_json_u64(j, "pid", (__u64)p->pid);
	va_json_string(j, "comm", p->comm);
	va_json_string(j, "source", p->source);
	va_json_u64(j, "regions", t.regions);
	va_json_u64(j, "size", t.size);
	if (p->smaps_hidden)
		va_json_null(j, "rss");
	else
		va_json_u64(j, "rss", t.rss);
	va_json_u64(j, "minor_faults", p->minor);
	va_json_u64(j, "major_faults", p->major);
	va_json_end_object(j);
}

/* seconds < 0: not watched */
static void json_difference(const struct vm_process *a, const struct vm_process *b, double seconds)
{
	struct pair p = {.a = a, .b = b};
	struct va_json j = {0};
	struct row row;

	va_json_object(&j, NULL);
	if (seconds >= 0)
		va_json_u64(&j, "ms", (__u64)(seconds * 1000 + 0.5));
	json_side(&j, "from", a);
	json_side(&j, "to", b);
	va_json_array(&j, "rows");
	while (next_row(&p, &row)) {
		json_row(&j, &row);
		vm_json_flush(&j);
	}
	va_json_end_array(&j);
	va_json_end_object(&j);
	vm_json_end(&j);
}

int vm_mode_compare(const struct vm_process *a, const struct vm_process *b, const struct vm_options *o)
{
	struct vm_difference d = count_rows(a, b);

	if (o->json) {
		json_difference(a, b, -1);
		return VM_EXIT_OK;
	}
	printf("=== DIFFERENCES (%s to %s) ===\n", a->source ? a->source : a->name, b->source ? b->source : b->name);
	print_rows(a, b, o->wide);
	printf("%zu gone, %zu new, %zu with other contents\n", d.gone, d.came, d.changed);
	print_sums(a, b);
	puts("=== END DIFFERENCES ===");
	return VM_EXIT_OK;
}

static volatile sig_atomic_t stopped;

static void stop(int number)
{
	stopped = 1;
}

static void print_look(const struct vm_process *before, const struct vm_process *now, double since, const struct vm_options *o)
{
	struct vm_difference d = count_rows(before, now);

	if (!d.came && !d.gone && !d.changed)
		return;
	if (o->json) {
		json_difference(before, now, since);
	} else {
		printf("--- %.1f s\n", since);
		print_rows(before, now, o->wide);
		print_sums(before, now);
	}
	fflush(stdout);
}

/* Until the process ends, Ctrl-C, or `times` looks have been taken (0 = no limit). */
int vm_mode_watch(struct vm_process *p, double every, unsigned times, const struct vm_options *o)
{
	struct sigaction a = {.sa_handler = stop};
	struct timespec pause = {(time_t)every, (long)((every - (double)(time_t)every) * 1e9)};
	struct vm_process now;
	double began = vm_seconds();

	sigaction(SIGINT, &a, NULL);
	sigaction(SIGTERM, &a, NULL);
	if (!o->json)
		printf("=== WATCHING PID %d (%s), every %g s; Ctrl-C ends it ===\n", (int)p->pid, p->name, every);
	fflush(stdout);
	for (unsigned i = 0; (!times || i < times) && !stopped; i++) {
		nanosleep(&pause, NULL);
		if (stopped || vm_process_read(&now, p->pid, VM_WANT_SMAPS))
			break;
		print_look(p, &now, vm_seconds() - began, o);
		vm_process_free(p);
		*p = now;
	}
	if (!o->json)
		puts("=== END WATCH ===");
	return VM_EXIT_OK;
}
