/*
 * The model: what the kernel has said up to one moment. Changes only through va_model_apply(): no clock, no I/O, no SDL.
 *
 * Ownership: maps (struct va_mm) are shared between models by reference count and copied when written, so va_model_clone() costs
 * the number of maps, not of pages. Pointers handed out are valid until the next apply on the same model.
 * Units: addresses and sizes in bytes unless said; times in ns of the recording's clock.
 */
#ifndef VA_MODEL_H
#define VA_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "vmatlas/stream.h"
#include "text.h"

struct va_vma {
	__u64 start, end;
	__u64 vm_flags; /* as in vmatlas_vma */
	__u64 pgoff;
	__u64 inode;
	__u64 name_text;
	__u64 file_size;
	__u32 dev_major, dev_minor;
	__u8 name_kind; /* enum vmatlas_name_kind */
	bool anon;      /* vma_is_anonymous() */
	bool stale;     /* a loss hit this map since: may differ until the kernel's truth heals it */
	bool written;   /* private file mapping: a page of it was written to, so some are anonymous copies, and fork copies its table */
	bool perhaps_written; /* the same, not surely: a write to it failed or was given up on the way, or it came by mremap */
	__u64 born;     /* ts of the RANGE in which an address of it first appeared */
	__u64 changed;  /* ts of the RANGE that last changed bounds, flags or name */
};

enum va_certainty {
	VA_PAGE_UNKNOWN = 0,  /* never seen, or a loss or a doubt came in between: entry and present are what was known before it */
	VA_PAGE_SEEN = 1,     /* the entry was read by the kernel module at `ts` */
	VA_PAGE_DERIVED = 2,  /* follows from an event (fork copied it, fault-around mapped it): frame may be unknown */
	VA_PAGE_ABSENT = 3,   /* known to be not there (unmapped, MADV_DONTNEED, fresh map) */
};

struct va_page {
	__u64 entry; /* page-table entry as last known; 0 where only presence is known */
	__u64 ts;    /* when it was known */
	__u8 certainty;
	__u8 level;  /* 4 = PTE, 3 = PMD leaf, 2 = PUD leaf */
	bool present;
};

struct va_mm; /* see the va_mm_* functions */

enum va_task_state { VA_TASK_RUNNING = 0, VA_TASK_EXITED = 1 };

struct va_task { /* a thread; tid == tgid is the process */
	__u32 tid, tgid, ppid; /* ppid: tgid of the parent, 0 = unknown */
	__u32 mm;              /* 0 = none any more */
	__u32 last_mm;         /* the last one it had, also after its end */
	char comm[VMATLAS_COMM_LEN + 1];
	__u64 begin, end;      /* ts; end 0 = running */
	__u32 exit_code;       /* as in wait(2), valid with end */
	bool target;           /* chosen by the user, not a descendant */
	__u64 exe_text;
	__u64 faults, major, ops; /* seen by this thread */
	struct vmatlas_fault last_fault; /* the last one, valid where last_fault_ts != 0 */
	__u64 last_fault_ts;
};

struct va_model_counts {
	__u64 records, by_type[VMATLAS_TYPE_LIMIT];
	__u64 lost, invalid, healed; /* healed: maps made sure again by the kernel's truth */
	__u64 stray;                 /* VMA records without their RANGE: it was lost, or the stream is hostile */
	__u64 minor, major, bad; /* faults */
};

struct va_model;

/*
 * texts is borrowed and must outlive the model; NULL = none. TEXT records go into it: a text never changes, so models of several moments share it.
 * header gives levels and naming rules (copied).
 */
struct va_model *va_model_new(const struct vmatlas_stream_header *header, struct va_texts *texts);
struct va_model *va_model_clone(const struct va_model *model);
void va_model_free(struct va_model *model);

size_t va_model_ended(const struct va_model *model); /* how many maps have ended so far */

#define VA_ENDED_WITH_PAGES 64

/*
 * For who goes far: between here and there most maps come, live and end. Of such a map nothing but its last state is left there, and a later model (`last`) has that: its records are counted, and tasks
 * learn of them, but pages and VMAs are not gone through. A checkpoint may begin with such last states.
 */
enum va_skip_state { VA_SKIP_NOT, VA_SKIP, VA_SKIP_ENDED };

struct va_skip {
	const struct va_model *last;
	__u8 *map;    /* enum va_skip_state by index, in order of appearance */
	size_t count; /* of those */
};

#define VA_NO_MAP (~(size_t)0)
size_t va_model_map_count(const struct va_model *model);
size_t va_model_map_index(const struct va_model *model, __u32 id); /* its place in the order of appearance; VA_NO_MAP = unknown */
bool va_model_may_skip(const struct va_model *last, size_t i);     /* the map rests: no page of it is kept */
/* The model takes the last state of a map to be skipped that it has already. */
void va_model_skip_known(struct va_model *model, const struct va_skip *skip, size_t i);
/* As va_model_apply(), for records that are neither invalid nor heal anything. */
void va_model_apply_skipping(struct va_model *model, const struct va_skip *skip, const struct vmatlas_record *rec);

/*
 * Where the history is limited: of 64 maps that rest (block: by 64s in the order of appearance) nothing is known any more, in all models of the history alike and in the same order. Records about
 * them are counted, and change nothing.
 */
#define VA_FORGET_MAPS 64
bool va_model_may_forget(const struct va_model *latest, size_t block);
void va_model_forget(struct va_model *model, size_t block);
size_t va_model_forgotten(const struct va_model *model); /* how many blocks */

/* Of 64 tasks those that have ended and are the same in both stand in memory once. */
void va_model_share_tasks(struct va_model *model, const struct va_model *with, size_t block);

/* The only way in. cpu only tells where a LOSS was. Records out of range are counted invalid and change nothing. */
void va_model_apply(struct va_model *model, const struct vmatlas_record *rec);
void va_model_apply_valid(struct va_model *model, const struct vmatlas_record *rec); /* the same of what the merge gave out: it has asked va_record_valid() */

__u64 va_model_now(const struct va_model *model); /* ts of the last record applied */
const struct vmatlas_stream_header *va_model_header(const struct va_model *model);
struct va_texts *va_model_texts(const struct va_model *model);
const struct va_model_counts *va_model_counts(const struct va_model *model);

/* Processes and threads, in order of appearance; also those that have ended. */
size_t va_model_task_count(const struct va_model *model);
const struct va_task *va_model_task(const struct va_model *model, size_t i);
const struct va_task *va_model_find_task(const struct va_model *model, __u32 tid); /* newest with that tid, or NULL */
__u32 va_model_target(const struct va_model *model); /* tgid of the launched or attached process, 0 = not yet seen */

const struct va_mm *va_model_mm(const struct va_model *model, __u32 id);       /* NULL = unknown, or forgotten */
const struct va_mm *va_model_mm_of(const struct va_model *model, __u32 tgid);  /* the last map it had */

__u32 va_mm_id(const struct va_mm *mm);
/* Ended maps stay as they were last; the pages of the newest 64 of them (and of the target's) too, older ones are dropped. */
bool va_mm_ended(const struct va_mm *mm);
bool va_mm_complete(const struct va_mm *mm); /* a whole-map snapshot has arrived */
bool va_mm_blind(const struct va_mm *mm);          /* pages come and go unseen: nothing of them is certain */
bool va_mm_stale(const struct va_mm *mm);
const struct vmatlas_mm_layout *va_mm_layout(const struct va_mm *mm); /* brk as of the last RANGE; NULL = not seen */
bool va_mm_brk(const struct va_mm *mm, __u64 *start_brk, __u64 *brk); /* as of the last RANGE or MM_LAYOUT; false: not known */
const struct vmatlas_mm_counts *va_mm_counts(const struct va_mm *mm); /* as last told by MM_COUNTS or RANGE */
__u64 va_mm_peak_rss(const struct va_mm *mm); /* pages: the most that was ever told; the kernel's own (VmHWM) may lie above, between two tellings */
bool va_mm_has_vsyscall(const struct va_mm *mm);

size_t va_mm_vma_count(const struct va_mm *mm);
const struct va_vma *va_mm_vma(const struct va_mm *mm, size_t i); /* sorted by address */
const struct va_vma *va_mm_vma_at(const struct va_mm *mm, __u64 addr); /* the one that holds addr, or NULL */
size_t va_mm_vma_lower(const struct va_mm *mm, __u64 addr); /* index of the first with end > addr */

/* Pages as last known. */
struct va_page va_mm_page(const struct va_mm *mm, __u64 addr);
/* Of one of its pages: written to; written to or writable. Which bits say so depends on the recorded kernel: va_dirty_bits(). */
bool va_mm_page_dirty(const struct va_mm *mm, const struct va_page *page);
bool va_mm_page_written(const struct va_mm *mm, const struct va_page *page);
__u64 va_mm_resident(const struct va_mm *mm, __u64 start, __u64 end); /* pages of 4 KiB last known present in [start, end) */
/* Calls fn for each known-present page or leaf in [start, end), ascending; stops where fn returns false. */
void va_mm_each_page(const struct va_mm *mm, __u64 start, __u64 end,
		     bool (*fn)(void *ctx, __u64 addr, const struct va_page *page), void *ctx);

/* Entry of a table above the leaves as last seen in any walk: level 0 = PGD … 3 = PMD; 1 only with five levels. 0 = never seen. */
__u64 va_mm_table_entry(const struct va_mm *mm, unsigned level, __u64 addr, __u64 *ts);

#endif
