/* The OBJECT chunks of a recording: what mapped ELF files are made of. See zone.h. */
#include "zone.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "idmap.h"
#include "limits.h"
#include "maps.h"

#define SEGMENTS_MAX 64

struct va_objects {
	struct vmatlas_object **objects; /* each owned, with its segments and sections behind it */
	size_t count, room;
	struct va_idmap by_file; /* key_of() → index */
};

struct va_objects *va_objects_new(void)
{
	return va_alloc(sizeof(struct va_objects));
}

void va_objects_free(struct va_objects *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->count; i++)
		free(o->objects[i]);
	free(o->objects);
	va_idmap_free(&o->by_file);
	free(o);
}

/* Device, inode and path: a file system may use an inode number again, an overlay may show one device for several. */
static __u64 key_of(__u32 major, __u32 minor, __u64 inode, __u64 path_text)
{
	return path_text ^ (inode * 0x9e3779b97f4a7c15ull) ^ ((__u64)major << 32 | minor) * 0xc2b2ae3d27d4eb4full;
}

static bool sound(const struct vmatlas_object *head, size_t bytes)
{
	return head->segments <= SEGMENTS_MAX && head->sections <= VMATLAS_SECTIONS_MAX && head->build_id_len <= sizeof(head->build_id) &&
	       bytes == sizeof(*head) + head->segments * sizeof(struct vmatlas_segment) + head->sections * sizeof(struct vmatlas_section);
}

bool va_objects_add(struct va_objects *o, const void *payload, size_t bytes)
{
	struct vmatlas_object head;

	if (bytes < sizeof(head))
		return false;
	memcpy(&head, payload, sizeof(head));
	if (!sound(&head, bytes) || o->count >= VA_LIMIT_OBJECTS)
		return false;
	__u64 key = key_of(head.dev_major, head.dev_minor, head.inode, head.path_text);

	if (va_idmap_get(&o->by_file, key) != VA_IDMAP_NONE)
		return true;
	o->objects = va_grow(o->objects, &o->room, o->count + 1, sizeof(*o->objects));
	o->objects[o->count] = memcpy(va_alloc_raw(bytes), payload, bytes);
	va_idmap_set(&o->by_file, key, (__u32)o->count++);
	return true;
}

const struct vmatlas_object *va_objects_find(const struct va_objects *o, const struct va_vma *vma)
{
	if (!o || vma->name_kind != VMATLAS_NAME_PATH)
		return NULL;
	__u32 i = va_idmap_get(&o->by_file, key_of(vma->dev_major, vma->dev_minor, vma->inode, vma->name_text));

	return i == VA_IDMAP_NONE ? NULL : o->objects[i];
}

const struct vmatlas_segment *va_object_segments(const struct vmatlas_object *object)
{
	return (const struct vmatlas_segment *)(object + 1);
}

const struct vmatlas_section *va_object_sections(const struct vmatlas_object *object)
{
	return (const struct vmatlas_section *)(va_object_segments(object) + object->segments);
}
