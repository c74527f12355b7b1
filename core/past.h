/*
 * The history of one mapping: the one that holds an address at a moment. Who mapped it, what changed it since, how many faults of which kind it had. Built
 * from the records between its birth and the moment, in batches; goes on as time does, and back by its own checkpoints.
 *
 * A mapping that fork has copied has its parent's history up to the fork.
 */
#ifndef VA_PAST_H
#define VA_PAST_H

#include "history.h"
#include "walk.h"

#define VA_PAST_ITEMS 256     /* the first and the newest are kept */
#define VA_PAST_POINTS 32
#define VA_PAST_ANCESTORS 8

enum va_past_kind {
	VA_PAST_FOUND,     /* was there when it was first reported: at attach */
	VA_PAST_EXEC,      /* the kernel made it for a new program */
	VA_PAST_MAPPED,
	VA_PAST_INHERITED, /* by fork */
	VA_PAST_GREW, VA_PAST_SHRANK,
	VA_PAST_MERGED,    /* grew by neighbours that were there before */
	VA_PAST_SPLIT,     /* shrank, and nothing was unmapped */
	VA_PAST_PROTECTED, /* permissions changed; maybe split or merged with it */
	VA_PAST_FLAGGED,   /* other flags, the name or the file's size changed */
	VA_PAST_ASKED,     /* a call on its pages that left the mapping as it was: madvise, msync … */
	VA_PAST_KINDS
};

struct va_past_vma { /* start == end: no mapping */
	__u64 start, end, vm_flags, pgoff, inode, name_text;
};

#define VA_PAST_NO_CALL ((size_t)-1)

struct va_past_item {
	enum va_past_kind kind;
	size_t pos;  /* just after the record that shows it: RANGE with its VMAs, OP, FORK */
	size_t call; /* index of the OP that did it; VA_PAST_NO_CALL = none, or it has not returned yet */
	__u64 ts;
	__u32 tgid, tid;
	__s32 nr;    /* the system call, -1 = none */
	__u32 mm;    /* where it happened: an ancestor's, before a fork */
	struct va_past_vma before, after;
};

struct va_past_state { /* at a position: what a checkpoint keeps */
	size_t pos;            /* records before it have been taken */
	unsigned generation;   /* index into ancestors: whose records are read */
	size_t items, dropped;
	bool exec;             /* the map was made by exec */
	__u32 open_seq, open_left; /* a RANGE that holds the address waits for its VMAs */
	bool open;
	__u64 open_ts;
	__u32 open_tgid, open_tid;
	__s32 open_nr;
	bool open_snapshot;
	struct va_past_vma vma, next; /* as it stands; as the open RANGE tells it */
	__u64 faults[VA_FAULT_KINDS], major;
};

struct va_past {
	__u32 mm;
	__u64 addr, born;
	size_t to;             /* the moment it is to reach */
	size_t begin;
	bool cut;              /* it was there before what is kept of the history began: what happened to it before is not known any more */
	unsigned levels;
	bool valid;            /* a mapping is there, and asked about */
	bool done;             /* state.pos == to */
	struct {
		__u32 mm;
		size_t until;  /* position of the FORK that ended its part; 0 = the map itself */
	} line[VA_PAST_ANCESTORS]; /* oldest first */
	unsigned line_count;
	struct va_past_state state;
	struct va_past_item item[VA_PAST_ITEMS];
	struct va_past_state point[VA_PAST_POINTS];
	unsigned points, point_next;
};

/*
 * The mapping of model's map `mm` that holds addr, at position pos (where model stands). Takes at most `most` records; true where it has come
 * further or has begun anew. mm 0: nothing is asked.
 */
bool va_past_update(struct va_past *p, struct va_history *h, const struct va_model *model, __u32 mm, __u64 addr, size_t pos, size_t most);

#endif
