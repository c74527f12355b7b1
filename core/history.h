/*
 * Every record in order, and the model at any of them.
 *
 * Position p means "the first p records have been applied". Checkpoints (cheap clones of the model) make any position reachable in bounded
 * work. Records and checkpoints are added at the end only; nothing already there changes, but that with a limit the oldest records are given up: positions stay
 * what they are, and none before va_history_first() can be had any more.
 */
#ifndef VA_HISTORY_H
#define VA_HISTORY_H

#include "model.h"

struct va_history;

/* texts is borrowed. */
struct va_history *va_history_new(const struct vmatlas_stream_header *header, struct va_texts *texts);
void va_history_free(struct va_history *h);

void va_history_append(struct va_history *h, const struct vmatlas_record *rec, __u32 cpu);

/*
 * From now on records take so many bytes at most (0 = as many as there are), what others derive from them included as VA_HISTORY_DERIVED bytes a record. What goes beyond: the oldest are given up, a
 * sixteenth at a time, whenever one is appended. Checkpoints have a limit of their own.
 */
#define VA_HISTORY_DERIVED 24
void va_history_limit(struct va_history *h, size_t bytes);
size_t va_history_first(const struct va_history *h); /* the first position that is kept; so many records were given up */
__u64 va_history_kept_from(struct va_history *h);    /* ts of that position: va_history_begin() while nothing was given up */

size_t va_history_count(const struct va_history *h);
/* Record i < count; one that was given up has type 0 and nothing in it. Valid until the next call on h. */
const struct vmatlas_record *va_history_record(struct va_history *h, size_t i, __u32 *cpu);
__u64 va_history_time(struct va_history *h, size_t i);
__u64 va_history_begin(const struct va_history *h); /* ts: the header's start_mono */
__u64 va_history_end(const struct va_history *h);   /* ts of the last record */

size_t va_history_find_time(struct va_history *h, __u64 ts);          /* position before the first record later than ts */
size_t va_history_find_mark(struct va_history *h, const char *name);  /* position just after the first mark of that name; (size_t)-1 = none */
size_t va_history_mark_count(const struct va_history *h);
size_t va_history_mark(const struct va_history *h, size_t i, const char **name); /* position just after mark i; *name NULL = its text was lost */
/* The next / previous record of a type (enum vmatlas_type; 0 = any) from position p, for process tgid (0 = any); (size_t)-1 = none. */
size_t va_history_next(struct va_history *h, size_t p, unsigned type, __u32 tgid);
size_t va_history_prev(struct va_history *h, size_t p, unsigned type, __u32 tgid);

/* A model of its own at position p (the first that is kept, for those before it); the caller frees it. */
struct va_model *va_history_model_at(struct va_history *h, size_t p);
/* Moves a model that stands at position *p to position to, forward by applying, backward through a checkpoint. */
void va_history_move(struct va_history *h, struct va_model **model, size_t *p, size_t to);

/* The model at the end, kept up to date by append. */
const struct va_model *va_history_latest(const struct va_history *h);

#endif
