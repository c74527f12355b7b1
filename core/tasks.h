/*
 * Processes and threads of a model, in order of appearance. Each is shared between models by reference count and copied when written. Part
 * of the model; everybody else asks va_model_task() and its like.
 */
#ifndef VA_TASKS_H
#define VA_TASKS_H

#include "numbers.h"
#include "model.h"
#include "shelf.h"

struct va_tasks {
	struct va_shelf shelf;  /* of tasks and their counts */
	struct va_numbers newest; /* tid → index of the newest with it */
	__u32 target;           /* tgid, 0 = none said */
	__u32 *running;         /* indices: all that run, and some that have ended since this was last looked through */
	size_t running_count, running_room;
	__u32 last, last_at;    /* the tid edited last, and its index: most records are of the same again; 0 = none */
};

void va_tasks_free(struct va_tasks *tasks);
void va_tasks_share(struct va_tasks *tasks, const struct va_tasks *with, size_t block); /* va_model_share_tasks() */
void va_tasks_copy(struct va_tasks *to, const struct va_tasks *from);

const struct va_task *va_tasks_at(const struct va_tasks *tasks, size_t i);
const struct va_task *va_tasks_find(const struct va_tasks *tasks, __u32 tid); /* the newest, NULL = none */

/* For writing; NULL = none. */
struct va_task *va_tasks_edit(struct va_tasks *tasks, __u32 tid);
/* A new one that runs from ts; one with that tid that still ran is ended (its EXIT was lost). NULL: limit reached. */
struct va_task *va_tasks_add(struct va_tasks *tasks, __u32 tid, __u32 tgid, __u64 ts);

/* What records say. False: refused by a limit. */
bool va_tasks_apply_fork(struct va_tasks *tasks, const struct vmatlas_record *rec);
bool va_tasks_apply_exec(struct va_tasks *tasks, const struct vmatlas_record *rec);
bool va_tasks_apply_task(struct va_tasks *tasks, const struct vmatlas_record *rec);
void va_tasks_apply_exit(struct va_tasks *tasks, const struct vmatlas_record *rec);

#endif
