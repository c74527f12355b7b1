/* One map, as the model's own files see it. Changed only between va_mm_own() and the end of an apply. */
#ifndef VA_MM_H
#define VA_MM_H

#include "model.h"
#include "pages.h"
#include "spans.h"
#include "vmas.h"

#define VA_PENDING_FEW 8

/* A RANGE whose VMA records have not all come. */
struct va_pending {
	struct vmatlas_head head;
	struct vmatlas_range range; /* hi is VA_USER_TOP where it reaches the end of user space */
	struct va_vma *vma;         /* got of range.count; `few`, or owned */
	size_t got, room;
	struct va_vma few[VA_PENDING_FEW];
};


#define VA_DOUBTS 8
#define VA_HITS 16

/* A SWEEP that said something may have changed: a report begun before it does not make its range sure. */
struct va_doubt {
	__u64 ts, lo, hi;
};

struct va_mm {
	unsigned refs;
	__u32 id, levels;
	__u64 dirty_bits;          /* va_dirty_bits() of the recorded kernel */
	bool complete, ended, lossy, has_layout, has_counts, has_vsyscall;
	bool blind;                /* VMATLAS_F_BLIND: nothing is certain of pages */
	bool resting;              /* va_mm_rest(): it changes no more */
	bool forgotten;            /* va_model_forget(): all such are one, in which nothing is */
	bool swept;                /* SWEEPs come: what calls do to pages need not be guessed */
	struct vmatlas_mm_layout layout;
	struct vmatlas_mm_counts counts;
	__u64 peak_rss;            /* pages, the most that counts ever said */
	struct va_vmas *vmas;
	struct va_pages *pages;
	struct va_pages *moved;    /* what an mremap took away, until its OP says where to; NULL = nothing */
	struct va_spans unsure;    /* never reported, or hit by a loss since */
	struct va_spans surveyed;  /* every entry in there is known: what is not stored is absent */
	struct va_doubt *doubt;    /* the newest VA_DOUBTS, a ring; owned, NULL = none */
	unsigned doubts;
	struct va_pending *pending;
	__u64 faults_lost;         /* ts of the last loss that may have been about pages: those known before are not sure; 0 = none */
	__u64 range_ts;            /* the last RANGE applied … */
	__u32 range_tid;           /* … and who caused it */
	__u32 hit[VA_HITS];        /* which VMA a fault was in that said it began there: where to look first */
};

struct va_mm *va_mm_new(__u32 id, __u32 levels, __u64 dirty_bits);
struct va_mm *va_mm_ref(struct va_mm *mm);
void va_mm_unref(struct va_mm *mm);
struct va_mm *va_mm_copy(const struct va_mm *mm); /* refs 1 */

void va_pending_free(struct va_pending *pending);
void va_mm_begin_range(struct va_mm *mm, const struct vmatlas_record *rec);
/* False: not the VMA its RANGE waits for. *stray says that no RANGE waits at all. */
bool va_mm_add_vma(struct va_mm *mm, const struct vmatlas_record *rec, bool *stray);
/* Applies the pending RANGE when it has all; true: the map has become sure again by it. */
bool va_mm_end_range(struct va_mm *mm);
void va_mm_note_peak(struct va_mm *mm); /* counts have changed */

/* Where VMAs were lost, pages known before `ts` may be another mapping's. */
void va_mm_lose_truth(struct va_mm *mm, __u64 lo, __u64 hi, __u64 ts);
void va_mm_lose_pages(struct va_mm *mm, __u64 ts);
void va_mm_end(struct va_mm *mm);  /* nothing changes its VMAs and pages any more: they are packed */
void va_mm_rest(struct va_mm *mm); /* others have ended since: its pages go */
bool va_mm_surveyed(const struct va_mm *mm, __u64 addr); /* if nothing is stored for addr, nothing is there */

void va_mm_apply_layout(struct va_mm *mm, const struct vmatlas_record *rec);
void va_mm_apply_fault(struct va_mm *mm, const struct vmatlas_record *rec);
void va_mm_apply_pages(struct va_mm *mm, const struct vmatlas_record *rec);
void va_mm_apply_sweep(struct va_mm *mm, const struct vmatlas_record *rec);
void va_mm_apply_op(struct va_mm *mm, const struct vmatlas_record *rec);
void va_mm_fork(struct va_mm *parent, struct va_mm *child, const struct vmatlas_record *rec);

/* For checkpoints. The first map from place i on that no other model has, VA_NO_MAP = none; and the map at place i, for writing. */
size_t va_model_next_sole(const struct va_model *model, size_t i);
struct va_mm *va_model_own_map(struct va_model *model, size_t i);

#endif
