/* vmmap --compare and --watch: what differs between two maps, as lines with - and +. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "group.h"
#include "modes.h"
#include "units.h"

static void print_region(char sign, const struct vm_process *p, const struct vm_region *r)
{
	char size[32], perms[5], words[1024];

	vm_perms_text(r, perms);
	printf("%c 0x%012llx-0x%012llx %10s  %s  %-13s %.100s\n", sign, r->start, r->end, vm_size(size, r->end - r->start), perms, vm_flat_type(r),
	       *r->name ? r->name : vm_describe(p, r, words, sizeof(words)));
}

static bool same_place(const struct vm_region *a, const struct vm_region *b)
{
	return a->start == b->start && a->end == b->end && a->perms == b->perms && a->offset == b->offset && a->inode == b->inode && !strcmp(a->name, b->name);
}

static bool same_facts(const struct vm_region *a, const struct vm_region *b)
{
	return a->kb.rss == b->kb.rss && a->kb.swap == b->kb.swap && a->kb.anonymous == b->kb.anonymous;
}

static void print_facts(const struct vm_region *a, const struct vm_region *b)
{
	printf("~ 0x%012llx-0x%012llx %-13s RSS %llu -> %llu kB (%+lld)", b->start, b->end, vm_flat_type(b), a->kb.rss, b->kb.rss, (long long)(b->kb.rss - a->kb.rss));
	if (a->kb.anonymous != b->kb.anonymous)
		printf(", anonymous %llu -> %llu kB", a->kb.anonymous, b->kb.anonymous);
	if (a->kb.swap != b->kb.swap)
		printf(", swap %llu -> %llu kB", a->kb.swap, b->kb.swap);
	printf("  %.60s\n", b->name);
}

struct vm_difference vm_compare(const struct vm_process *a, const struct vm_process *b, bool print)
{
	struct vm_difference d = {0};
	size_t i = 0, k = 0;

	while (i < a->regions.count || k < b->regions.count) {
		const struct vm_region *x = i < a->regions.count ? &a->regions.region[i] : NULL, *y = k < b->regions.count ? &b->regions.region[k] : NULL;

		if (x && y && same_place(x, y)) {
			if (!same_facts(x, y)) {
				d.changed++;
				if (print)
					print_facts(x, y);
			}
			i++, k++;
		} else if (x && (!y || x->start <= y->start)) {
			d.gone++;
			if (print)
				print_region('-', a, x);
			i++;
		} else {
			d.came++;
			if (print)
				print_region('+', b, y);
			k++;
		}
	}
	return d;
}

static void print_sums(const struct vm_process *a, const struct vm_process *b)
{
	struct vm_totals x = vm_totals_of(a), y = vm_totals_of(b);

	printf("  size %llu -> %llu kB (%+lld), RSS %llu -> %llu kB (%+lld), faults %+lld\n", x.size >> 10, y.size >> 10, (long long)(y.size - x.size) / 1024, x.rss >> 10,
	       y.rss >> 10, (long long)(y.rss - x.rss) / 1024, (long long)(b->minor + b->major - a->minor - a->major));
}

int vm_mode_compare(const struct vm_process *a, const struct vm_process *b)
{
	struct vm_difference d;

	printf("=== DIFFERENCES (%s to %s) ===\n", a->source ? a->source : a->comm, b->source ? b->source : b->comm);
	d = vm_compare(a, b, true);
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

static void print_clock(double since)
{
	printf("--- %.1f s\n", since);
}

/* Until the process ends, Ctrl-C, or `times` looks have been taken (0 = no limit). */
int vm_mode_watch(struct vm_process *p, double every, unsigned times)
{
	struct sigaction a = {.sa_handler = stop};
	struct timespec pause = {(time_t)every, (long)((every - (double)(time_t)every) * 1e9)};
	struct vm_process now;
	double since = 0;

	sigaction(SIGINT, &a, NULL);
	printf("=== WATCHING PID %d (%s), every %.1f s; Ctrl-C ends it ===\n", (int)p->pid, p->comm, every);
	fflush(stdout);
	for (unsigned i = 0; (!times || i < times) && !stopped; i++) {
		struct vm_difference d;

		nanosleep(&pause, NULL);
		since += every;
		if (stopped || vm_process_read(&now, p->pid, VM_WANT_SMAPS))
			break;
		d = vm_compare(p, &now, false);
		if (d.came || d.gone || d.changed) {
			print_clock(since);
			vm_compare(p, &now, true);
			print_sums(p, &now);
			fflush(stdout);
		}
		vm_process_free(p);
		*p = now;
	}
	puts("=== END WATCH ===");
	return VM_EXIT_OK;
}
