/* vmmap --shared PID [PID2]: which of its frames other processes map, too. By frame number, so it is for CAP_SYS_ADMIN; without, what smaps tells. */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "group.h"
#include "output.h"
#include "modes.h"
#include "units.h"

#define PAGE 4096u
#define PRESENT (1ull << 63)
#define PFN_MASK ((1ull << 55) - 1)
#define BATCH 4096 /* pagemap entries read at once */

struct frames { /* of the process asked about; open addressing */
	__u64 *pfn;  /* 0 = empty */
	bool *seen;  /* by the process that is being looked at */
	__u32 *home; /* index of the region it is in */
	__u64 *by_region; /* pages found in another process, by region; NULL = not counted */
	size_t slots, count;
	bool hidden; /* pages are there, frames are not shown */
};

struct other {
	pid_t pid;
	char comm[64];
	__u64 pages;
};

static size_t slot_of(const struct frames *f, __u64 pfn)
{
	size_t i = (size_t)(pfn * 0x9e3779b97f4a7c15ull >> 20) & (f->slots - 1);

	while (f->pfn[i] && f->pfn[i] != pfn)
		i = (i + 1) & (f->slots - 1);
	return i;
}

static void grow(struct frames *f)
{
	struct frames old = *f;

	f->slots = old.slots ? old.slots * 2 : 1u << 14;
	f->pfn = calloc(f->slots, sizeof(*f->pfn));
	f->seen = calloc(f->slots, sizeof(*f->seen));
	f->home = calloc(f->slots, sizeof(*f->home));
	if (!f->pfn || !f->seen || !f->home)
		abort();
	for (size_t i = 0; i < old.slots; i++)
		if (old.pfn[i]) {
			size_t at = slot_of(f, old.pfn[i]);

			f->pfn[at] = old.pfn[i];
			f->home[at] = old.home[i];
		}
	free(old.pfn);
	free(old.seen);
	free(old.home);
}

typedef void (*frame_fn)(struct frames *f, __u64 pfn, size_t region, __u64 *count);

static void keep(struct frames *f, __u64 pfn, size_t region, __u64 *count)
{
	size_t i;

	if (f->count * 2 >= f->slots)
		grow(f);
	i = slot_of(f, pfn);
	f->count += !f->pfn[i];
	f->pfn[i] = pfn;
	f->home[i] = (__u32)region;
}

static void match(struct frames *f, __u64 pfn, size_t region, __u64 *count)
{
	size_t i = slot_of(f, pfn);

	if (!f->pfn[i] || f->seen[i])
		return;
	f->seen[i] = true;
	++*count;
	if (f->by_region)
		f->by_region[f->home[i]]++;
}

static void each_frame(const struct vm_process *p, struct frames *f, frame_fn fn, __u64 *count)
{
	static uint64_t entry[BATCH];
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)p->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	for (size_t r = 0; fd >= 0 && r < p->regions.count; r++) {
		__u64 at = p->regions.region[r].start / PAGE, end = p->regions.region[r].end / PAGE;

		while (at < end && p->regions.region[r].zone != VA_ZONE_VSYSCALL) {
			size_t want = end - at < BATCH ? (size_t)(end - at) : BATCH;
			ssize_t n = pread(fd, entry, want * sizeof(*entry), (off_t)(at * sizeof(*entry)));

			if (n <= 0)
				break;
			for (size_t i = 0; i < (size_t)n / sizeof(*entry); i++)
				if (entry[i] & PRESENT && entry[i] & PFN_MASK)
					fn(f, entry[i] & PFN_MASK, r, count);
				else if (entry[i] & PRESENT)
					f->hidden = true;
			at += (size_t)n / sizeof(*entry);
		}
	}
	if (fd >= 0)
		close(fd);
}

static __u64 shared_with(struct frames *f, const struct vm_process *other)
{
	__u64 pages = 0;

	memset(f->seen, 0, f->slots * sizeof(*f->seen));
	each_frame(other, f, match, &pages);
	return pages;
}

static int by_pages(const void *a, const void *b)
{
	const struct other *x = a, *y = b;

	return x->pages != y->pages ? (x->pages < y->pages ? 1 : -1) : x->pid - y->pid;
}

/* Everybody else on this machine that shares a frame. */
static struct other *find_others(struct frames *f, pid_t me, size_t *n)
{
	struct other *others = NULL;
	size_t room = 0;
	DIR *d = opendir("/proc");
	struct dirent *e;

	*n = 0;
	while (d && (e = readdir(d))) {
		struct vm_process p;
		__u64 pages;

		if (strspn(e->d_name, "0123456789") != strlen(e->d_name) || atoi(e->d_name) == me || atoi(e->d_name) == getpid() || !vm_process_peek(&p, atoi(e->d_name)))
			continue;
		pages = shared_with(f, &p);
		if (pages && *n == room) {
			room = room ? room * 2 : 64;
			others = realloc(others, room * sizeof(*others));
			if (!others)
				abort();
		}
		if (pages) {
			others[*n] = (struct other){.pid = p.pid, .pages = pages};
			snprintf(others[(*n)++].comm, sizeof(others->comm), "%s", p.comm);
		}
		vm_process_free(&p);
	}
	if (d)
		closedir(d);
	if (*n)
		qsort(others, *n, sizeof(*others), by_pages);
	return others;
}

/* Which pages: how many of each region. */
static void print_regions(const struct vm_process *p, const struct frames *f)
{
	char pages[32], all[32], perms[5], store[512];

	printf("\n  %-34s %-4s %10s %10s\n", "of its regions", "PERM", "PAGES", "OF");
	for (size_t i = 0; i < p->regions.count; i++) {
		const struct vm_region *r = &p->regions.region[i];

		if (!f->by_region[i])
			continue;
		vm_perms_text(r, perms);
		printf("  0x%012llx-0x%012llx      %s %10s %10s  ", r->start, r->end, perms, vm_count(pages, f->by_region[i]), vm_count(all, (r->end - r->start) / PAGE));
		vm_print_tail(*r->name ? r->name : vm_describe(p, r, store, sizeof(store)), 34, false);
	}
}

static void json_regions(struct va_json *j, const struct vm_process *p, const struct frames *f)
{
	va_json_array(j, "regions");
	for (size_t i = 0; i < p->regions.count; i++) {
		if (!f->by_region[i])
			continue;
		va_json_object(j, NULL);
		va_json_hex(j, "start", p->regions.region[i].start);
		va_json_hex(j, "end", p->regions.region[i].end);
		va_json_string(j, "name", p->regions.region[i].name);
		va_json_u64(j, "pages", f->by_region[i]);
		va_json_end_object(j);
	}
	va_json_end_array(j);
}

static void print_sharing(const struct vm_process *p, const struct frames *f, const struct other *others, size_t n)
{
	struct vm_totals t = vm_totals_of(p);
	char a[32], b[32], c[32], name[260];

	printf("=== SHARED PAGES OF PID %d (%s) ===\n", (int)p->pid, p->name);
	printf("  RSS %s, of it shared %s; PSS %s\n", vm_size(a, t.rss), vm_size(b, t.shared), vm_size(c, t.pss));
	if (f->hidden) {
		puts("  With whom: hidden (frame numbers are shown to CAP_SYS_ADMIN only)\n=== END SHARED ===");
		return;
	}
	printf("  %s frames\n\n  %8s  %-16s %10s  %s\n", vm_count(a, f->count), "PID", "NAME", "PAGES", "SIZE");
	for (size_t i = 0; i < n; i++)
		printf("  %8d  %-16s %10s  %s\n", (int)others[i].pid, vm_harmless(others[i].comm, name, sizeof(name)), vm_count(a, others[i].pages), vm_size(b, others[i].pages * PAGE));
	if (!n)
		puts("  no other process that you may see maps any of them");
	else if (f->by_region)
		print_regions(p, f);
	puts("=== END SHARED ===");
}

static void json_sharing(const struct vm_process *p, const struct frames *f, const struct other *others, size_t n)
{
	struct vm_totals t = vm_totals_of(p);
	struct va_json j = {0};

	va_json_object(&j, NULL);
	va_json_u64(&j, "pid", (__u64)p->pid);
	va_json_u64(&j, "rss", t.rss);
	va_json_u64(&j, "shared", t.shared);
	va_json_u64(&j, "pss", t.pss);
	va_json_bool(&j, "frames_hidden", f->hidden);
	if (!f->hidden) {
		va_json_u64(&j, "frames", f->count);
		va_json_array(&j, "with");
		for (size_t i = 0; i < n; i++) {
			va_json_object(&j, NULL);
			va_json_u64(&j, "pid", (__u64)others[i].pid);
			va_json_string(&j, "comm", others[i].comm);
			va_json_u64(&j, "pages", others[i].pages);
			va_json_end_object(&j);
		}
		va_json_end_array(&j);
		if (f->by_region)
			json_regions(&j, p, f);
	}
	va_json_end_object(&j);
	vm_json_end(&j);
}

int vm_mode_shared(struct vm_process *p, const struct vm_process *other, bool json)
{
	struct frames f = {0};
	struct other *others = NULL;
	size_t n = 0;

	grow(&f);
	each_frame(p, &f, keep, NULL);
	if (other && !f.hidden) {
		others = calloc(1, sizeof(*others));
		f.by_region = calloc(p->regions.count + 1, sizeof(*f.by_region));
		if (!others || !f.by_region)
			abort();
		*others = (struct other){.pid = other->pid, .pages = shared_with(&f, other)};
		snprintf(others->comm, sizeof(others->comm), "%s", other->comm);
		n = others->pages > 0;
	} else if (!f.hidden) {
		others = find_others(&f, p->pid, &n);
	}
	if (json)
		json_sharing(p, &f, others, n);
	else
		print_sharing(p, &f, others, n);
	free(others);
	free(f.pfn);
	free(f.seen);
	free(f.home);
	free(f.by_region);
	return VM_EXIT_OK;
}
