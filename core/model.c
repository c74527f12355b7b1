/* See model.h. The dispatch, and whose map is whose; what records do to a map is in range.c and fault.c, to tasks in tasks.c. */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "entry.h"
#include "limits.h"
#include "mm.h"
#include "record.h"
#include "walk.h"
#include "tasks.h"

#define ENDED_WITH_PAGES 64

struct va_model {
	struct vmatlas_stream_header header;
	struct va_texts *texts; /* borrowed */
	__u64 now;
	struct va_model_counts counts;
	struct va_tasks tasks;
	struct va_shelf mms;                    /* struct va_mm */
	struct va_idmap mm_index;               /* id → index */
	__u32 last_mm, last_mm_at;              /* the last one asked for to write: most records are about the same again */
	__u32 ended[ENDED_WITH_PAGES];          /* ids of the newest ended maps; a ring */
	unsigned ended_next;
};

static void hold_mm(void *mm)
{
	va_mm_ref(mm);
}

static void drop_mm(void *mm)
{
	va_mm_unref(mm);
}

static const struct va_mm *mm_at(const struct va_model *m, size_t i)
{
	return va_shelf_at(&m->mms, i);
}

struct va_model *va_model_new(const struct vmatlas_stream_header *header, struct va_texts *texts)
{
	struct va_model *m = va_alloc(sizeof(*m));

	m->header = *header;
	m->texts = texts;
	m->mms.hold = hold_mm;
	m->mms.drop = drop_mm;
	return m;
}

struct va_model *va_model_clone(const struct va_model *model)
{
	struct va_model *m = va_alloc_raw(sizeof(*m));

	*m = *model;
	va_tasks_copy(&m->tasks, &model->tasks);
	va_idmap_copy(&m->mm_index, &model->mm_index);
	va_shelf_copy(&m->mms, &model->mms);
	return m;
}

void va_model_free(struct va_model *m)
{
	if (!m)
		return;
	va_tasks_free(&m->tasks);
	va_shelf_free(&m->mms);
	va_idmap_free(&m->mm_index);
	free(m);
}

/* --- maps ------------------------------------------------------------------------------------------------------------ */

static struct va_mm *own_at(struct va_model *m, size_t i)
{
	struct va_mm **slot = (struct va_mm **)va_shelf_own(&m->mms, i), *mm = *slot;

	if (__atomic_load_n(&mm->refs, __ATOMIC_ACQUIRE) == 1)
		return mm;
	*slot = va_mm_copy(mm);
	va_mm_unref(mm);
	return *slot;
}

/* For writing; NULL = unknown. */
static struct va_mm *own_mm(struct va_model *m, __u32 id)
{
	if (!id || id != m->last_mm) {
		__u32 i = va_idmap_get(&m->mm_index, id);

		if (i == VA_IDMAP_NONE)
			return NULL;
		m->last_mm = id;
		m->last_mm_at = i;
	}
	return own_at(m, m->last_mm_at);
}

/* The same, made when unknown; NULL: limit reached, or id 0. */
static struct va_mm *make_mm(struct va_model *m, __u32 id)
{
	struct va_mm *mm = own_mm(m, id);

	if (mm || !id || m->mms.count >= VA_LIMIT_MMS)
		return mm;
	mm = va_mm_new(id, m->header.levels, va_dirty_bits(va_entry_rules(&m->header).version));
	va_idmap_set(&m->mm_index, id, (__u32)m->mms.count);
	va_shelf_add(&m->mms, mm);
	return mm;
}

static bool belongs_to_target(const struct va_model *m, __u32 id)
{
	const struct va_task *target = va_tasks_find(&m->tasks, va_model_target(m));

	return target && target->last_mm == id;
}

static void end_mm(struct va_model *m, struct va_mm *mm)
{
	__u32 *slot = &m->ended[m->ended_next++ % ENDED_WITH_PAGES];
	struct va_mm *oldest = *slot && !belongs_to_target(m, *slot) ? own_mm(m, *slot) : NULL;

	mm->ended = true;
	if (oldest)
		va_mm_drop_pages(oldest);
	*slot = mm->id;
}

/* --- what records do --------------------------------------------------------------------------------------------------- */

static bool apply_layout(struct va_model *m, const struct vmatlas_record *rec)
{
	struct va_mm *mm = make_mm(m, rec->head.mm);

	if (mm)
		va_mm_apply_layout(mm, rec);
	return mm;
}

static bool apply_counts(struct va_model *m, const struct vmatlas_record *rec)
{
	struct va_mm *mm = make_mm(m, rec->head.mm);

	if (!mm)
		return false;
	mm->counts = rec->counts;
	mm->has_counts = true;
	va_mm_note_peak(mm);
	return true;
}

static bool apply_mm_end(struct va_model *m, const struct vmatlas_record *rec)
{
	struct va_mm *mm = own_mm(m, rec->head.mm);

	if (mm && !mm->ended)
		end_mm(m, mm);
	return true;
}

static bool apply_range(struct va_model *m, const struct vmatlas_record *rec)
{
	struct va_mm *mm = rec->range.count <= VA_LIMIT_VMAS ? make_mm(m, rec->head.mm) : NULL;

	if (!mm || mm->ended || va_vmas_count(mm->vmas) + rec->range.count > VA_LIMIT_VMAS)
		return false;
	va_mm_begin_range(mm, rec);
	m->counts.healed += va_mm_end_range(mm); /* count 0 */
	return true;
}

static bool apply_vma(struct va_model *m, const struct vmatlas_record *rec)
{
	struct va_mm *mm = own_mm(m, rec->head.mm);
	bool stray = true;

	if (mm && !mm->ended && va_mm_add_vma(mm, rec, &stray)) {
		m->counts.healed += va_mm_end_range(mm);
		return true;
	}
	m->counts.stray += stray;
	return stray;
}

static void count_fault(struct va_model *m, const struct vmatlas_record *rec)
{
	struct va_task *task = va_tasks_edit(&m->tasks, rec->head.tid);
	bool major = va_fault_major(rec);

	if (rec->head.flags & VMATLAS_F_BAD)
		m->counts.bad++;
	else if (major)
		m->counts.major++;
	else
		m->counts.minor++;
	if (!task)
		return;
	task->faults++;
	task->major += major;
	task->last_fault = rec->fault;
	task->last_fault_ts = rec->head.ts;
}

static bool apply_fault(struct va_model *m, const struct vmatlas_record *rec)
{
	struct va_mm *mm = own_mm(m, rec->head.mm);

	count_fault(m, rec);
	if (mm)
		va_mm_apply_fault(mm, rec);
	return true;
}

static bool apply_pages(struct va_model *m, const struct vmatlas_record *rec)
{
	struct va_mm *mm = make_mm(m, rec->head.mm);

	if (mm)
		va_mm_apply_pages(mm, rec);
	return mm;
}

static bool apply_sweep(struct va_model *m, const struct vmatlas_record *rec)
{
	struct va_mm *mm = make_mm(m, rec->head.mm);

	if (mm)
		va_mm_apply_sweep(mm, rec);
	return mm;
}

static bool apply_op(struct va_model *m, const struct vmatlas_record *rec)
{
	struct va_task *task = va_tasks_edit(&m->tasks, rec->head.tid);
	struct va_mm *mm = own_mm(m, rec->head.mm);

	if (task)
		task->ops++;
	if (mm)
		va_mm_apply_op(mm, rec);
	return true;
}

static bool apply_fork(struct va_model *m, const struct vmatlas_record *rec)
{
	__u32 child_id = rec->fork.child_mm;

	if (!va_tasks_apply_fork(&m->tasks, rec))
		return false;
	if (!child_id || child_id == rec->head.mm || va_model_mm(m, child_id))
		return true;
	struct va_mm *child = make_mm(m, child_id), *parent = own_mm(m, rec->head.mm);

	if (child && parent && !parent->ended)
		va_mm_fork(parent, child, rec);
	return child;
}

static bool apply_exec(struct va_model *m, const struct vmatlas_record *rec)
{
	return va_tasks_apply_exec(&m->tasks, rec) && (!rec->head.mm || make_mm(m, rec->head.mm));
}

static bool apply_task(struct va_model *m, const struct vmatlas_record *rec)
{
	return va_tasks_apply_task(&m->tasks, rec) && (!rec->head.mm || make_mm(m, rec->head.mm));
}

static void apply_loss(struct va_model *m, const struct vmatlas_record *rec)
{
	m->counts.lost += rec->loss.count;
	for (size_t i = 0; i < m->mms.count; i++) {
		if (mm_at(m, i)->ended)
			continue;
		struct va_mm *mm = own_at(m, i);

		if (rec->loss.channel == VMATLAS_CHANNEL_FAULTS)
			va_mm_lose_pages(mm, rec->head.ts);
		else
			va_mm_lose_truth(mm, 0, VA_USER_TOP, rec->head.ts);
	}
}

static bool apply(struct va_model *m, const struct vmatlas_record *rec)
{
	switch (rec->head.type) {
	case VMATLAS_MM_LAYOUT:
		return apply_layout(m, rec);
	case VMATLAS_MM_COUNTS:
		return apply_counts(m, rec);
	case VMATLAS_MM_END:
		return apply_mm_end(m, rec);
	case VMATLAS_VMA:
		return apply_vma(m, rec);
	case VMATLAS_RANGE:
		return apply_range(m, rec);
	case VMATLAS_OP:
		return apply_op(m, rec);
	case VMATLAS_FAULT:
		return apply_fault(m, rec);
	case VMATLAS_FORK:
		return apply_fork(m, rec);
	case VMATLAS_EXEC:
		return apply_exec(m, rec);
	case VMATLAS_TASK:
		return apply_task(m, rec);
	case VMATLAS_PAGES:
		return apply_pages(m, rec);
	case VMATLAS_SWEEP:
		return apply_sweep(m, rec);
	case VMATLAS_TEXT:
		return !m->texts || va_texts_add(m->texts, &rec->text);
	case VMATLAS_EXIT:
		va_tasks_apply_exit(&m->tasks, rec);
		break;
	case VMATLAS_LOSS:
		apply_loss(m, rec);
		break;
	}
	return true;
}

void va_model_apply(struct va_model *m, const struct vmatlas_record *rec)
{
	m->counts.records++;
	if (rec->head.ts > m->now)
		m->now = rec->head.ts;
	if (!va_record_valid(rec) || !apply(m, rec))
		m->counts.invalid++;
	else
		m->counts.by_type[rec->head.type]++;
}

/* --- questions --------------------------------------------------------------------------------------------------------- */

__u64 va_model_now(const struct va_model *m)
{
	return m->now;
}

const struct vmatlas_stream_header *va_model_header(const struct va_model *m)
{
	return &m->header;
}

struct va_texts *va_model_texts(const struct va_model *m)
{
	return m->texts;
}

const struct va_model_counts *va_model_counts(const struct va_model *m)
{
	return &m->counts;
}

size_t va_model_task_count(const struct va_model *m)
{
	return m->tasks.shelf.count;
}

const struct va_task *va_model_task(const struct va_model *m, size_t i)
{
	return va_tasks_at(&m->tasks, i);
}

const struct va_task *va_model_find_task(const struct va_model *m, __u32 tid)
{
	return va_tasks_find(&m->tasks, tid);
}

__u32 va_model_target(const struct va_model *m)
{
	if (m->tasks.target)
		return m->tasks.target;
	return m->tasks.shelf.count ? va_tasks_at(&m->tasks, 0)->tgid : 0;
}

const struct va_mm *va_model_mm(const struct va_model *m, __u32 id)
{
	__u32 i = va_idmap_get(&m->mm_index, id);

	return i == VA_IDMAP_NONE ? NULL : mm_at(m, i);
}

const struct va_mm *va_model_mm_of(const struct va_model *m, __u32 tgid)
{
	const struct va_task *task = va_tasks_find(&m->tasks, tgid);

	return task ? va_model_mm(m, task->last_mm) : NULL;
}
