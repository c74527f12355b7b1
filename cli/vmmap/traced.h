/*
 * Runs a command with all its children and threads under ptrace(2), stopped only where they begin and end, to learn each process's own counts:
 * getrusage(2) tells the sum of all that have been waited for, no more.
 */
#ifndef VM_TRACED_H
#define VM_TRACED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <linux/types.h>

#include "sampled.h"

struct vm_traced { /* a process */
	pid_t pid, parent;
	char comm[32];      /* at its end */
	__u64 minor, major; /* of all its threads */
	__u64 hwm_kb;       /* the most it had in RAM: VmHWM */
	unsigned threads;   /* that it had in all */
	bool ended;
};

struct vm_run {
	struct vm_traced *process; /* owned; in order of appearance */
	size_t count, room;
	struct { pid_t tid, pid; } *thread; /* owned: running ones */
	size_t threads, thread_room;
	int status;                /* of the command, as wait(2) */
	bool each;                 /* process[] is there; false: ptrace is not allowed here, only the sum is */
	__u64 minor, major, max_rss_kb; /* of the command and all children that were waited for: getrusage(2) */
	double seconds;
	struct vm_sampled *sampled; /* owned: fault by fault; NULL: perf events are not to be had, sampled_error (errno) tells why */
	int sampled_error;
};

/* 0, or -errno: it could not be started (127 and a sentence are the command's own). */
int vm_run_traced(struct vm_run *run, char **argv);
void vm_run_free(struct vm_run *run);

#endif
