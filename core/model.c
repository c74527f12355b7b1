/* See model.h. The dispatch, and whose map is whose; what records do to a map is in range.c and fault.c, to tasks in tasks.c. */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "entry.h"
#include "limits.h"
#include "model_parts.h"
#include "record.h"
#include "walk.h"

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
	va_numbers_copy(&m->mm_index, &model->mm_index);
	va_shelf_copy(&m->mms, &model->mms);
	return m;
}

void va_model_free(struct va_model *m)
{
	if (!m)
		return;
	va_tasks_free(&m->tasks);
	va_shelf_free(&m->mms);
	va_numbers_free(&m->mm_index);
	free(m);
}

/* --- maps ------------------------------------------------------------------------------------------------------------ */

static __attribute__((noinline)) struct va_mm *copy_mm(struct va_mm *mm)
{
	struct va_mm *copy = va_mm_copy(mm);

	va_mm_unref(mm);
	return copy;
}

static inline struct va_mm *own_at(struct va_model *m, size_t i)
{
	struct va_mm **slot = (struct va_mm **)va_shelf_own(&m->mms, i);

	if (__builtin_expect(__atomic_load_n(&(*slot)->refs, __ATOMIC_ACQUIRE) != 1, 0))
		*slot = copy_mm(*slot);
	return *slot;
}

size_t va_model_next_sole(const struct va_model *m, size_t i)
{
	for (; i < m->mms.count; i++) {
		if (va_shelf_shared(&m->mms, i))
			i |= VA_SHELF_BLOCK - 1;
		else if (__atomic_load_n(&mm_at(m, i)->refs, __ATOMIC_ACQUIRE) == 1)
			return i;
	}
	return VA_NO_MAP;
}

struct va_mm *va_model_own_map(struct va_model *m, size_t i)
{
	return own_at(m, i);
}

static __attribute__((noinline)) bool look_up(struct va_model *m, __u32 id)
{
	__u32 i = va_numbers_get(&m->mm_index, id);

	if (i == VA_IDMAP_NONE || mm_at(m, i)->forgotten)
		return false;
	m->last_mm = id;
	m->last_mm_at = i;
	return true;
}

/* For writing; NULL = unknown. */
static inline struct va_mm *own_mm(struct va_model *m, __u32 id)
{
	return (id && id == m->last_mm) || look_up(m, id) ? own_at(m, m->last_mm_at) : NULL;
}

static bool is_known(const struct va_model *m, __u32 id)
{
	return va_model_map_index(m, id) != VA_NO_MAP;
}

/* The same, made when unknown; NULL: limit reached, or id 0, or one that was forgotten: it is known, and nothing is taken of it. */
static struct va_mm *make_mm(struct va_model *m, __u32 id)
{
	struct va_mm *mm = own_mm(m, id);

	if (mm || !id || m->mms.count >= VA_LIMIT_MMS || is_known(m, id))
		return mm;
	mm = va_mm_new(id, m->header.levels, va_dirty_bits(va_entry_rules(&m->header).version));
	va_numbers_set(&m->mm_index, id, (__u32)m->mms.count);
	va_shelf_add(&m->mms, mm);
	return mm;
}

static bool belongs_to_target(const struct va_model *m, __u32 id)
{
	const struct va_task *target = va_tasks_find(&m->tasks, va_model_target(m));

	return target && target->last_mm == id;
}

/* Its pages go; those of the target's map stay. */
static void rest(struct va_model *m, __u32 id)
{
	const struct va_mm *mm = id && !belongs_to_target(m, id) ? va_model_mm(m, id) : NULL;

	if (mm && !mm->resting)
		va_mm_rest(own_mm(m, id));
}

static void end_mm(struct va_model *m, __u32 id)
{
	__u32 *slot = &m->ended[m->ended_count++ % VA_ENDED_WITH_PAGES];

	rest(m, *slot);
	*slot = id;
}

size_t va_model_ended(const struct va_model *model)
{
	return model->ended_count;
}

/* --- what records do --------------------------------------------------------------------------------------------------- */

static bool apply_layout(struct va_model *m, const struct vmatlas_record *rec)
{
	struct va_mm *mm = make_mm(m, rec->head.mm);

	if (mm)
		va_mm_apply_layout(mm, rec);
	return mm || is_known(m, rec->head.mm);
}

static bool apply_counts(struct va_model *m, const struct vmatlas_record *rec)
{
	struct va_mm *mm = make_mm(m, rec->head.mm);

	if (!mm)
		return is_known(m, rec->head.mm);
	mm->counts = rec->counts;
	mm->has_counts = true;
	va_mm_note_peak(mm);
	return true;
}

static bool apply_mm_end(struct va_model *m, const struct vmatlas_record *rec)
{
	struct va_mm *mm = own_mm(m, rec->head.mm);

	if (mm && !mm->ended) {
		va_mm_end(mm);
		end_mm(m, mm->id);
	}
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

static void apply_fault(struct va_model *m, const struct vmatlas_record *rec)
{
	struct va_mm *mm = own_mm(m, rec->head.mm);

	count_fault(m, rec);
	if (mm)
		va_mm_apply_fault(mm, rec);
}

static bool apply_pages(struct va_model *m, const struct vmatlas_record *rec)
{
	struct va_mm *mm = make_mm(m, rec->head.mm);

	if (mm)
		va_mm_apply_pages(mm, rec);
	return mm || is_known(m, rec->head.mm);
}

static bool apply_sweep(struct va_model *m, const struct vmatlas_record *rec)
{
	struct va_mm *mm = make_mm(m, rec->head.mm);

	if (mm)
		va_mm_apply_sweep(mm, rec);
	return mm || is_known(m, rec->head.mm);
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
	if (!child_id || child_id == rec->head.mm || is_known(m, child_id))
		return true;
	struct va_mm *child = make_mm(m, child_id), *parent = own_mm(m, rec->head.mm);

	if (child && parent && !parent->ended)
		va_mm_fork(parent, child, rec);
	return child;
}

static bool apply_exec(struct va_model *m, const struct vmatlas_record *rec)
{
	return va_tasks_apply_exec(&m->tasks, rec) && (!rec->head.mm || make_mm(m, rec->head.mm) || is_known(m, rec->head.mm));
}

static bool apply_task(struct va_model *m, const struct vmatlas_record *rec)
{
	return va_tasks_apply_task(&m->tasks, rec) && (!rec->head.mm || make_mm(m, rec->head.mm) || is_known(m, rec->head.mm));
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

static __attribute__((noinline)) bool apply(struct va_model *m, const struct vmatlas_record *rec)
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

static inline void note_moment(struct va_model *m, const struct vmatlas_record *rec)
{
	m->counts.records++;
	if (rec->head.ts > m->now)
		m->now = rec->head.ts;
}

void va_model_apply_valid(struct va_model *m, const struct vmatlas_record *rec)
{
	note_moment(m, rec);
	if (rec->head.type == VMATLAS_FAULT) {
		apply_fault(m, rec);
	} else if (!apply(m, rec)) {
		m->counts.invalid++;
		return;
	}
	m->counts.by_type[rec->head.type]++;
}

void va_model_apply(struct va_model *m, const struct vmatlas_record *rec)
{
	if (va_record_valid(rec)) {
		va_model_apply_valid(m, rec);
		return;
	}
	note_moment(m, rec);
	m->counts.invalid++;
}

/* --- maps that will have ended ------------------------------------------------------------------------------------------ */

size_t va_model_map_count(const struct va_model *m)
{
	return m->mms.count;
}

size_t va_model_map_index(const struct va_model *m, __u32 id)
{
	if (id && id == m->last_mm)
		return m->last_mm_at;
	__u32 i = va_numbers_get(&m->mm_index, id);

	return i == VA_IDMAP_NONE ? VA_NO_MAP : i;
}

bool va_model_may_skip(const struct va_model *last, size_t i)
{
	return mm_at(last, i)->resting;
}

void va_model_skip_known(struct va_model *m, const struct va_skip *skip, size_t i)
{
	if (mm_at(m, i) == mm_at(skip->last, i))
		return;
	struct va_mm **slot = (struct va_mm **)va_shelf_own(&m->mms, i);

	va_mm_unref(*slot);
	*slot = va_mm_ref((struct va_mm *)mm_at(skip->last, i));
}

static bool skipped(const struct va_skip *skip, size_t i)
{
	return i < skip->count && skip->map[i];
}

/* The same as make_mm() for a map that may be one to be skipped; true: it is. */
static bool make_skipped(struct va_model *m, const struct va_skip *skip, __u32 id)
{
	size_t i = va_model_map_index(m, id), next = m->mms.count;

	if (i != VA_NO_MAP || !id)
		return i != VA_NO_MAP && skipped(skip, i);
	if (!skipped(skip, next) || mm_at(skip->last, next)->id != id)
		return false;
	va_numbers_set(&m->mm_index, id, (__u32)next);
	va_shelf_add(&m->mms, va_mm_ref((struct va_mm *)mm_at(skip->last, next)));
	return true;
}

static void skip_mm_end(struct va_model *m, const struct va_skip *skip, __u32 id)
{
	size_t i = va_model_map_index(m, id);

	if (skip->map[i] == VA_SKIP)
		end_mm(m, id);
	skip->map[i] = VA_SKIP_ENDED;
}

/* Child, parent, or both are skipped. What fork does to the parent's pages is done all the same. */
static void skip_fork(struct va_model *m, const struct va_skip *skip, const struct vmatlas_record *rec)
{
	__u32 child_id = rec->fork.child_mm;

	va_tasks_apply_fork(&m->tasks, rec);
	if (!child_id || child_id == rec->head.mm || is_known(m, child_id))
		return;
	bool child_skipped = make_skipped(m, skip, child_id), parent_skipped = skipped(skip, va_model_map_index(m, rec->head.mm));
	struct va_mm *child = child_skipped ? va_mm_new(child_id, m->header.levels, 0) : make_mm(m, child_id);
	struct va_mm *parent = parent_skipped ? NULL : own_mm(m, rec->head.mm);

	if (parent && !parent->ended)
		va_mm_fork(parent, child, rec);
	if (child_skipped)
		va_mm_unref(child);
}

/* A record of a map that is skipped. */
static void skip_record(struct va_model *m, const struct va_skip *skip, const struct vmatlas_record *rec)
{
	struct va_task *task;

	switch (rec->head.type) {
	case VMATLAS_FAULT:
		count_fault(m, rec);
		break;
	case VMATLAS_OP:
		task = va_tasks_edit(&m->tasks, rec->head.tid);
		if (task)
			task->ops++;
		break;
	case VMATLAS_MM_END:
		skip_mm_end(m, skip, rec->head.mm);
		break;
	case VMATLAS_EXEC:
		va_tasks_apply_exec(&m->tasks, rec);
		break;
	case VMATLAS_TASK:
		va_tasks_apply_task(&m->tasks, rec);
		break;
	case VMATLAS_EXIT:
		va_tasks_apply_exit(&m->tasks, rec);
		break;
	}
}

static bool makes_map(unsigned type)
{
	switch (type) {
	case VMATLAS_MM_LAYOUT:
	case VMATLAS_MM_COUNTS:
	case VMATLAS_RANGE:
	case VMATLAS_PAGES:
	case VMATLAS_SWEEP:
	case VMATLAS_EXEC:
	case VMATLAS_TASK:
		return true;
	}
	return false;
}

void va_model_apply_skipping(struct va_model *m, const struct va_skip *skip, const struct vmatlas_record *rec)
{
	unsigned type = rec->head.type;
	bool fork = type == VMATLAS_FORK;

	if (!fork && (type == VMATLAS_TEXT || type == VMATLAS_LOSS ||
		      !(makes_map(type) ? make_skipped(m, skip, rec->head.mm) : skipped(skip, va_model_map_index(m, rec->head.mm))))) {
		va_model_apply(m, rec);
		return;
	}
	note_moment(m, rec);
	if (fork)
		skip_fork(m, skip, rec);
	else
		skip_record(m, skip, rec);
	m->counts.by_type[type]++;
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
	__u32 i = va_numbers_get(&m->mm_index, id);

	return i == VA_IDMAP_NONE || mm_at(m, i)->forgotten ? NULL : mm_at(m, i);
}

const struct va_mm *va_model_mm_of(const struct va_model *m, __u32 tgid)
{
	const struct va_task *task = va_tasks_find(&m->tasks, tgid);

	return task ? va_model_mm(m, task->last_mm) : NULL;
}
