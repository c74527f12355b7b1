/* See site.h. */
#include "site.h"

#include <elf.h>

#include "maps.h"

/* The rest of the last page of a segment for data is bss, filled with zeros by whoever loads it. */
static bool in_its_bss(const struct vmatlas_segment *s, __u64 offset)
{
	__u64 end = s->offset + s->file_size;

	return s->flags & PF_W && offset >= end && offset < ((end + 4095) & ~4095ull) && offset - s->offset < s->mem_size;
}

bool va_object_linked(const struct vmatlas_object *o, __u64 offset, __u64 *linked)
{
	const struct vmatlas_segment *s = va_object_segments(o);

	for (__u32 i = 0; i < o->segments; i++) {
		__u64 first = s[i].offset & ~4095ull; /* mapped by whole pages */

		if (offset >= first && offset < s[i].offset + s[i].file_size) {
			*linked = s[i].addr - s[i].offset + offset;
			return true;
		}
	}
	for (__u32 i = 0; i < o->segments; i++)
		if (in_its_bss(&s[i], offset)) {
			*linked = s[i].addr - s[i].offset + offset;
			return true;
		}
	return false;
}

struct va_site va_site_of(const struct va_mm *mm, __u64 addr, __u64 at, const struct va_texts *texts, const struct va_objects *objects)
{
	const struct va_vma *vma = mm ? va_mm_vma_at(mm, addr) : NULL;
	struct va_site p = {0};

	if (!vma || (at && vma->born > at))
		return p;
	p.known = true;
	p.special = vma->name_kind == VMATLAS_NAME_SPECIAL;
	if (vma->name_kind != VMATLAS_NAME_PATH && !p.special)
		return p;
	p.path = va_texts_get(texts, vma->name_text);
	p.offset = (p.special ? 0 : vma->pgoff << 12) + (addr - vma->start);
	p.object = va_objects_find(objects, vma);
	if (p.object && !va_object_linked(p.object, p.offset, &p.linked))
		p.object = NULL;
	return p;
}
