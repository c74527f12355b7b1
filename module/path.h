/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The name of a file, as /proc shows it to the running task, made where nothing may sleep.
 *
 * d_path() does, but it may wait for spin locks, and on PREEMPT_RT those sleep. There the names of the directories are collected under
 * RCU alone, up to the task's root or the root of the mount. Where a mount is mounted only d_path() can tell: a work item asks it
 * a moment later, holding the mount (not the file: a file that is closed late may be busy for those who run it or unmount it), and what
 * it said is remembered for 50 ms, or until something is renamed.
 *
 * The same for a task late in its exit on any kernel: it has no root any more from which d_path() could begin, and what its last files do when
 * they are closed may still change another process's map (userfaultfd). Kernel threads name files from the root of all.
 */
#ifndef VA_PATH_H
#define VA_PATH_H

#include <linux/types.h>

struct path;

int va_path_init(void);
void va_path_exit(void);

/*
 * The name, in buf (PATH_MAX bytes). NULL: none now. Then *late is the id of a text that will be written soon, or 0: there is none, or
 * (told as a doubt, see va_channel_doubt()) it could not be had at this moment. Task context, preemption off.
 */
const char *va_path_name(const struct path *path, char *buf, u64 *late);

/* Waits until all late texts have been written. May sleep. */
void va_path_flush(void);
unsigned int va_path_waiting(void); /* late texts not yet written */

#endif
