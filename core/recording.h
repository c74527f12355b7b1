/*
 * The joint of all stages: bytes in, history out. decode → merge → history, with texts, objects and facts gathered on the way.
 * Programs use it in two ways: open a file (all at once), or feed what arrives from a live source.
 */
#ifndef VA_RECORDING_H
#define VA_RECORDING_H

#include "history.h"
#include "merge.h"
#include "zone.h"

struct va_recording;

struct va_recording *va_recording_new(void);
void va_recording_free(struct va_recording *r);

/* 0 or a negative va_decode_error. */
int va_recording_feed(struct va_recording *r, const void *bytes, size_t n);
/* End of input: lets out what the merge holds. */
void va_recording_finish(struct va_recording *r);

/*
 * Reads a whole file ("-" = standard input). 0, or -1 after one sentence on stderr (what, and which file). A recording cut off in the middle is
 * used up to the last whole block, with one sentence on stderr.
 */
int va_recording_load(struct va_recording *r, const char *path);

/*
 * The same in pieces, for who has something else to do meanwhile: open, then step until it does not return 1. open: 0, or -1 after a sentence. step reads a piece of some ms of
 * work: 1 = there is more, 0 = this was all, -1 = it is no recording (after a sentence). stop: no more is wanted; what has come can be used. part: 0..1 of the file, 0 where
 * its size is not known.
 */
int va_recording_open(struct va_recording *r, const char *path);
int va_recording_step(struct va_recording *r);
void va_recording_stop(struct va_recording *r);
double va_recording_part(const struct va_recording *r);

/*
 * Before the first byte: records are handed to out in the order of time, and not kept; there is no history then. For who looks at each once: no record is
 * held longer than the merge needs it.
 */
void va_recording_divert(struct va_recording *r, void (*out)(void *ctx, const struct vmatlas_record *rec, __u32 cpu), void *ctx);

/* Before the first byte: the history's limit (va_history_limit()); 0 = none. */
void va_recording_limit(struct va_recording *r, size_t bytes);

/*
 * For who has only so much time at once: from now on records that have come out of the merge wait until they are let into the history, so many at a time. What a piece of bytes sets free may be much.
 */
void va_recording_hold(struct va_recording *r);
size_t va_recording_held(const struct va_recording *r); /* how many wait */
void va_recording_let(struct va_recording *r, size_t n); /* n of them at most */

bool va_recording_ready(const struct va_recording *r); /* header seen: the functions below may be used */
const struct vmatlas_stream_header *va_recording_header(const struct va_recording *r);
struct va_history *va_recording_history(struct va_recording *r); /* NULL: diverted */
struct va_texts *va_recording_texts(struct va_recording *r);
struct va_objects *va_recording_objects(struct va_recording *r);
const struct va_merge *va_recording_merge(const struct va_recording *r);
const char *va_recording_meta(const struct va_recording *r, const char *key); /* NULL = not said */
/* What the module had counted at the beginning, of earlier recordings; *n 0 = not said. */
const struct vmatlas_totals *va_recording_first_totals(const struct va_recording *r, size_t *n);
const struct vmatlas_totals *va_recording_totals(const struct va_recording *r, size_t *n); /* last TOTALS, or NULL */
const struct vmatlas_end *va_recording_end(const struct va_recording *r); /* NULL = cut off, or still running */
__u64 va_recording_malformed(const struct va_recording *r); /* chunks of unknown kinds, and OBJECTs and METAs without effect */

#endif
