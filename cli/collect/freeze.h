/*
 * Makes a whole tree of processes stand still for a moment, and go on. By the cgroup freezer (cgroup v2) where a cgroup of our own can be made: no
 * parent and no tracer is told. Else by SIGSTOP, which parents that wait for stopped children can see.
 */
#ifndef VA_FREEZE_H
#define VA_FREEZE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct va_freeze;

struct va_freeze *va_freeze_new(void); /* says one sentence where it must be SIGSTOP */
void va_freeze_free(struct va_freeze *f); /* all go on; whoever is left goes back to our own cgroup */

/* The calling process, and all it will start, belongs to the tree. */
void va_freeze_join(const struct va_freeze *f);

struct va_freeze_help {
	size_t (*list)(void *ctx, pid_t **tgids); /* fills an array with the processes to stop (SIGSTOP only), returns their number */
	void (*meanwhile)(void *ctx);             /* called now and then while it takes time */
	void *ctx;
};

/* Returns when all stand still: 0; or -EAGAIN after `patience` ms: they run again. */
int va_freeze_stop(struct va_freeze *f, int patience, const struct va_freeze_help *help);
void va_freeze_go(struct va_freeze *f);

bool va_freeze_by_cgroup(const struct va_freeze *f);
/* Between stop and go: everybody who stood still stands there yet; nobody was killed meanwhile, or had been just before. */
bool va_freeze_still(struct va_freeze *f);
bool va_freeze_holds(const struct va_freeze *f, pid_t tgid); /* it is one of those that were stopped */

#endif
