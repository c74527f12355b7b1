/*
 * What each region is, by the same classifier as the window: the regions are told to a model as if the kernel had, and it is asked.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collect/elf.h"
#include "group.h"
#include "process.h"

#define MM 1u
#define USER_TOP (1ull << 56)

struct told {
	struct va_model *model;
	struct va_texts *texts;
	struct va_objects *objects;
	__u64 last_text;
	const char *last_name;
	__u64 file_size; /* of the last file; VM_SIZE_UNKNOWN = not known */
};

/* [vsyscall] lies in the kernel's half. */
static bool tellable(const struct vm_region *r)
{
	return r->end <= USER_TOP;
}

static __u64 text_of(struct told *t, const char *name)
{
	size_t n = strlen(name);
	char *payload;

	if (!n || n > VMATLAS_TEXT_MAX)
		return 0;
	if (t->last_name == name) /* names of neighbours are kept once */
		return t->last_text;
	payload = malloc(8 + n);
	if (!payload)
		abort();
	t->last_name = name;
	t->last_text++;
	memcpy(payload, &t->last_text, 8);
	memcpy(payload + 8, name, n);
	va_texts_put(t->texts, payload, 8 + n);
	free(payload);
	return t->last_text;
}

static bool has_ending(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcmp(s + n - m, end);
}

/* The text between "[anon:" and "]", told apart from the brackets as the kernel does. */
static __u64 inner_text(struct told *t, const char *name, size_t prefix)
{
	char inner[256];

	snprintf(inner, sizeof(inner), "%.*s", (int)(strlen(name) - prefix - 1), name + prefix);
	t->last_name = NULL;
	return text_of(t, inner);
}

static void name_vma(struct told *t, const struct vm_region *r, struct vmatlas_vma *v)
{
	if (!*r->name || !strcmp(r->name, "[heap]") || !strcmp(r->name, "[stack]"))
		return;
	if (!strncmp(r->name, "[anon:", 6) && has_ending(r->name, "]")) {
		v->name_kind = VMATLAS_NAME_ANON;
		v->name_text = inner_text(t, r->name, 6);
	} else if (!strncmp(r->name, "[anon_shmem:", 12) && has_ending(r->name, "]")) {
		v->name_kind = VMATLAS_NAME_SHMEM;
		v->name_text = inner_text(t, r->name, 12);
	} else {
		v->name_kind = *r->name == '[' ? VMATLAS_NAME_SPECIAL : VMATLAS_NAME_PATH;
		v->name_text = text_of(t, r->name);
	}
}

/* The file a region maps: as the kernel has it open, else what lies under its name, if that is the same still. */
static int open_file(const struct vm_process *p, const struct vm_region *r, struct stat *st)
{
	char path[96];
	int fd = -1;
	bool same;

	if (p->pid) {
		snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx", (int)p->pid, r->start, r->end);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	}
	same = fd >= 0;
	if (fd < 0 && !stat(r->name, st) && S_ISREG(st->st_mode)) /* a saved file may name anything: devices are not touched */
		fd = open(r->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 && (fstat(fd, st) || !S_ISREG(st->st_mode) || (!same && st->st_ino != r->inode))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void tell_object(struct told *t, const struct vmatlas_vma *v, int fd)
{
	struct vmatlas_object object = {.path_text = v->name_text, .inode = v->inode, .dev_major = v->dev_major, .dev_minor = v->dev_minor};
	struct va_bytes parts = {0}, whole = {0};

	if (va_elf_read(fd, &object, &parts)) {
		va_bytes_add(&whole, &object, sizeof(object));
		va_bytes_add(&whole, parts.data, parts.n);
		va_objects_add(t->objects, whole.data, whole.n);
	}
	va_bytes_free(&parts);
	va_bytes_free(&whole);
}

/* Neighbours of one file: it is read once. */
static void tell_file(struct told *t, const struct vm_process *p, const struct vm_region *r, struct vmatlas_vma *v)
{
	const struct vm_region *below = r > p->regions.region ? r - 1 : NULL;
	struct stat st;

	if (!below || below->name != r->name) {
		int fd = open_file(p, r, &st);

		t->file_size = fd < 0 ? VM_SIZE_UNKNOWN : (__u64)st.st_size;
		if (fd >= 0) {
			tell_object(t, v, fd);
			close(fd);
		}
	}
	v->file_size = t->file_size;
}

static struct vmatlas_record record(unsigned type)
{
	return (struct vmatlas_record){.head = {.ts = 1, .type = (__u16)type, .mm = MM, .tgid = 1, .tid = 1}};
}

static void tell_region(struct told *t, const struct vm_process *p, size_t i, __u32 index)
{
	const struct vm_region *r = &p->regions.region[i];
	struct vmatlas_record rec = record(VMATLAS_VMA);
	struct vmatlas_vma *v = &rec.vma;

	v->start = r->start;
	v->end = r->end;
	v->vm_flags = r->perms | r->vm_flags;
	v->pgoff = r->offset >> 12;
	v->inode = r->inode;
	v->dev_major = r->dev_major;
	v->dev_minor = r->dev_minor;
	v->index = index;
	name_vma(t, r, v);
	if (v->name_kind == VMATLAS_NAME_NONE || v->name_kind == VMATLAS_NAME_ANON)
		rec.head.flags |= VMATLAS_F_ANON;
	if (v->name_kind == VMATLAS_NAME_PATH && *r->name == '/')
		tell_file(t, p, r, v);
	va_model_apply(t->model, &rec);
}

/* start_stack and brk are hidden from who may not trace the process; the names in maps tell where they are. */
static void tell_layout(struct told *t, const struct vm_process *p, __u64 *brk)
{
	struct vmatlas_record rec = record(VMATLAS_MM_LAYOUT);
	struct vmatlas_mm_layout *l = &rec.layout;
	const struct vm_layout *from = &p->layout;

	*l = (struct vmatlas_mm_layout){from->start_code, from->end_code, from->start_data, from->end_data, from->start_brk, 0, from->start_stack,
					from->arg_start, from->arg_end, from->env_start, from->env_end, 0};
	for (size_t i = 0; i < p->regions.count; i++) {
		const struct vm_region *r = &p->regions.region[i];

		if (!strcmp(r->name, "[heap]")) {
			if (!l->start_brk || (!from->start_brk && r->start < l->start_brk))
				l->start_brk = r->start;
			l->brk = r->end;
		}
		if (!strcmp(r->name, "[stack]") && (l->start_stack < r->start || l->start_stack >= r->end))
			l->start_stack = r->end - 1;
	}
	if (l->brk < l->start_brk)
		l->brk = l->start_brk;
	*brk = l->brk;
	if (p->regions.count && !tellable(&p->regions.region[p->regions.count - 1]))
		rec.head.flags |= VMATLAS_F_VSYSCALL;
	va_model_apply(t->model, &rec);
}

static void tell_all(struct told *t, const struct vm_process *p)
{
	struct vmatlas_record rec = record(VMATLAS_RANGE);
	__u64 brk;

	tell_layout(t, p, &brk);
	rec.range.lo = 0;
	rec.range.hi = ~0ull;
	for (size_t i = 0; i < p->regions.count; i++)
		rec.range.count += tellable(&p->regions.region[i]);
	rec.range.map_count = rec.range.count;
	rec.range.nr = -1;
	rec.range.start_brk = p->layout.start_brk;
	rec.range.brk = brk;
	va_model_apply(t->model, &rec);
	for (size_t i = 0, n = 0; i < p->regions.count; i++)
		if (tellable(&p->regions.region[i]))
			tell_region(t, p, i, (__u32)n++);
}

void vm_classify(struct vm_process *p)
{
	struct vmatlas_stream_header header = {.version = VMATLAS_STREAM_VERSION, .wire_version = VMATLAS_WIRE_VERSION, .header_size = sizeof(header),
					       .record_size = VMATLAS_RECORD_SIZE, .page_size = 4096, .levels = 5, .cpus = 1};
	struct told t = {.texts = va_texts_new(), .objects = va_objects_new()};
	const struct va_mm *mm;

	memcpy(header.magic, VMATLAS_STREAM_MAGIC, sizeof(header.magic));
	t.model = va_model_new(&header, t.texts);
	tell_all(&t, p);
	p->model = t.model;
	p->texts = t.texts;
	p->objects = t.objects;
	mm = va_model_mm(t.model, MM);
	for (size_t i = 0, n = 0; i < p->regions.count; i++) {
		struct vm_region *r = &p->regions.region[i];
		const struct va_vma *vma = mm && tellable(r) && n < va_mm_vma_count(mm) ? va_mm_vma(mm, n++) : NULL;

		if (vma && vma->start == r->start)
			r->zone = va_zone_of(mm, vma, t.texts, t.objects, 0, &r->lib);
		else if (!strcmp(r->name, "[vsyscall]"))
			r->zone = VA_ZONE_VSYSCALL;
	}
	vm_group_all(p);
}

const struct va_mm *vm_process_mm(const struct vm_process *p)
{
	return p->model ? va_model_mm(p->model, MM) : NULL;
}

/* What a region shows of the file it maps. */
struct shown {
	__u64 lo, hi;  /* addresses as linked, else offsets in the file */
	bool linked;
	bool relocated; /* of a segment for data */
};

static __u64 page_of(__u64 x)
{
	return x & ~4095ull;
}

/*
 * A page of the file at the edge of two segments is mapped twice. Which of them a region is, its address tells: all of a file are equally far from where they were linked,
 * and the lowest region begins with the first.
 */
static struct shown shown_of(const struct vm_process *p, const struct vmatlas_object *o, const struct vm_region *r)
{
	const struct vmatlas_segment *s = va_object_segments(o);
	struct shown by_file = {.lo = r->offset, .hi = r->offset + (r->end - r->start)};
	const struct vm_region *first = r;
	__u64 moved;

	while (first > p->regions.region && first[-1].name == r->name)
		first--;
	if (!o->segments || first->offset != page_of(s[0].offset))
		return by_file;
	moved = first->start - page_of(s[0].addr);
	for (__u32 i = 0; i < o->segments; i++)
		if (r->offset >= page_of(s[i].offset) && r->offset < s[i].offset + s[i].file_size &&
		    r->start - moved == page_of(s[i].addr) + (r->offset - page_of(s[i].offset)))
			return (struct shown){r->start - moved, r->end - moved, true, s[i].flags & PF_W};
	return by_file;
}

/* Names of the sections there. Those without bytes in the file are, if not at the end of a page of data, in an anonymous region, and .tbss is in none. */
static bool sections_in(const struct vmatlas_object *o, const struct shown *in, char *buf, size_t n)
{
	const struct vmatlas_section *s = va_object_sections(o);
	size_t used = 0;

	for (__u32 i = 0; i < o->sections && used + sizeof(s->name) + 2 < n; i++) {
		__u64 at = in->linked ? s[i].addr : s[i].offset;

		if (s[i].type == SHT_NOBITS && (!in->linked || s[i].flags & SHF_TLS))
			continue;
		if (s[i].size && at < in->hi && in->lo < at + s[i].size)
			used += (size_t)snprintf(buf + used, n - used, "%s%.*s", used ? " " : "", (int)sizeof(s->name), s[i].name);
	}
	return used;
}

static const char *zone_words(const struct vm_region *r)
{
	switch (r->zone) {
	case VA_ZONE_TEXT:
		return "code";
	case VA_ZONE_RODATA:
		return "read-only data";
	case VA_ZONE_DATA:
		return "data";
	case VA_ZONE_BSS:
		return ".bss (data that begins as zeros)";
	case VA_ZONE_HEADERS:
		return "ELF headers";
	case VA_ZONE_HEAP:
		return "[heap]";
	case VA_ZONE_STACK:
		return "[stack]";
	case VA_ZONE_THREAD_STACK:
		return "stack of a thread";
	case VA_ZONE_VVAR:
		return "(kernel variables, read by the vdso)";
	case VA_ZONE_VDSO:
		return "(virtual system calls: clock_gettime and its like)";
	case VA_ZONE_VSYSCALL:
		return "(the vdso's ancestor, at a fixed address)";
	case VA_ZONE_GUARD:
		return "no access: whoever runs over an edge is stopped here";
	case VA_ZONE_SHARED:
		return "shared memory";
	case VA_ZONE_ANON:
		return r->perms & (VM_R | VM_W | VM_X) ? "no backing file" : "reserved, not usable (PROT_NONE)";
	case VA_ZONE_LIB:
		return "of a library";
	default:
		return "";
	}
}

const char *vm_describe(const struct vm_process *p, const struct vm_region *r, char *buf, size_t n)
{
	const struct va_mm *mm = *r->name == '/' && tellable(r) ? vm_process_mm(p) : NULL;
	const struct va_vma *vma = mm ? va_mm_vma_at(mm, r->start) : NULL;
	const struct vmatlas_object *o = vma ? va_objects_find(p->objects, vma) : NULL;
	struct shown in = o ? shown_of(p, o, r) : (struct shown){0};
	const char *words = r->zone == VA_ZONE_RODATA && in.relocated ? "read-only once relocated" : zone_words(r);
	char sections[512];

	if (r->zone == VA_ZONE_VVAR || r->zone == VA_ZONE_VDSO || r->zone == VA_ZONE_VSYSCALL)
		snprintf(buf, n, "%.32s %s", r->name, words);
	else if (o && sections_in(o, &in, sections, sizeof(sections)))
		snprintf(buf, n, "%s: %s", words, sections);
	else
		return words;
	return buf;
}
