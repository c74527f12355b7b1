#include "vmapack.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "varint.h"

#define BACK 15        /* so many before are looked at for the same file or flags */
#define MOST (14 * 10) /* bytes of one at most: that many numbers */

/* Addresses are whole pages; what is not comes back all the same. */
static __u64 pages(__u64 bytes)
{
	return bytes >> 12 | bytes << 52;
}

static __u64 unpages(__u64 x)
{
	return x << 12 | x >> 52;
}

static bool same_file(const struct va_vma *a, const struct va_vma *b)
{
	return a->inode == b->inode && a->name_text == b->name_text && a->file_size == b->file_size && a->dev_major == b->dev_major &&
	       a->dev_minor == b->dev_minor && a->name_kind == b->name_kind;
}

static bool same_flags(const struct va_vma *a, const struct va_vma *b)
{
	return a->vm_flags == b->vm_flags;
}

/* How many places before i the last one like it stands; 0 = none near. */
static unsigned find(const struct va_vma *vma, size_t i, bool (*same)(const struct va_vma *a, const struct va_vma *b))
{
	for (unsigned back = 1; back <= BACK && back <= i; back++)
		if (same(&vma[i], &vma[i - back]))
			return back;
	return 0;
}

static void take_file(struct va_vma *v, const struct va_vma *from)
{
	v->inode = from->inode;
	v->name_text = from->name_text;
	v->file_size = from->file_size;
	v->dev_major = from->dev_major;
	v->dev_minor = from->dev_minor;
	v->name_kind = from->name_kind;
}

/* Where in the file it lies if it goes on there. */
static __u64 expected_offset(const struct va_vma *vma, size_t i, unsigned back)
{
	const struct va_vma *like = &vma[i - back];

	return back && like->name_kind ? like->pgoff + ((like->end - like->start) >> 12) : 0;
}

void *va_vma_pack(const struct va_vma *vma, size_t n, size_t *bytes)
{
	static const struct va_vma none;
	__u8 *out = va_alloc_raw(n * MOST + 1), *p = out;

	for (size_t i = 0; i < n; i++) {
		const struct va_vma *v = &vma[i], *before = i ? v - 1 : &none;
		unsigned file = find(vma, i, same_file), flags = find(vma, i, same_flags);

		p = va_put(p, pages(v->start - before->end));
		p = va_put(p, pages(v->end - v->start));
		*p++ = (__u8)(file << 4 | flags);
		*p++ = (__u8)(v->anon | v->stale << 1 | v->written << 2 | v->perhaps_written << 3);
		if (!flags)
			p = va_put(p, v->vm_flags);
		if (!file) {
			p = va_put(p, v->inode);
			p = va_put(p, v->name_text);
			p = va_put(p, v->file_size);
			p = va_put(p, v->dev_major);
			p = va_put(p, v->dev_minor);
			*p++ = v->name_kind;
		}
		p = va_put(p, va_fold(v->pgoff - expected_offset(vma, i, file)));
		p = va_put(p, va_fold(v->born - before->born));
		p = va_put(p, va_fold(v->changed - v->born));
	}
	*bytes = (size_t)(p - out);
	return va_realloc(out, *bytes + 1, 1);
}

void va_vma_unpack(const void *packed, struct va_vma *vma, size_t n)
{
	static const struct va_vma none;
	const __u8 *p = packed;

	for (size_t i = 0; i < n; i++) {
		struct va_vma *v = &vma[i];
		const struct va_vma *before = i ? v - 1 : &none;

		*v = none;
		v->start = before->end + unpages(va_get(&p));
		v->end = v->start + unpages(va_get(&p));
		unsigned file = *p >> 4, flags = *p & 15, bits;

		bits = p[1];
		p += 2;
		v->anon = bits & 1;
		v->stale = bits >> 1 & 1;
		v->written = bits >> 2 & 1;
		v->perhaps_written = bits >> 3 & 1;
		v->vm_flags = flags ? vma[i - flags].vm_flags : va_get(&p);
		if (file) {
			take_file(v, &vma[i - file]);
		} else {
			v->inode = va_get(&p);
			v->name_text = va_get(&p);
			v->file_size = va_get(&p);
			v->dev_major = (__u32)va_get(&p);
			v->dev_minor = (__u32)va_get(&p);
			v->name_kind = *p++;
		}
		v->pgoff = expected_offset(vma, i, file) + va_unfold(va_get(&p));
		v->born = before->born + va_unfold(va_get(&p));
		v->changed = v->born + va_unfold(va_get(&p));
	}
}
