/*
 * Who came from whom, and which call changed whose map: forks, execs and changes of maps, gathered once from each record. The whole recording is
 * remembered; questions are asked for a position (as in history.h), so they are right at any moment, forward and back.
 */
#ifndef VA_KIN_H
#define VA_KIN_H

#include "history.h"
#include "idmap.h"

struct va_kin_fork { /* of a process, not of a thread */
	size_t pos; /* just after the FORK */
	__u64 ts;
	__u32 parent, child;        /* tgid */
	__u32 parent_mm, child_mm;  /* equal: the child runs in its parent's map (vfork, CLONE_VM) */
	char comm[VMATLAS_COMM_LEN + 1]; /* of the child, as it began */
	__u32 same_child, same_parent;   /* the one before: index, VA_IDMAP_NONE = none */
};

struct va_kin_exec {
	size_t pos;
	__u64 ts;
	__u32 tgid, old_mm, mm;
	char comm[VMATLAS_COMM_LEN + 1]; /* the new name */
	__u32 same;
};

struct va_kin_change { /* a map is no longer as it was within [lo, hi) */
	size_t pos; /* of its RANGE: behind it */
	__u64 ts;
	__u32 mm, tid;
	__u64 lo, hi;
	__s32 nr;   /* the system call; -1: none (a fault, exec …) */
	__u32 seq, count; /* of its VMA records: head.aux; how many */
	__u32 same;
};

struct va_kin {
	struct va_kin_fork *forks;
	struct va_kin_exec *execs;
	struct va_kin_change *changes;
	size_t fork_count, fork_room, exec_count, exec_room, change_count, change_room;
	size_t changes_gone; /* so many before changes[0] were given up */
	struct va_idmap by_child, by_parent, by_exec, by_mm; /* the newest */
	size_t seen;
};

void va_kin_destroy(struct va_kin *k); /* all zero: an empty one */
/* Takes the records it has not seen, at most `most`; true where there was something new. */
bool va_kin_update(struct va_kin *k, struct va_history *h, size_t most);

/* The fork that made a process, as known at pos: the newest with that tgid. NULL: not seen. */
const struct va_kin_fork *va_kin_fork_of(const struct va_kin *k, __u32 child, size_t pos);
/* The newest fork by a process at pos, and the one before that. NULL = none (more). */
const struct va_kin_fork *va_kin_newest_child(const struct va_kin *k, __u32 parent, size_t pos);
const struct va_kin_fork *va_kin_older_child(const struct va_kin *k, const struct va_kin_fork *f);
/* The newest exec of a process in (since, pos]; NULL = none. */
const struct va_kin_exec *va_kin_exec_of(const struct va_kin *k, __u32 tgid, size_t since, size_t pos);
/*
 * The change since which addr is mapped (or is not), of those in (since, pos]. NULL: no change in there says so, or too many would have to be looked at.
 * h: the history k was filled from.
 */
const struct va_kin_change *va_kin_turned(const struct va_kin *k, struct va_history *h, __u32 mm, __u64 addr, bool mapped, size_t since, size_t pos);
/* The change of a map at that very moment; NULL = none. */
const struct va_kin_change *va_kin_change_at(const struct va_kin *k, __u32 mm, __u64 ts, size_t since);

#endif
