/* The map as one JSON object; its schema is in docs/json.md. */
#include <stdlib.h>

#include "group.h"
#include "output.h"
#include "modes.h"

static void region(struct va_json *j, const struct vm_process *p, const struct vm_region *r)
{
	char perms[5], words[1024];

	vm_perms_text(r, perms);
	va_json_object(j, NULL);
	va_json_hex(j, "start", r->start);
	va_json_hex(j, "end", r->end);
	va_json_string(j, "perms", perms);
	va_json_u64(j, "offset", r->offset);
	va_json_u64(j, "inode", r->inode);
	va_json_string(j, "name", r->name);
	va_json_string(j, "zone", va_zone_name(r->zone));
	va_json_bool(j, "lib", r->lib);
	va_json_string(j, "group", vm_group_title((enum vm_group)r->group));
	va_json_string(j, "description", vm_describe(p, r, words, sizeof(words)));
	if (r->measured) {
		va_json_object(j, "smaps");
#define X(field, name) va_json_u64(j, #field, r->kb.field << 10);
		VM_MEASURES(X)
#undef X
		va_json_string(j, "vm_flags", r->flags);
		va_json_end_object(j);
	} else {
		va_json_null(j, "smaps");
	}
	va_json_end_object(j);
}

static void totals(struct va_json *j, const struct vm_process *p)
{
	struct vm_totals t = vm_totals_of(p);

	va_json_object(j, "totals");
	va_json_u64(j, "regions", t.regions);
	va_json_u64(j, "size", t.size);
	va_json_u64(j, "accessible", t.accessible);
	if (!p->smaps_hidden) {
		va_json_u64(j, "rss", t.rss);
		va_json_u64(j, "pss", t.pss);
		va_json_u64(j, "shared", t.shared);
		va_json_u64(j, "private", t.private);
		va_json_u64(j, "swap", t.swap);
	}
	va_json_end_object(j);
}

void vm_json_map(const struct vm_process *p, const struct vm_options *o)
{
	struct va_json j = {0};
	size_t n, *order = vm_ordered(p, o, &n);

	va_json_object(&j, NULL);
	va_json_u64(&j, "pid", (__u64)p->pid);
	va_json_u64(&j, "ns_pid", (__u64)p->ns_pid);
	va_json_string(&j, "comm", p->comm);
	va_json_string(&j, "exe", p->exe);
	va_json_bool(&j, "smaps_hidden", p->smaps_hidden);
	va_json_u64(&j, "minor_faults", p->minor);
	va_json_u64(&j, "major_faults", p->major);
	totals(&j, p);
	if (p->status.known) {
		va_json_object(&j, "status");
#define X(field, name) va_json_u64(&j, name, p->status.field << 10);
		VM_STATUS(X)
#undef X
		va_json_end_object(&j);
	}
	va_json_array(&j, "regions");
	for (size_t i = 0; i < n; i++) {
		region(&j, p, &p->regions.region[order[i]]);
		vm_json_flush(&j);
	}
	va_json_end_array(&j);
	va_json_end_object(&j);
	vm_json_end(&j);
	free(order);
}
