/*
 * The tail of a recording in the making: blocks at its end are replaced by one that holds the same. Done so that whoever is killed in the middle of it, at any moment and at any byte, loses
 * nothing: each step leaves a file that reads the same (include/vmatlas/stream.h, SKIP and SPARE).
 *
 *   1  a copy goes behind the old blocks, as a SPARE, which counts only behind a SKIP           [old … old][SPARE]
 *   2  the head of the first becomes a SKIP over all of them: one write within one page         [SKIP …   ][SPARE]
 *   3  the new block's payload is written there; what is left over gets a SKIP of its own
 *   4  the head becomes the new block's: one write again                                        [BLOCK][SKIP     ]
 *   5  the file is cut off behind it                                                            [BLOCK]
 */
#ifndef VA_TAIL_H
#define VA_TAIL_H

#include <stdbool.h>

#include "vmatlas/stream.h"

bool va_tail_can(int fd);             /* a file that can be written anew at any place */
bool va_tail_may_begin(__u64 offset); /* the head of a chunk there lies within one page */

/*
 * [at, end) holds whole blocks, end is the file's end, `at` one where a tail may begin. Returns the new end: of the block that stands in their place, or the old one where nothing was done (it would
 * not be smaller, the disk is full), or something behind it: all that is there can be read, and what comes may be written there. 0: nothing more can be written. settle: what comes before a step must be on the disk before the next
 * one begins, so that a machine that dies loses no more than without all this.
 */
__u64 va_tail_replace(int fd, __u64 at, __u64 end, const struct vmatlas_chunk *block, const void *payload, bool settle);

#endif
