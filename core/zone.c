/* See zone.h. */
#include "zone.h"

#include <elf.h>
#include <string.h>

#include "maps.h"

#define VM_READ 1ull
#define VM_WRITE 2ull
#define VM_EXEC 4ull
#define VM_ACCESS (VM_READ | VM_WRITE | VM_EXEC)
#define VM_SHARED 8ull
#define GUARD_MOST (1ull << 20) /* a guard is there to be hit; what is larger is kept for later */

struct subject { /* who is asked about */
	const struct va_mm *mm;
	const struct va_vma *vma;
	const struct va_texts *texts;
	const struct va_objects *objects;
	const char *name;
	bool *lib;
	bool told; /* below and above are set */
	const struct va_vma *below, *above;
};

const char *va_zone_name(enum va_zone zone)
{
	static const char *const names[] = {
		[VA_ZONE_OTHER] = "other", [VA_ZONE_TEXT] = "text", [VA_ZONE_RODATA] = "rodata", [VA_ZONE_DATA] = "data",
		[VA_ZONE_BSS] = "bss", [VA_ZONE_HEADERS] = "headers", [VA_ZONE_HEAP] = "heap", [VA_ZONE_STACK] = "stack",
		[VA_ZONE_THREAD_STACK] = "thread-stack", [VA_ZONE_ANON] = "anon", [VA_ZONE_FILE] = "file",
		[VA_ZONE_SHARED] = "shared", [VA_ZONE_LIB] = "lib", [VA_ZONE_VDSO] = "vdso", [VA_ZONE_VVAR] = "vvar",
		[VA_ZONE_VSYSCALL] = "vsyscall", [VA_ZONE_GUARD] = "guard",
	};

	return (unsigned)zone < VA_ZONES ? names[zone] : "other";
}

static const struct va_vma *touching_below(const struct subject *s)
{
	if (s->told)
		return s->below;
	return s->vma->start ? va_mm_vma_at(s->mm, s->vma->start - 1) : NULL;
}

static bool no_access(const struct va_vma *vma)
{
	return !(vma->vm_flags & VM_ACCESS);
}

static bool is_guard(const struct va_vma *vma)
{
	return no_access(vma) && (vma->end - vma->start <= GUARD_MOST || !vma->anon);
}

static bool has_neighbour(const struct subject *s)
{
	return touching_below(s) || (s->told ? s->above : va_mm_vma_at(s->mm, s->vma->end));
}

static bool starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static enum va_zone special_zone(const char *name)
{
	if (starts_with(name, "[vvar"))
		return VA_ZONE_VVAR;
	if (!strcmp(name, "[vdso]"))
		return VA_ZONE_VDSO;
	return !strcmp(name, "[vsyscall]") ? VA_ZONE_VSYSCALL : VA_ZONE_OTHER;
}

/* --- ELF files ------------------------------------------------------------------------------------------------------ */

/* Bits of what a VMA's file pages hold. */
enum { HAS_CODE = 1, HAS_RODATA = 2, HAS_DATA = 4, HAS_META = 8 };

static unsigned kind_of_section(const struct vmatlas_section *s)
{
	if (!(s->flags & SHF_ALLOC))
		return HAS_META;
	if (s->flags & SHF_EXECINSTR)
		return HAS_CODE;
	if (s->flags & SHF_WRITE)
		return HAS_DATA;
	/* Tables for the loader, not data of the program. */
	switch (s->type) {
	case SHT_NOTE: case SHT_DYNSYM: case SHT_STRTAB: case SHT_HASH: case SHT_RELA: case SHT_REL:
	case SHT_RELR: case SHT_GNU_HASH: case SHT_GNU_versym: case SHT_GNU_verneed: case SHT_GNU_verdef:
		return HAS_META;
	}
	return !strcmp(s->name, ".interp") ? HAS_META : HAS_RODATA;
}

static bool overlaps(__u64 a, __u64 a_end, __u64 b, __u64 b_size)
{
	return b_size && a < b + b_size && b < a_end;
}

static unsigned kinds_by_section(const struct vmatlas_object *o, __u64 lo, __u64 hi)
{
	const struct vmatlas_section *s = va_object_sections(o);
	unsigned kinds = 0;

	for (__u32 i = 0; i < o->sections; i++)
		if (s[i].type != SHT_NOBITS && s[i].type != SHT_NULL && overlaps(lo, hi, s[i].offset, s[i].size))
			kinds |= kind_of_section(&s[i]);
	return kinds;
}

static unsigned kinds_by_segment(const struct vmatlas_object *o, __u64 lo, __u64 hi)
{
	const struct vmatlas_segment *s = va_object_segments(o);
	unsigned kinds = 0;

	for (__u32 i = 0; i < o->segments; i++)
		if (overlaps(lo, hi, s[i].offset & ~4095ull, s[i].file_size + (s[i].offset & 4095)))
			kinds |= s[i].flags & PF_X ? HAS_CODE : s[i].flags & PF_W ? HAS_DATA : HAS_RODATA;
	return kinds;
}

/*
 * File pages at the edge of two segments are mapped twice, once as each: what the VMA may do says which of them it shows. Data
 * that may not be written is RELRO: the loader has relocated and closed it.
 */
static enum va_zone elf_zone(const struct va_vma *vma, const struct vmatlas_object *o)
{
	__u64 lo = vma->pgoff << 12, hi = lo + (vma->end - vma->start);
	unsigned kinds = o->sections ? kinds_by_section(o, lo, hi) : kinds_by_segment(o, lo, hi);

	if (vma->vm_flags & VM_EXEC)
		return VA_ZONE_TEXT;
	if (vma->vm_flags & VM_WRITE)
		return VA_ZONE_DATA;
	if (kinds & (HAS_RODATA | HAS_DATA))
		return VA_ZONE_RODATA;
	return kinds & HAS_CODE ? VA_ZONE_TEXT : VA_ZONE_HEADERS;
}

/* "libc.so.6", "ld-linux-x86-64.so.2", "x.so"; not "ld.so.cache" */
static bool named_like_library(const char *name)
{
	const char *base = strrchr(name, '/'), *so = strstr(base ? base : name, ".so");

	return so && (!so[3] || (so[3] == '.' && so[4] >= '0' && so[4] <= '9'));
}

/* Some libraries can be run (libc) and so have an interpreter, as programs do. */
static bool is_library(const struct vmatlas_object *o, const char *name)
{
	return o ? o->type == ET_DYN && (!o->interp || named_like_library(name)) : named_like_library(name);
}

static __u64 segment_file_end(const struct vmatlas_segment *s)
{
	return (s->offset + s->file_size + 4095) & ~4095ull;
}

/* Does a segment with more memory than file end with the file pages of this VMA? Its rest is anonymous: bss. */
static bool ends_before_bss(const struct va_vma *vma, const struct vmatlas_object *o)
{
	const struct vmatlas_segment *s = va_object_segments(o);
	__u64 end = (vma->pgoff << 12) + (vma->end - vma->start);

	for (__u32 i = 0; i < o->segments; i++)
		if (s[i].mem_size > s[i].file_size && s[i].flags & PF_W && segment_file_end(&s[i]) == end)
			return true;
	return false;
}

static bool is_bss(const struct subject *s)
{
	const struct va_vma *below = s->vma->anon && s->vma->vm_flags & VM_WRITE ? touching_below(s) : NULL;
	const struct vmatlas_object *o = below ? va_objects_find(s->objects, below) : NULL;

	if (!o || !ends_before_bss(below, o))
		return false;
	const char *name = va_texts_get(s->texts, below->name_text);

	*s->lib = is_library(o, name ? name : "");
	return true;
}

/* Without randomization the heap begins where the bss ends, and one VMA holds both: it is called by what takes more of it. A small bss has room in the page of the data. */
static bool is_mostly_heap(const struct subject *s)
{
	__u64 start_brk, brk;

	return !strcmp(s->name, "[heap]") && va_mm_brk(s->mm, &start_brk, &brk) && start_brk >= s->vma->start && start_brk < s->vma->end &&
	       s->vma->end - start_brk > start_brk - s->vma->start;
}

/* --- the rest -------------------------------------------------------------------------------------------------------- */

static bool is_thread_stack(const struct subject *s)
{
	const struct va_vma *vma = s->vma;
	bool read_write = (vma->vm_flags & (VM_READ | VM_WRITE)) == (VM_READ | VM_WRITE);
	const struct va_vma *below = vma->anon && read_write && !(vma->vm_flags & VM_SHARED) ? touching_below(s) : NULL;

	return below && below->anon && is_guard(below);
}

static bool is_shared_memory(const struct va_vma *vma, const char *name)
{
	return vma->vm_flags & VM_SHARED && (vma->name_kind == VMATLAS_NAME_SHMEM || starts_with(name, "/dev/zero") ||
					     starts_with(name, "/SYSV") || starts_with(name, "/memfd:") || starts_with(name, "/dev/shm/"));
}

static enum va_zone file_zone(const struct subject *s)
{
	const struct vmatlas_object *o = va_objects_find(s->objects, s->vma);

	if (is_shared_memory(s->vma, s->name))
		return VA_ZONE_SHARED;
	*s->lib = is_library(o, s->name);
	if (o)
		return elf_zone(s->vma, o);
	if (s->vma->vm_flags & VM_EXEC)
		return VA_ZONE_TEXT;
	return *s->lib ? VA_ZONE_LIB : VA_ZONE_FILE;
}

static enum va_zone decide(const struct subject *s)
{
	const struct va_vma *vma = s->vma;

	*s->lib = false;
	if (vma->name_kind == VMATLAS_NAME_SPECIAL)
		return special_zone(s->name);
	if (is_guard(vma) && has_neighbour(s))
		return VA_ZONE_GUARD;
	if (!strcmp(s->name, "[stack]"))
		return VA_ZONE_STACK;
	if (is_bss(s) && !is_mostly_heap(s))
		return VA_ZONE_BSS;
	if (!strcmp(s->name, "[heap]"))
		return VA_ZONE_HEAP;
	if (va_vma_has_file(vma))
		return file_zone(s);
	if (is_thread_stack(s))
		return VA_ZONE_THREAD_STACK;
	return vma->vm_flags & VM_SHARED ? VA_ZONE_SHARED : vma->anon ? VA_ZONE_ANON : VA_ZONE_OTHER;
}

enum va_zone va_zone_of(const struct va_mm *mm, const struct va_vma *vma, const struct va_texts *texts, const struct va_objects *objects,
			__u32 rules, bool *lib)
{
	char store[VMATLAS_TEXT_MAX + 32];
	bool ignored;

	return decide(&(struct subject){ .mm = mm, .vma = vma, .texts = texts, .objects = objects, .lib = lib ? lib : &ignored,
					 .name = va_vma_name(mm, vma, texts, rules, store, sizeof(store)) });
}

enum va_zone va_zone_between(const struct va_mm *mm, const struct va_vma *vma, const struct va_vma *below, const struct va_vma *above,
			     const struct va_texts *texts, const struct va_objects *objects, __u32 rules, bool *lib)
{
	char store[VMATLAS_TEXT_MAX + 32];
	bool ignored;

	return decide(&(struct subject){ .mm = mm, .vma = vma, .texts = texts, .objects = objects, .lib = lib ? lib : &ignored, .told = true, .below = below, .above = above,
					 .name = va_vma_name(mm, vma, texts, rules, store, sizeof(store)) });
}
