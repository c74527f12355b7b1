#include "checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "mm.h"

/* Before what is packed of a map, each time. */
struct part {
	__u32 map, bytes;
};

void va_checkpoint_free(struct va_checkpoint *c)
{
	va_model_free(c->model);
	va_packed_account(-(long)c->packed.room);
	free(c->packed.byte);
}

static void *next_part(const struct va_packed *packed, size_t at, struct part *part)
{
	memcpy(part, packed->byte + at, sizeof(*part));
	return packed->byte + at + sizeof(*part);
}

/* Parts of maps that are here in their last state only meanwhile, without pages. */
static void drop_stale(struct va_checkpoint *c)
{
	size_t kept = 0;
	struct part part;

	for (size_t at = 0, next; at < c->packed.count; at = next) {
		next_part(&c->packed, at, &part);
		next = at + sizeof(part) + part.bytes;
		if (va_model_may_skip(c->model, part.map))
			continue;
		memmove(c->packed.byte + kept, c->packed.byte + at, next - at);
		kept += next - at;
	}
	c->packed.count = kept;
}

static void pack_map(struct va_checkpoint *c, size_t i)
{
	struct part part = { .map = (__u32)i };
	size_t head = c->packed.count;

	c->packed.byte = va_grow(c->packed.byte, &c->packed.room, head + sizeof(part), 1);
	c->packed.count += sizeof(part);
	va_pages_pack(va_model_own_map(c->model, i)->pages, &c->packed);
	part.bytes = (__u32)(c->packed.count - head - sizeof(part));
	if (part.bytes)
		memcpy(c->packed.byte + head, &part, sizeof(part));
	else
		c->packed.count = head;
}

void va_checkpoint_pack(struct va_checkpoint *c)
{
	size_t room = c->packed.room;

	drop_stale(c);
	for (size_t i = va_model_next_sole(c->model, 0); i != VA_NO_MAP; i = va_model_next_sole(c->model, i + 1))
		if (!va_model_may_skip(c->model, i))
			pack_map(c, i);
	if (c->packed.room) {
		c->packed.byte = va_realloc(c->packed.byte, c->packed.count, 1);
		c->packed.room = c->packed.count;
	}
	va_packed_account((long)c->packed.room - (long)room);
}

struct va_model *va_checkpoint_model(const struct va_checkpoint *c)
{
	struct va_model *model = va_model_clone(c->model);
	struct part part;

	for (size_t at = 0; at < c->packed.count; at += sizeof(part) + part.bytes) {
		const __u8 *bytes = next_part(&c->packed, at, &part);

		if (!va_model_may_skip(model, part.map))
			va_pages_unpack(&va_model_own_map(model, part.map)->pages, bytes, part.bytes);
	}
	return model;
}
