/* Where in a mapped file an address lies: what is needed to look it up on another day, in the file itself. */
#ifndef VA_SITE_H
#define VA_SITE_H

#include "zone.h"

struct va_site {
	const char *path;   /* as mapped, borrowed from texts; NULL = no file there, or its name was lost */
	__u64 offset;       /* in the file */
	const struct vmatlas_object *object; /* NULL = not an ELF file, or not told */
	__u64 linked;       /* the address as linked, valid with object */
	bool known;         /* a VMA was there */
	bool special;       /* kernel's own (vdso): path is its name */
};

/* at: only a mapping that was there already at that moment counts; 0 = any. */
struct va_site va_site_of(const struct va_mm *mm, __u64 addr, __u64 at, const struct va_texts *texts, const struct va_objects *objects);

/* The address as linked of what is mapped from this offset: a byte of the file, or bss behind the data in the same page; false: it is in no segment. */
bool va_object_linked(const struct vmatlas_object *object, __u64 offset, __u64 *linked);

#endif
