/* Records without the names and frames of the machine they were made on. */
#include <string.h>

#include "alloc.h"
#include "record.h"
#include "redact_parts.h"
#include "walk.h"

#define ORDINARY_USER 1000

static __u64 hash_comm(const char comm[VMATLAS_COMM_LEN])
{
	__u64 h = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < VMATLAS_COMM_LEN - 1 && comm[i]; i++)
		h = (h ^ (unsigned char)comm[i]) * 0x100000001b3ull;
	return h;
}

/* A program that the system brings: its name may be said, unless it has been replaced before. */
static void note_program(struct va_redact *r, __u64 exe)
{
	const char *path = exe ? va_texts_get(r->texts, exe) : NULL, *name = path ? strrchr(path, '/') : NULL;
	char comm[VMATLAS_COMM_LEN] = "";

	if (!name || !va_path_is_public(path))
		return;
	strncpy(comm, name + 1, sizeof(comm) - 1);
	if (va_idmap_get(&r->public, hash_comm(comm)) == VA_IDMAP_NONE)
		va_idmap_set(&r->public, hash_comm(comm), 1);
}

static void redact_comm(struct va_redact *r, char comm[VMATLAS_COMM_LEN])
{
	__u64 id = hash_comm(comm);
	size_t n = strnlen(comm, VMATLAS_COMM_LEN);

	if (!n || va_idmap_get(&r->public, id) == 1) {
		memset(comm + n, 0, VMATLAS_COMM_LEN - n);
		return;
	}
	va_idmap_set(&r->public, id, 0);
	char word[VA_DISGUISE_WORD];

	va_disguise_word(&r->disguise, comm, n, word);
	memset(comm, 0, VMATLAS_COMM_LEN);
	memcpy(comm, word, strnlen(word, VMATLAS_COMM_LEN - 1));
}

static void redact_vma(struct va_redact *r, struct vmatlas_vma *v)
{
	static const enum va_role roles[] = {
		[VMATLAS_NAME_NONE] = VA_ROLE_PATH, [VMATLAS_NAME_PATH] = VA_ROLE_PATH, [VMATLAS_NAME_SPECIAL] = VA_ROLE_SPECIAL,
		[VMATLAS_NAME_ANON] = VA_ROLE_ANON, [VMATLAS_NAME_SHMEM] = VA_ROLE_ANON,
	};

	v->name_text = va_redact_use(r, v->name_kind <= VMATLAS_NAME_SHMEM ? roles[v->name_kind] : VA_ROLE_PATH, v->name_text);
	v->inode = va_disguise_inode(&r->disguise, v->dev_major, v->dev_minor, v->inode);
	v->dev_minor = va_disguise_device(&r->disguise, v->dev_major, v->dev_minor);
	v->dev_major = 0;
	memset(v->reserved, 0, sizeof(v->reserved));
}

static void redact_entry(struct va_redact *r, unsigned level, __u64 *entry)
{
	if (level == 2 && va_entry_leaf(2, *entry))
		va_disguise_gigantic(&r->disguise, va_entry_pfn(*entry));
	*entry = va_disguise_entry(&r->disguise, *entry);
}

static void redact_fault(struct va_redact *r, struct vmatlas_fault *f)
{
	struct va_step before;

	if (f->depth_before <= VMATLAS_LEVELS && va_walk_before(f, r->levels, &before))
		redact_entry(r, before.level, &f->before);
	else
		f->before = 0;
	for (unsigned level = 0; level < VMATLAS_LEVELS; level++)
		redact_entry(r, level, &f->entry[level]);
}

static void redact_pages(struct va_redact *r, struct vmatlas_pages *p)
{
	for (unsigned i = 0; i < VMATLAS_PAGES_PER_RECORD; i++)
		redact_entry(r, p->level, &p->entry[i]);
}

/* Holds nothing, and says nothing new the second time: its number on its CPU stays taken. */
static void blank_text(struct vmatlas_text *t)
{
	*t = (struct vmatlas_text){ .id = 1, .total = 1, .bytes = "-" };
}

static void redact_record(struct va_redact *r, struct vmatlas_record *rec)
{
	switch (rec->head.type) {
	case VMATLAS_MM_LAYOUT:
		rec->layout.pgd = va_disguise_frame(&r->disguise, rec->layout.pgd >> 12) << 12 | (rec->layout.pgd & 4095);
		break;
	case VMATLAS_VMA:
		redact_vma(r, &rec->vma);
		break;
	case VMATLAS_FAULT:
		redact_fault(r, &rec->fault);
		break;
	case VMATLAS_PAGES:
		redact_pages(r, &rec->pages);
		break;
	case VMATLAS_FORK:
		redact_comm(r, rec->fork.comm);
		break;
	case VMATLAS_EXEC:
		rec->exec.path_text = va_redact_use(r, VA_ROLE_PATH, rec->exec.path_text);
		redact_comm(r, rec->exec.comm);
		break;
	case VMATLAS_EXIT:
		redact_comm(r, rec->exit.comm);
		break;
	case VMATLAS_TASK:
		rec->task.exe_text = va_redact_use(r, VA_ROLE_PATH, rec->task.exe_text);
		redact_comm(r, rec->task.comm);
		rec->task.uid = rec->task.uid ? ORDINARY_USER : 0;
		break;
	case VMATLAS_MARK:
		rec->mark.text = va_redact_use(r, VA_ROLE_MARK, rec->mark.text);
		break;
	case VMATLAS_TEXT:
		blank_text(&rec->text);
		break;
	case VMATLAS_MM_COUNTS:
	case VMATLAS_MM_END:
	case VMATLAS_RANGE:
	case VMATLAS_OP:
	case VMATLAS_SWEEP:
		break;
	default: /* nobody here knows what it holds */
		memset(rec->payload, 0, sizeof(rec->payload));
	}
}

static void gather(struct va_redact *r, const struct vmatlas_record *recs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (recs[i].head.type == VMATLAS_TEXT && va_record_valid(&recs[i]))
			va_texts_add(r->texts, &recs[i].text);
	for (size_t i = 0; i < n; i++)
		if (recs[i].head.type == VMATLAS_EXEC || recs[i].head.type == VMATLAS_TASK)
			note_program(r, recs[i].head.type == VMATLAS_EXEC ? recs[i].exec.path_text : recs[i].task.exe_text);
}

int va_redact_records(struct va_redact *r, const struct vmatlas_chunk *c, const void *payload)
{
	size_t n = c->bytes / sizeof(*r->records);
	int error;

	if (c->bytes % sizeof(*r->records))
		return 0;
	r->records = va_grow(r->records, &r->record_room, n, sizeof(*r->records));
	if (n)
		memcpy(r->records, payload, n * sizeof(*r->records));
	gather(r, r->records, n);
	for (size_t i = 0; i < n; i++)
		redact_record(r, &r->records[i]);
	error = va_redact_tell(r);
	return error ? error : r->out(r->ctx, c, r->records);
}
