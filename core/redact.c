/* See redact.h. Chunks and texts; records are in redact_record.c. */
#include "redact.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "redact_parts.h"

struct va_redact *va_redact_new(bool marks, va_redact_out out, void *ctx)
{
	struct va_redact *r = va_alloc(sizeof(*r));

	r->marks = marks;
	r->out = out;
	r->ctx = ctx;
	r->texts = va_texts_new();
	return r;
}

void va_redact_free(struct va_redact *r)
{
	if (!r)
		return;
	va_disguise_free(&r->disguise);
	va_texts_free(r->texts);
	va_idmap_free(&r->known);
	va_idmap_free(&r->public);
	free(r->wanted);
	free(r->records);
	free(r);
}

/* --- facts ------------------------------------------------------------------------------------------------------------ */

static int put_meta(struct va_redact *r, const char *key, const char *value)
{
	char payload[64 + 2 * VMATLAS_TEXT_MAX];
	int n = snprintf(payload, sizeof(payload), "%s%c%s", key, 0, value);
	struct vmatlas_chunk c = { .kind = VMATLAS_CHUNK_META, .bytes = (__u32)n };

	return r->out(r->ctx, &c, payload);
}

int va_redact_begin(struct va_redact *r, const struct vmatlas_stream_header *header)
{
	r->levels = header->levels;
	return put_meta(r, "redacted", r->marks ? "names and frames" : "names, frames and marks");
}

/* The program only, without what it was told; quoted as a shell needs it. */
static int put_command(struct va_redact *r, const char *command)
{
	char word[VMATLAS_TEXT_MAX], path[VMATLAS_TEXT_MAX + 8];
	bool quoted = *command == '\'';
	size_t n = strcspn(command + quoted, quoted ? "'" : " ");
	size_t used;

	snprintf(word, sizeof(word), "%.*s", (int)n, command + quoted);
	used = va_disguise_path(&r->disguise, word, path, VMATLAS_TEXT_MAX);
	if (command[quoted + n + quoted])
		memcpy(path + used, " …", sizeof(" …"));
	return put_meta(r, "command", path);
}

/* What is not known here is not passed on. */
static int redact_meta(struct va_redact *r, const char *payload, size_t bytes)
{
	char *copy = va_alloc(bytes + 2), path[VMATLAS_TEXT_MAX];
	const char *value = copy;
	int error = 0;

	memcpy(copy, payload, bytes);
	value += strlen(copy) + 1;
	if (!strcmp(copy, "command")) {
		error = put_command(r, value);
	} else if (!strcmp(copy, "cwd")) {
		va_disguise_path(&r->disguise, value, path, sizeof(path));
		error = put_meta(r, copy, path);
	} else if (!strcmp(copy, "vsyscall") || !strcmp(copy, "lost-hooks") || (r->marks && !strcmp(copy, "title"))) {
		error = put_meta(r, copy, value);
	} else if (!strcmp(copy, "dumps")) {
		snprintf(path, sizeof(path), "%.*s", (int)strspn(value, "0123456789"), value);
		error = put_meta(r, copy, path);
	} else if (!strcmp(copy, "failure")) {
		error = put_meta(r, copy, "the recording broke off");
	}
	free(copy);
	return error;
}

static int redact_object(struct va_redact *r, const struct vmatlas_chunk *c, const void *payload)
{
	struct vmatlas_object *o;
	int error;

	if (c->bytes < sizeof(*o))
		return 0;
	o = va_alloc_raw(c->bytes);
	memcpy(o, payload, c->bytes);
	o->path_text = va_redact_use(r, VA_ROLE_PATH, o->path_text);
	o->inode = va_disguise_inode(&r->disguise, o->dev_major, o->dev_minor, o->inode);
	o->dev_minor = va_disguise_device(&r->disguise, o->dev_major, o->dev_minor);
	o->dev_major = 0;
	memset(o->build_id, 0, sizeof(o->build_id));
	memcpy(o->build_id, &o->inode, sizeof(o->inode));
	error = va_redact_tell(r);
	if (!error)
		error = r->out(r->ctx, c, o);
	free(o);
	return error;
}

/* --- texts ------------------------------------------------------------------------------------------------------------ */

__u64 va_redact_use(struct va_redact *r, enum va_role role, __u64 id)
{
	__u64 made = va_disguise_text(&r->disguise, role, id);

	if (id && va_idmap_get(&r->known, made) == VA_IDMAP_NONE) {
		va_idmap_set(&r->known, made, 0);
		r->wanted = va_grow(r->wanted, &r->wanted_room, r->wanted_count + 1, sizeof(*r->wanted));
		r->wanted[r->wanted_count++] = (struct va_wanted){ .id = id, .made = made, .role = role };
	}
	return made;
}

static size_t say(struct va_redact *r, const struct va_wanted *w, const char *text, char *out, size_t size)
{
	static const char libc[] = "glibc: ";
	char word[VA_DISGUISE_WORD];
	const char *said = text;

	switch (w->role) {
	case VA_ROLE_PATH:
		return va_disguise_path(&r->disguise, text, out, size);
	case VA_ROLE_MARK:
		if (!r->marks)
			return (size_t)snprintf(out, size, "mark %u", ++r->mark_count);
		break;
	case VA_ROLE_ANON:
		if (strncmp(text, libc, sizeof(libc) - 1)) {
			va_disguise_word(&r->disguise, text, strlen(text), word);
			said = word;
		}
		break;
	case VA_ROLE_SPECIAL:
		break;
	}
	return (size_t)snprintf(out, size, "%s", said);
}

static int put_text(struct va_redact *r, const struct va_wanted *w, const char *text)
{
	char payload[8 + VMATLAS_TEXT_MAX + 1];
	struct vmatlas_chunk c = { .kind = VMATLAS_CHUNK_TEXT };

	memcpy(payload, &w->made, 8);
	c.bytes = (__u32)(8 + say(r, w, text, payload + 8, sizeof(payload) - 8));
	return r->out(r->ctx, &c, payload);
}

int va_redact_tell(struct va_redact *r)
{
	size_t kept = 0;
	int error = 0;

	for (size_t i = 0; i < r->wanted_count; i++) {
		const char *text = error ? NULL : va_texts_get(r->texts, r->wanted[i].id);

		if (text)
			error = put_text(r, &r->wanted[i], text);
		else
			r->wanted[kept++] = r->wanted[i];
	}
	r->wanted_count = kept;
	return error;
}

int va_redact_chunk(struct va_redact *r, const struct vmatlas_chunk *c, const void *payload)
{
	switch (c->kind) {
	case VMATLAS_CHUNK_RECORDS:
		return va_redact_records(r, c, payload);
	case VMATLAS_CHUNK_ROUND:
	case VMATLAS_CHUNK_TOTALS:
		return r->out(r->ctx, c, payload);
	case VMATLAS_CHUNK_META:
		return redact_meta(r, payload, c->bytes);
	case VMATLAS_CHUNK_OBJECT:
		return redact_object(r, c, payload);
	case VMATLAS_CHUNK_TEXT: /* of a recording that is redacted already: once more does no harm */
		return va_texts_put(r->texts, payload, c->bytes) ? va_redact_tell(r) : 0;
	}
	return 0;
}
