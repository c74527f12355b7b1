/* The command that is recorded: started so that nothing of it is missed, and waited for. */
#ifndef VA_COMMAND_H
#define VA_COMMAND_H

#include <sys/types.h>

#include "common/job.h"
#include "freeze.h"

struct va_child {
	pid_t pid;    /* 0 = none */
};

/* Makes the caller the last to be killed for want of memory; commands started afterwards are as before. */
void va_child_outlive(void);

/* Gives the caller precedence (nice -10), and not the commands started afterwards with a tree: who stops them all must get a turn. */
void va_child_precede(void);

/*
 * Forks; the child becomes the user, writes "exec" to the module's target file and runs the job. tree: what it joins first, or NULL. 0 or -errno (a sentence has been printed).
 */
int va_child_start(struct va_child *child, const struct va_job *job, const struct va_freeze *tree);

/* Becomes the job, watched by nobody. Does not return. */
void va_child_bare(const struct va_job *job);

/* Exit code to pass on for a wait(2) status: its own, or 128 + signal. */
unsigned va_child_code(int status);

#endif
