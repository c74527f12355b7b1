// SPDX-License-Identifier: GPL-2.0
#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/xxhash.h>

#include "channel.h"
#include "text.h"

#define VA_SENT_BITS 14
#define VA_SENT_PROBES 8

static atomic64_t *va_sent;

int va_text_init(void)
{
	va_sent = vzalloc(sizeof(*va_sent) << VA_SENT_BITS);
	return va_sent ? 0 : -ENOMEM;
}

void va_text_exit(void)
{
	vfree(va_sent);
}

void va_text_reset(void)
{
	unsigned int i;

	for (i = 0; i < 1u << VA_SENT_BITS; i++)
		atomic64_set(&va_sent[i], 0);
}

static atomic64_t *va_slot(u64 id, unsigned int probe)
{
	return &va_sent[(hash_64(id, VA_SENT_BITS) + probe) & ((1u << VA_SENT_BITS) - 1)];
}

static bool va_was_sent(u64 id)
{
	unsigned int i;

	for (i = 0; i < VA_SENT_PROBES; i++)
		if (atomic64_read(va_slot(id, i)) == id)
			return true;
	return false;
}

static void va_remember(u64 id)
{
	unsigned int i;

	for (i = 0; i < VA_SENT_PROBES; i++)
		if (!atomic64_cmpxchg(va_slot(id, i), 0, id))
			return;
}

static bool va_send(u64 id, const char *bytes, size_t len)
{
	bool ok = true;
	size_t at;

	for (at = 0; at < len; at += VMATLAS_TEXT_PIECE) {
		struct vmatlas_record rec = {
			.head = { .type = VMATLAS_TEXT, .tgid = current->tgid, .tid = current->pid },
			.text = { .id = id, .total = len, .offset = at },
		};

		memcpy(rec.text.bytes, bytes + at, min_t(size_t, len - at, VMATLAS_TEXT_PIECE));
		ok &= va_channel_write(&rec);
	}
	return ok;
}

static u64 va_id(const char *bytes, size_t len)
{
	return xxh64(bytes, len, 0) ?: 1;
}

u64 va_text(const char *bytes, size_t len)
{
	u64 id;

	len = min_t(size_t, len, VMATLAS_TEXT_MAX);
	if (!len)
		return 0;
	id = va_id(bytes, len);
	if (!va_was_sent(id) && va_send(id, bytes, len))
		va_remember(id);
	return id;
}

unsigned int va_text_records(const char *bytes, size_t len)
{
	len = min_t(size_t, len, VMATLAS_TEXT_MAX);
	return len && !va_was_sent(va_id(bytes, len)) ? DIV_ROUND_UP(len, VMATLAS_TEXT_PIECE) : 0;
}

u64 va_text_once(const char *bytes, size_t len, bool *lost)
{
	u64 id = va_id(bytes, len);

	*lost = !va_send(id, bytes, len);
	return id;
}

void va_text_late(u64 id, const char *bytes, size_t len)
{
	va_send(id, bytes, min_t(size_t, len, VMATLAS_TEXT_MAX));
}
