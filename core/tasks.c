#include "tasks.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "limits.h"

struct va_task_ref {
	unsigned refs;
	struct va_task task;
};

static void ref(void *thing)
{
	struct va_task_ref *r = thing;

	__atomic_add_fetch(&r->refs, 1, __ATOMIC_RELAXED);
}

static void unref(void *thing)
{
	struct va_task_ref *r = thing;

	if (!__atomic_sub_fetch(&r->refs, 1, __ATOMIC_ACQ_REL))
		free(r);
}

void va_tasks_free(struct va_tasks *t)
{
	va_shelf_free(&t->shelf);
	free(t->running);
	va_numbers_free(&t->newest);
}

void va_tasks_copy(struct va_tasks *to, const struct va_tasks *from)
{
	*to = *from;
	va_shelf_copy(&to->shelf, &from->shelf);
	va_numbers_copy(&to->newest, &from->newest);
	to->running_room = 0;
	to->running = va_grow(NULL, &to->running_room, from->running_count, sizeof(*to->running));
	if (from->running_count)
		memcpy(to->running, from->running, from->running_count * sizeof(*to->running));
}

static bool same(const struct va_task_ref *a, const struct va_task_ref *b)
{
	return a->task.end && !memcmp(&a->task, &b->task, sizeof(a->task));
}

void va_tasks_share(struct va_tasks *t, const struct va_tasks *with, size_t block)
{
	size_t first = block * VA_SHELF_BLOCK, shared = 0;

	if (first + VA_SHELF_BLOCK > t->shelf.count || first + VA_SHELF_BLOCK > with->shelf.count || t->shelf.block[block] == with->shelf.block[block])
		return;
	for (size_t i = first; i < first + VA_SHELF_BLOCK; i++) {
		struct va_task_ref *mine = va_shelf_at(&t->shelf, i), *other = va_shelf_at(&with->shelf, i);

		if (mine != other && same(mine, other)) {
			ref(other);
			*va_shelf_own(&t->shelf, i) = other;
			unref(mine);
		}
		shared += va_shelf_at(&t->shelf, i) == other;
	}
	if (shared == VA_SHELF_BLOCK)
		va_shelf_put_block(&t->shelf, block, with->shelf.block[block]);
}

const struct va_task *va_tasks_at(const struct va_tasks *t, size_t i)
{
	return &((const struct va_task_ref *)va_shelf_at(&t->shelf, i))->task;
}

const struct va_task *va_tasks_find(const struct va_tasks *t, __u32 tid)
{
	__u32 i = va_numbers_get(&t->newest, tid);

	return i == VA_IDMAP_NONE ? NULL : va_tasks_at(t, i);
}

static __attribute__((noinline)) struct va_task_ref *copy_ref(struct va_task_ref *r)
{
	struct va_task_ref *copy = va_alloc_raw(sizeof(*copy));

	copy->refs = 1;
	copy->task = r->task;
	unref(r);
	return copy;
}

static inline struct va_task *edit_at(struct va_tasks *t, size_t i)
{
	struct va_task_ref **slot = (struct va_task_ref **)va_shelf_own(&t->shelf, i);

	if (__builtin_expect(__atomic_load_n(&(*slot)->refs, __ATOMIC_ACQUIRE) != 1, 0))
		*slot = copy_ref(*slot);
	return &(*slot)->task;
}

struct va_task *va_tasks_edit(struct va_tasks *t, __u32 tid)
{
	if (!tid || tid != t->last) {
		__u32 i = va_numbers_get(&t->newest, tid);

		if (i == VA_IDMAP_NONE)
			return NULL;
		t->last = tid;
		t->last_at = i;
	}
	return edit_at(t, t->last_at);
}

static void end_task(struct va_task *task, __u64 ts)
{
	task->end = ts ? ts : 1;
	task->mm = 0;
}

/* Leaves out those that have ended. */
static void look_through(struct va_tasks *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->running_count; i++)
		if (!va_tasks_at(t, t->running[i])->end)
			t->running[kept++] = t->running[i];
	t->running_count = kept;
}

static void note_running(struct va_tasks *t, size_t at)
{
	if (t->running_count == t->running_room)
		look_through(t);
	t->running = va_grow(t->running, &t->running_room, t->running_count + 1, sizeof(*t->running));
	t->running[t->running_count++] = (__u32)at;
}

struct va_task *va_tasks_add(struct va_tasks *t, __u32 tid, __u32 tgid, __u64 ts)
{
	const struct va_task *was = va_tasks_find(t, tid);

	if (t->shelf.count >= VA_LIMIT_TASKS)
		return NULL;
	if (was && !was->end)
		end_task(va_tasks_edit(t, tid), ts);
	struct va_task_ref *r = va_alloc(sizeof(*r));

	r->refs = 1;
	r->task.tid = tid;
	r->task.tgid = tgid;
	r->task.begin = ts;
	t->shelf.hold = ref;
	t->shelf.drop = unref;
	note_running(t, t->shelf.count);
	va_numbers_set(&t->newest, tid, (__u32)t->shelf.count);
	va_shelf_add(&t->shelf, r);
	t->last = 0;
	return &r->task;
}

static void set_comm(struct va_task *task, const char comm[VMATLAS_COMM_LEN])
{
	memcpy(task->comm, comm, VMATLAS_COMM_LEN);
	task->comm[VMATLAS_COMM_LEN] = 0;
}

static void set_mm(struct va_task *task, __u32 mm)
{
	task->mm = mm;
	if (mm)
		task->last_mm = mm;
}

bool va_tasks_apply_fork(struct va_tasks *t, const struct vmatlas_record *rec)
{
	const struct vmatlas_fork *f = &rec->fork;
	const struct va_task *parent = va_tasks_find(t, rec->head.tgid);
	bool thread = f->child_tid != f->child_tgid;
	__u32 ppid = thread ? (parent ? parent->ppid : 0) : rec->head.tgid;
	__u64 exe = parent ? parent->exe_text : 0;
	bool target = thread && parent && parent->target;
	struct va_task *child = va_tasks_add(t, f->child_tid, f->child_tgid, rec->head.ts);

	if (!child)
		return false;
	child->ppid = ppid;
	child->exe_text = exe;
	child->target = target;
	set_mm(child, f->child_mm);
	set_comm(child, f->comm);
	return true;
}

/* The task itself, running; made when it is new to us. */
static struct va_task *running(struct va_tasks *t, const struct vmatlas_head *head)
{
	const struct va_task *known = va_tasks_find(t, head->tid);

	if (known && !known->end)
		return va_tasks_edit(t, head->tid);
	return va_tasks_add(t, head->tid, head->tgid, head->ts);
}

static void note_target(struct va_tasks *t, struct va_task *task, const struct vmatlas_head *head)
{
	if (!(head->flags & VMATLAS_F_TARGET))
		return;
	task->target = true;
	if (!t->target)
		t->target = head->tgid;
}

bool va_tasks_apply_exec(struct va_tasks *t, const struct vmatlas_record *rec)
{
	struct va_task *task = running(t, &rec->head);

	if (!task)
		return false;
	set_mm(task, rec->head.mm);
	set_comm(task, rec->exec.comm);
	task->exe_text = rec->exec.path_text;
	note_target(t, task, &rec->head);
	return true;
}

bool va_tasks_apply_task(struct va_tasks *t, const struct vmatlas_record *rec)
{
	struct va_task *task = running(t, &rec->head);

	if (!task)
		return false;
	set_mm(task, rec->head.mm);
	set_comm(task, rec->task.comm);
	task->tgid = rec->head.tgid;
	if (rec->task.ppid)
		task->ppid = rec->task.ppid;
	if (rec->task.exe_text)
		task->exe_text = rec->task.exe_text;
	if (rec->task.start_ns && (rec->head.flags & VMATLAS_F_SNAPSHOT))
		task->begin = rec->task.start_ns;
	note_target(t, task, &rec->head);
	return true;
}

void va_tasks_apply_exit(struct va_tasks *t, const struct vmatlas_record *rec)
{
	struct va_task *task = va_tasks_edit(t, rec->head.tid);

	if (task && !task->end) {
		end_task(task, rec->head.ts);
		task->exit_code = rec->head.aux;
	}
	if (!(rec->head.flags & VMATLAS_F_GROUP))
		return;
	/* The last thread: what still seems to run lost its EXIT. A process's exit code is its leader's. */
	for (size_t i = 0; i < t->running_count; i++) {
		const struct va_task *other = va_tasks_at(t, t->running[i]);

		if (other->tgid == rec->head.tgid && !other->end)
			end_task(edit_at(t, t->running[i]), rec->head.ts);
	}
	look_through(t);
}
