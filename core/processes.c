#include "processes.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "idmap.h"

#define MANY 12 /* processes: from here on those that have ended are folded */
#define DEPTH_MOST 64

void va_processes_free(struct va_processes *ps)
{
	free(ps->process);
	memset(ps, 0, sizeof(*ps));
}

static void take_memory(struct va_process *p, const struct va_model *model, const struct va_task *task)
{
	const struct va_mm *mm = va_model_mm(model, task->last_mm);
	const struct vmatlas_mm_counts *c = mm ? va_mm_counts(mm) : NULL;

	if (!c)
		return;
	p->rss = task->end ? 0 : c->rss_file + c->rss_anon + c->rss_shmem;
	p->peak = va_mm_peak_rss(mm);
}

static size_t add(struct va_processes *ps, struct va_idmap *newest, const struct va_model *model, const struct va_task *task)
{
	struct va_process *p;
	__u32 parent = va_idmap_get(newest, task->ppid);

	ps->process = va_grow(ps->process, &ps->room, ps->count + 1, sizeof(*ps->process));
	p = &ps->process[ps->count];
	*p = (struct va_process){.tgid = task->tgid, .ppid = task->ppid, .parent = parent == VA_IDMAP_NONE || !task->ppid ? VA_NO_PROCESS : parent,
				 .begin = task->begin, .end = task->end, .exit_code = task->exit_code};
	memcpy(p->comm, task->comm, sizeof(p->comm));
	if (p->parent != VA_NO_PROCESS)
		p->depth = ps->process[p->parent].depth + (ps->process[p->parent].depth < DEPTH_MOST);
	take_memory(p, model, task);
	ps->running += !p->end;
	va_idmap_set(newest, task->tgid, (__u32)ps->count);
	return ps->count++;
}

/* Threads come after their process, and before another one that has its number. */
static void take_task(struct va_processes *ps, struct va_idmap *newest, const struct va_model *model, const struct va_task *task)
{
	__u32 at = va_idmap_get(newest, task->tgid);
	struct va_process *p;

	if (task->tid == task->tgid)
		at = (__u32)add(ps, newest, model, task);
	if (at == VA_IDMAP_NONE)
		return;
	p = &ps->process[at];
	p->threads += !task->end;
	p->faults += task->faults;
	p->major += task->major;
	p->calls += task->ops;
}

bool va_processes_update(struct va_processes *ps, const struct va_model *model, size_t pos)
{
	struct va_idmap newest = {0};

	if (ps->filled && ps->pos == pos)
		return false;
	ps->filled = true;
	ps->pos = pos;
	ps->count = ps->running = 0;
	for (size_t i = 0; i < va_model_task_count(model); i++)
		take_task(ps, &newest, model, va_model_task(model, i));
	va_idmap_free(&newest);
	for (size_t i = ps->count; i-- > 0;) { /* children come after their parents */
		struct va_process *p = &ps->process[i];

		p->alive_below |= !p->end;
		if (p->alive_below && p->parent != VA_NO_PROCESS)
			ps->process[p->parent].alive_below = true;
	}
	return true;
}

bool va_processes_folds(const struct va_processes *ps, enum va_process_fold fold)
{
	return fold == VA_FOLD_YES || (fold == VA_FOLD_AUTO && ps->count > MANY && ps->running);
}

size_t va_processes_find(const struct va_processes *ps, __u32 tgid)
{
	for (size_t i = ps->count; i-- > 0;)
		if (ps->process[i].tgid == tgid)
			return i;
	return VA_NO_PROCESS;
}

size_t va_processes_newest(const struct va_processes *ps)
{
	return ps->count ? ps->count - 1 : VA_NO_PROCESS;
}

/* --- lists ---------------------------------------------------------------------------------------------------------------- */

void va_process_list_free(struct va_process_list *list)
{
	free(list->index);
	memset(list, 0, sizeof(*list));
}

static bool descends(const struct va_processes *ps, size_t i, size_t from)
{
	for (; i != VA_NO_PROCESS; i = ps->process[i].parent)
		if (i == from)
			return true;
	return false;
}

static bool passes(const struct va_processes *ps, size_t i, size_t shown, enum va_process_filter filter)
{
	switch (filter) {
	case VA_FILTER_RUNNING:
		return !ps->process[i].end;
	case VA_FILTER_FAMILY:
		return shown == VA_NO_PROCESS || descends(ps, i, shown) || descends(ps, shown, i);
	case VA_FILTER_NAME:
		return shown == VA_NO_PROCESS || !strcmp(ps->process[i].comm, ps->process[shown].comm);
	default:
		return true;
	}
}

static int by_faults(const void *a, const void *b, void *processes)
{
	const struct va_process *sorted = processes;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	__u64 p = sorted[x].faults + sorted[x].calls, q = sorted[y].faults + sorted[y].calls;

	return p != q ? p < q ? 1 : -1 : x < y ? -1 : x > y;
}

static int by_birth(const void *a, const void *b, void *unused)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return x < y ? 1 : -(x > y);
}

/* Each behind its parent: children in the order they came. Linear: lists of children by index. */
static void by_tree(struct va_process_list *list, const struct va_processes *ps)
{
	size_t *first = va_realloc(NULL, ps->count * 3 + 1, sizeof(*first)), *next = first + ps->count, *last = next + ps->count;
	size_t *in = va_realloc(NULL, list->count + 1, sizeof(*in)), n = 0, root = VA_NO_PROCESS, root_last = VA_NO_PROCESS;

	for (size_t i = 0; i < ps->count; i++)
		first[i] = last[i] = next[i] = VA_NO_PROCESS;
	memset(in, 0, (list->count + 1) * sizeof(*in));
	for (size_t i = 0; i < ps->count; i++) {
		size_t parent = ps->process[i].parent, *head = parent == VA_NO_PROCESS ? &root : &first[parent];
		size_t *tail = parent == VA_NO_PROCESS ? &root_last : &last[parent];

		if (*head == VA_NO_PROCESS)
			*head = i;
		else
			next[*tail] = i;
		*tail = i;
	}
	bool *listed = va_alloc(ps->count + 1);

	for (size_t i = 0; i < list->count; i++)
		listed[list->index[i]] = true;
	for (size_t at = root; at != VA_NO_PROCESS;) {
		if (listed[at])
			in[n++] = at;
		if (first[at] != VA_NO_PROCESS) {
			at = first[at];
			continue;
		}
		while (at != VA_NO_PROCESS && next[at] == VA_NO_PROCESS)
			at = ps->process[at].parent;
		at = at == VA_NO_PROCESS ? at : next[at];
	}
	memcpy(list->index, in, n * sizeof(*in));
	free(listed);
	free(in);
	free(first);
}

void va_process_list_fill(struct va_process_list *list, const struct va_processes *ps, const struct va_process_query *q)
{
	size_t shown = va_processes_find(ps, q->tgid);
	bool fold = va_processes_folds(ps, q->fold);

	list->count = list->folded = 0;
	list->folded_faults = 0;
	list->can_fold = false;
	list->index = va_grow(list->index, &list->room, ps->count + 1, sizeof(*list->index));
	for (size_t i = 0; i < ps->count; i++) {
		const struct va_process *p = &ps->process[i];
		bool gone = p->end && i != shown && !(q->sort == VA_SORT_TREE && p->alive_below);

		if (!passes(ps, i, shown, q->filter) && i != shown)
			continue;
		list->can_fold |= gone;
		if (fold && gone) {
			list->folded++;
			list->folded_faults += p->faults;
		} else {
			list->index[list->count++] = i;
		}
	}
	if (q->sort == VA_SORT_TREE)
		by_tree(list, ps);
	else
		qsort_r(list->index, list->count, sizeof(*list->index), q->sort == VA_SORT_NEWEST ? by_birth : by_faults, ps->process);
}
