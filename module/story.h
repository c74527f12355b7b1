/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records that nothing repeats: MM_LAYOUT, MM_END, FORK, EXEC, EXIT, TASK. One that found no room is kept, with all that come
 * after it, and written in the same order when there is room again: "torn" in the control file `snapshot`.
 */
#ifndef VA_STORY_H
#define VA_STORY_H

#include <linux/types.h>

#include "vmatlas/wire.h"

int va_story_init(void);
void va_story_exit(void);
void va_story_reset(void); /* forgets what is kept; no writer may be active */

/* Writes the record or keeps it. Task context. */
void va_story_write(struct vmatlas_record *rec);

/* Writes what is kept. 0, or -EAGAIN when this CPU's buffer is full before the end. */
int va_story_resend(void);

bool va_story_waiting(void);
u64 va_story_dropped(void); /* records that found the keep full, too */

#endif
