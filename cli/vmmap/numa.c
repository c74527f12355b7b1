/* vmmap --numa: on which node the pages of each region are (move_pages(2), which only asks), and whether that is where the process runs. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "demo.h"
#include "group.h"
#include "json.h"
#include "units.h"

#define PAGE 4096u
#define NODES 64
#define BATCH 4096

struct nodes {
	__u64 pages[NODES], absent, unknown;
};

/* The CPU a process ran on last (field 39 of /proc/PID/stat) and that CPU's node; -1 = not known. */
static int node_of_process(pid_t pid)
{
	char path[96], text[2048], *at;
	FILE *f;
	size_t n;
	long cpu = -1;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	if (f)
		fclose(f);
	text[n] = '\0';
	at = strrchr(text, ')');
	for (int field = 2; at && field < 39; field++)
		at = strchr(at + 1, ' ');
	if (at)
		cpu = strtol(at, NULL, 10);
	for (int node = 0; cpu >= 0 && node < NODES; node++) {
		snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/cpu%ld", node, cpu);
		if (!access(path, F_OK))
			return node;
	}
	return -1;
}

static int ask(pid_t pid, const struct vm_region *r, struct nodes *n)
{
	static void *at[BATCH];
	static int status[BATCH];

	for (__u64 from = r->start; from < r->end;) {
		unsigned long count = 0;

		for (; count < BATCH && from < r->end; from += PAGE)
			at[count++] = (void *)(uintptr_t)from;
		if (syscall(SYS_move_pages, (int)pid, count, at, NULL, status, 0))
			return -errno;
		for (unsigned long i = 0; i < count; i++)
			if (status[i] >= 0 && status[i] < NODES)
				n->pages[status[i]]++;
			else if (status[i] == -ENOENT || status[i] == -EFAULT) /* nothing there, or the page of zeros */
				n->absent++;
			else
				n->unknown++;
	}
	return 0;
}

static void print_nodes(const struct nodes *n, int home)
{
	char count[32];

	for (int i = 0; i < NODES; i++)
		if (n->pages[i])
			printf("  node %d: %s (%s)", i, vm_count(count, n->pages[i]), home < 0 ? "?" : i == home ? "local" : "remote");
	if (n->unknown)
		printf("  not told: %s", vm_count(count, n->unknown));
	putchar('\n');
}

static bool any_there(const struct nodes *n)
{
	for (int i = 0; i < NODES; i++)
		if (n->pages[i])
			return true;
	return n->unknown;
}

static void json_nodes(struct va_json *j, const struct nodes *n)
{
	char name[12];

	va_json_object(j, "pages");
	for (int i = 0; i < NODES; i++)
		if (n->pages[i]) {
			snprintf(name, sizeof(name), "%d", i);
			va_json_u64(j, name, n->pages[i]);
		}
	va_json_end_object(j);
}

static int refused(int error, pid_t pid)
{
	if (error == -ENOSYS)
		fputs("vmmap: this kernel has no NUMA (move_pages is missing): all memory is on one node\n", stderr);
	else
		fprintf(stderr, "vmmap: where the pages of %d are is hidden from you: %s\n", (int)pid, strerror(-error));
	return error == -EPERM || error == -EACCES ? VM_EXIT_PERMISSION : error == -ESRCH ? VM_EXIT_NO_PROCESS : VM_EXIT_FAILURE;
}

int vm_mode_numa(struct vm_process *p, bool json)
{
	int home = node_of_process(p->pid);
	struct nodes all = {0};
	struct va_json j = {0};
	char store[17000];

	if (!json)
		printf("=== NUMA NODES OF PID %d (%s) ===\n  It ran last on node %d.\n", (int)p->pid, p->name, home);
	va_json_object(&j, NULL);
	va_json_s64(&j, "node", home);
	va_json_array(&j, "regions");
	for (size_t i = 0; i < p->regions.count; i++) {
		const struct vm_region *r = &p->regions.region[i];
		struct nodes n = {0};
		int error = r->zone == VA_ZONE_VSYSCALL || r->zone == VA_ZONE_VVAR ? 0 : ask(p->pid, r, &n);

		if (error) {
			va_json_free(&j);
			return refused(error, p->pid);
		}
		if (!any_there(&n))
			continue;
		for (int k = 0; k < NODES; k++)
			all.pages[k] += n.pages[k];
		all.unknown += n.unknown;
		if (!json) {
			const char *file = vm_harmless(vm_basename(vm_file_of(p, r)), store, sizeof(store));

			printf("0x%012llx %-13s %-24.*s", r->start, vm_flat_type(r), (int)vm_whole_characters(file, 24), file);
			print_nodes(&n, home);
		}
		va_json_object(&j, NULL);
		va_json_hex(&j, "start", r->start);
		json_nodes(&j, &n);
		va_json_end_object(&j);
	}
	va_json_end_array(&j);
	json_nodes(&j, &all);
	va_json_end_object(&j);
	va_json_newline(&j);
	if (json) {
		fwrite(j.buf, 1, j.used, stdout);
	} else {
		printf("%-53s", "all");
		print_nodes(&all, home);
		puts("=== END NUMA ===");
	}
	va_json_free(&j);
	return VM_EXIT_OK;
}
