/* vmmap --files: all mapped files with their sums. */
#include <stdlib.h>
#include <string.h>

#include "group.h"
#include "output.h"
#include "modes.h"
#include "units.h"

struct file {
	const char *path;
	struct vm_totals t;
};

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

static int by_rss(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	if (x->t.rss != y->t.rss)
		return x->t.rss < y->t.rss ? 1 : -1;
	return x->t.size < y->t.size ? 1 : x->t.size > y->t.size ? -1 : strcmp(x->path, y->path);
}

/* One entry a region, sorted by path; neighbours of one path become one. */
static struct file *gather(const struct vm_process *p, const struct vm_options *o, size_t *n)
{
	struct file *files = calloc(p->regions.count + 1, sizeof(*files));
	size_t all = 0;

	if (!files)
		abort();
	for (size_t i = 0; i < p->regions.count; i++) {
		const struct vm_region *r = &p->regions.region[i];

		if (!*vm_file_of(p, r) || !vm_wanted(p, r, o))
			continue;
		files[all].path = vm_file_of(p, r);
		vm_totals_add(&files[all++].t, r);
	}
	qsort(files, all, sizeof(*files), by_path);
	*n = 0;
	for (size_t i = 0; i < all; i++) {
		struct vm_totals *into = *n ? &files[*n - 1].t : NULL, add = files[i].t;

		if (!into || strcmp(files[*n - 1].path, files[i].path)) {
			files[(*n)++] = files[i];
			continue;
		}
		into->regions += add.regions;
		into->size += add.size;
		into->accessible += add.accessible;
		into->rss += add.rss;
		into->pss += add.pss;
		into->shared += add.shared;
		into->private += add.private;
		into->swap += add.swap;
	}
	qsort(files, *n, sizeof(*files), by_rss);
	return files;
}

static void as_json(const struct file *files, size_t n)
{
	struct va_json j = {0};

	va_json_array(&j, NULL);
	for (size_t i = 0; i < n; i++) {
		va_json_object(&j, NULL);
		va_json_string(&j, "path", files[i].path);
		va_json_u64(&j, "regions", files[i].t.regions);
		va_json_u64(&j, "size", files[i].t.size);
		va_json_u64(&j, "rss", files[i].t.rss);
		va_json_u64(&j, "pss", files[i].t.pss);
		va_json_u64(&j, "shared", files[i].t.shared);
		va_json_u64(&j, "private", files[i].t.private);
		va_json_end_object(&j);
	}
	va_json_end_array(&j);
	vm_json_end(&j);
}

static void print_file(const char *path, const struct vm_totals *t, bool wide, bool hidden)
{
	char size[32], rss[32], pss[32], private[32];

	printf("%8zu %10s %10s %10s %10s  ", t->regions, vm_size(size, t->size), hidden ? "hidden" : vm_size(rss, t->rss), hidden ? "hidden" : vm_size(pss, t->pss),
	       hidden ? "hidden" : vm_size(private, t->private));
	vm_print_tail(path, 46, wide);
}

int vm_mode_files(struct vm_process *p, const struct vm_options *o)
{
	struct vm_totals all = {0};
	size_t n;
	struct file *files = gather(p, o, &n);

	if (o->json) {
		as_json(files, n);
		free(files);
		return VM_EXIT_OK;
	}
	if (p->pid)
		printf("=== MAPPED FILES (PID %d) ===\n", (int)p->pid);
	else
		printf("=== MAPPED FILES (%s) ===\n", p->source);
	printf("%8s %10s %10s %10s %10s  FILE\n", "REGIONS", "SIZE", "RSS", "PSS", "PRIVATE");
	for (size_t i = 0; i < n; i++) {
		print_file(files[i].path, &files[i].t, o->wide, p->smaps_hidden);
		all.regions += files[i].t.regions;
		all.size += files[i].t.size;
		all.rss += files[i].t.rss;
		all.pss += files[i].t.pss;
		all.private += files[i].t.private;
	}
	print_file("all files", &all, true, p->smaps_hidden);
	puts("=== END FILES ===");
	free(files);
	return VM_EXIT_OK;
}
