/*
 * The comparison: a model at a moment, and what the kernel said at that moment (proof.h). What the model holds for certain must be equal, field
 * for field; what it calls uncertain or stale is counted, not compared.
 */
#ifndef VA_PROVE_H
#define VA_PROVE_H

#include "entry.h"
#include "ledger.h"
#include "maps.h"
#include "model.h"
#include "proof.h"

enum va_difference {
	VA_DIFF_PROCESS,  /* the kernel has a process that the picture does not have, or has ended */
	VA_DIFF_LINE,     /* a line of /proc/PID/maps: missing, too many, or another text */
	VA_DIFF_PAGE,     /* an entry of /proc/PID/pagemap: presence, swap or frame */
	VA_DIFF_RSS,      /* resident pages of a VMA by /proc/PID/smaps */
	VA_DIFF_FAULTS,   /* number of faults: /proc/PID/stat, or at the end of the process */
	VA_DIFF_RECORDS,  /* written + lost is not what was numbered */
	VA_DIFFS
};

const char *va_difference_name(enum va_difference kind); /* "process", "line", … */

struct va_prove_counts {
	__u64 moments, refreshed, by_signal, frozen_us;
	__u64 processes;      /* at moments, summed */
	__u64 outside, ending, unreadable; /* processes not compared, and why */
	__u64 maps, stale_maps;/* compared; not compared: the model itself calls them stale */
	__u64 torn;           /* maps the kernel side told again before they were compared: it knew that their truth was lost or outdated */
	__u64 lines;          /* of maps, compared */
	__u64 pages;          /* compared */
	__u64 uncertain;      /* not: the model is not certain */
	__u64 uncertain_fresh;/* of these, just after a fresh report: there should be none */
	__u64 moved;          /* not: changed while it was read */
	__u64 untold;         /* not: device memory and the like (VM_PFNMAP), of which pagemap says nothing */
	__u64 rss;            /* VMAs whose resident pages were compared */
	__u64 faults;         /* fault counts compared: processes at moments, and at their end */
	__u64 faults_lost;    /* not compared: fault records were lost, or their count is not known */
	__u64 healed;         /* maps that were stale and are not any more */
	__u64 differences[VA_DIFFS];
};

#define VA_FINDING_RECORDS 8

struct va_finding { /* the first difference of a kind */
	bool there;
	enum va_difference kind;
	__u32 moment, tgid, mm;   /* moment 0: at the end of the process or of the recording */
	__u64 ts, addr, end;      /* [addr, end): what it is about; 0, 0 = nothing in the map */
	char comm[VMATLAS_COMM_LEN + 1];
	char *kernel, *picture;   /* owned: what each says */
	struct vmatlas_record touched[VA_FINDING_RECORDS]; /* the last records about it, oldest first; filled in by the checker */
	__u32 touched_cpu[VA_FINDING_RECORDS];
	unsigned touched_count;
};

struct va_about { /* what a difference is about */
	__u32 moment, tgid, mm;
	__u64 ts, addr, end;
	const char *comm;
};

struct va_part { /* one process at one moment, while it is compared */
	struct va_prove *p;
	const struct va_proof *proof;
	const struct va_proof_process *process;
	const struct va_mm *mm;
	__u32 rules;
	struct va_entry_rules entries;
	bool faults_lost;
	struct va_about about;
	char line[VA_MAPS_LINE_MAX];
};

struct va_prove {
	const struct va_texts *texts;
	const char *vsyscall;     /* the line of the gate page, or NULL */
	struct va_ledger *ledger;
	__u64 lost[VMATLAS_CHANNELS]; /* seen in the stream so far */
	__u64 *exits;             /* owned: ts of the ends of processes whose counts differ, ascending */
	size_t exit_count, exit_room;
	struct va_prove_counts counts;
	struct va_finding first[VA_DIFFS];
	void (*found)(void *ctx, struct va_finding *f); /* a first difference; NULL = nobody wants to know */
	void *ctx;
	struct va_part part;
};

void va_prove_free(struct va_prove *p);

void va_prove_moment(struct va_prove *p, const struct va_model *model, const struct va_proof *proof);
/* The last thread of a process has ended: its own counts against ours. Before the record is applied. */
void va_prove_exit(struct va_prove *p, const struct va_model *model, const struct vmatlas_record *rec);

/*
 * A gap is seen with the next record of its CPU only. Ends of processes that were found to differ behind its beginning are counted as not to be compared
 * after all.
 */
void va_prove_loss(struct va_prove *p, const struct vmatlas_record *rec);

/* Notes a difference; takes the texts. about may be NULL. */
void va_prove_differ(struct va_prove *p, enum va_difference kind, const struct va_about *about, char *kernel, char *picture);

/* printf into memory of its own. */
char *va_prove_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
