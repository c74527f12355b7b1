/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reports what already is: the whole map and the pages present. Used at attach, fork, exec, for the control file `snapshot`, and to
 * heal maps whose truth records were lost. Goes in pieces as far as the buffer has room and remembers where it stopped
 * (va_map.cursor, va_map.pages); nothing is written into a buffer that is full, so a snapshot never causes a loss.
 */
#ifndef VA_SNAPSHOT_H
#define VA_SNAPSHOT_H

#include "watch.h"

/* The whole map and the pages due, or as much as there is room for. The caller holds the mmap lock. Any task context. */
void va_snapshot_held(struct va_map *map, struct mm_struct *mm, u16 flags);
/* The same in atomic context, where the lock may be taken: then it stays due. */
void va_snapshot_try(struct va_map *map, struct mm_struct *mm, u16 flags);
/* Whole map, now, from the holder of the write lock, as the answer to a change. */
void va_snapshot_whole(struct va_map *map, struct mm_struct *mm, int nr);

/* Process context: story and all that is due. 0, or -EAGAIN: buffers are full, drain and call again. */
int va_snapshot_heal(void);
/* Makes map and pages due anew. */
void va_snapshot_again(struct va_map *map);

#endif
