/* Where the picture turns by itself: to the process and the box where things happen, but not faster than an eye can turn. */
#include <sys/syscall.h>

#include "act.h"

#define CALM (250 * VA_MS)  /* of recorded time without an event: another process may take over */
#define LOOK_BACK 4000      /* records looked at when nothing is known */

static const struct va_task *task_of(struct va_app *app, __u32 tgid)
{
	return tgid ? va_model_find_task(app->play.model, tgid) : NULL;
}

static void switch_to(struct va_app *app, __u32 tgid)
{
	if (tgid == app->view.tgid)
		return;
	app->view.tgid = tgid;
	app->view.focus = app->view.selected = 0;
	va_act_unchoose(app);
	app->active_ts = app->play.time;
	app->dirty = true;
}

/* The newest event in [from, to) of a process that is known. */
static __u32 newest_actor(struct va_app *app, size_t from, size_t to, __u64 *ts)
{
	__u32 cpu;

	for (size_t i = to; i-- > from;) {
		const struct vmatlas_record *rec = va_history_record(app->play.history, i, &cpu);

		if (!va_is_story(rec) || rec->head.type == VMATLAS_LOSS || !rec->head.tgid)
			continue;
		const struct va_task *task = task_of(app, rec->head.tgid);

		if (!task || task->end)
			continue;
		*ts = rec->head.ts;
		return rec->head.tgid;
	}
	return 0;
}

static void note_activity(struct va_app *app, size_t from, size_t to)
{
	__u32 cpu;

	for (size_t i = to; i-- > from;) {
		const struct vmatlas_record *rec = va_history_record(app->play.history, i, &cpu);

		if (rec->head.tgid == app->view.tgid) {
			app->active_ts = rec->head.ts;
			return;
		}
	}
}

/* Each new process, but not faster than an eye can turn: of several the last. */
static void follow_newest(struct va_app *app, bool jumped, uint64_t now)
{
	size_t newest = va_processes_newest(&app->processes);
	__u32 tgid = newest == VA_NO_PROCESS ? 0 : app->processes.process[newest].tgid;

	if (!tgid || tgid == app->view.tgid || (!jumped && app->view.tgid && now - app->turned_since < VA_TIME_TURN))
		return;
	switch_to(app, tgid);
	app->turned_since = now;
}

static void follow_process(struct va_app *app, size_t from, size_t to, bool jumped)
{
	const struct va_task *task = task_of(app, app->view.tgid);
	__u64 ts = 0;
	__u32 actor;

	if (task && (app->view.pinned || (app->view.inspect.kind != VA_INSPECT_PROCESS && !task->end)))
		return;
	if (jumped || !task)
		from = to > LOOK_BACK ? to - LOOK_BACK : 0;
	else
		note_activity(app, from, to);
	actor = newest_actor(app, from, to, &ts);
	if (!actor)
		actor = task ? 0 : va_model_target(app->play.model);
	if (actor && (jumped || !task || task->end || ts > app->active_ts + CALM))
		switch_to(app, actor);
}

static __u64 op_address(const struct vmatlas_op *op)
{
	if (op->result < 0 && op->result > -4096)
		return 0;
	switch (op->nr) {
	case SYS_mmap:
	case SYS_mremap:
	case SYS_shmat:
		return (__u64)op->result;
	case SYS_brk:
		return op->result ? (__u64)op->result - 1 : 0;
	case SYS_munmap:
		return op->args[0] ? op->args[0] - 1 : 0;
	case SYS_mprotect:
	case SYS_madvise:
	case SYS_mlock:
		return op->args[0];
	}
	return 0;
}

static __u64 newest_place(struct va_app *app, size_t from, size_t to)
{
	__u32 cpu;

	for (size_t i = to; i-- > from;) {
		const struct vmatlas_record *rec = va_history_record(app->play.history, i, &cpu);
		__u64 addr = 0;

		if (rec->head.tgid != app->view.tgid)
			continue;
		if (rec->head.type == VMATLAS_FAULT)
			addr = rec->fault.addr;
		else if (rec->head.type == VMATLAS_OP)
			addr = op_address(&rec->op);
		if (addr)
			return addr;
	}
	return 0;
}

/* Not before the last move has ended; what happens meanwhile is looked at then. */
static void follow_place(struct va_app *app, bool jumped, uint64_t now)
{
	size_t from = app->place_seen, to = app->play.pos;
	__u64 addr;

	if (app->view.selected || !app->view.follow) {
		app->view.focus = app->view.selected ? app->view.selected : app->view.focus;
		app->place_seen = to;
		return;
	}
	if (!jumped && now - app->focus_since < VA_TIME_MOVE)
		return;
	if (jumped || !app->view.focus || to - from > LOOK_BACK)
		from = to > LOOK_BACK ? to - LOOK_BACK : 0;
	app->place_seen = to;
	addr = newest_place(app, from, to);
	if (addr && addr != app->view.focus) {
		app->view.focus = addr;
		app->focus_since = now;
	}
}

void va_app_follow(struct va_app *app, uint64_t now)
{
	size_t from = app->seen, to = app->play.pos;
	bool jumped = app->jumped || app->turned || to < from;

	if (app->view.tree.newest)
		follow_newest(app, jumped, now);
	else if (jumped || to != from || !app->view.tgid)
		follow_process(app, to - from > LOOK_BACK && to > LOOK_BACK ? to - LOOK_BACK : from, to, jumped);
	if (jumped || to != app->place_seen)
		follow_place(app, jumped, now);
	app->seen = to;
	app->turned = false;
}
