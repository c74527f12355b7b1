/*
 * A process as /proc tells it (proc(5)): who it is, its regions, its counts. What may not be read is said to be hidden, never shown as 0.
 */
#ifndef VM_PROCESS_H
#define VM_PROCESS_H

#include <sys/types.h>

#include "regions.h"

/* X(field, name in /proc/PID/status): kilobytes */
#define VM_STATUS(X)                                                                                              \
	X(peak, "VmPeak") X(size, "VmSize") X(locked, "VmLck") X(pinned, "VmPin") X(hwm, "VmHWM") X(rss, "VmRSS")         \
	X(rss_anon, "RssAnon") X(rss_file, "RssFile") X(rss_shmem, "RssShmem") X(data, "VmData") X(stack, "VmStk")        \
	X(exe, "VmExe") X(lib, "VmLib") X(pte, "VmPTE") X(swap, "VmSwap")

struct vm_status {
	bool known;     /* a process without a map (a kernel thread, a zombie) has none of these */
#define X(field, name) __u64 field;
	VM_STATUS(X)
#undef X
};

struct vm_layout { /* of /proc/PID/stat: 0 where the caller may not trace the process */
	__u64 start_code, end_code, start_data, end_data, start_brk, start_stack, arg_start, arg_end, env_start, env_end;
};

struct vm_process {
	pid_t pid;              /* 0: a saved file */
	pid_t ns_pid;           /* in the innermost pid namespace it is in; 0 = not known */
	char comm[64];          /* as /proc/PID/comm: may hold any bytes */
	char name[260];         /* the same for people: control characters as octal escapes */
	char exe[4096];         /* "" = not known */
	char state;             /* as in stat; '?' = not known */
	bool kernel_thread;
	bool wide;              /* pages of more than 128 TiB may be used: five levels */
	__u64 minor, major;     /* faults so far */
	struct vm_status status;
	struct vm_layout layout;
	struct vm_regions regions;
	bool smaps_hidden;      /* maps could be read, smaps could not */
	const char *source;     /* file's name where pid is 0; borrowed */
	struct va_model *model; /* owned: the regions as the window would know them; see vm_classify() */
	struct va_texts *texts;
	struct va_objects *objects;
};

enum vm_want { VM_WANT_MAPS = 0, VM_WANT_SMAPS = 1 };

/*
 * 0; else -errno after one sentence on stderr: -ESRCH no such process (or it ended while it was read), -EACCES not to be seen by the caller,
 * -ENODATA it has no address space (kernel thread, zombie).
 */
int vm_process_read(struct vm_process *p, pid_t pid, enum vm_want want);
/* Name and regions only, without a word where it cannot be had: false. */
bool vm_process_peek(struct vm_process *p, pid_t pid);
/* A saved maps or smaps file; "-" = standard input. 0, or -errno after one sentence on stderr; -EINVAL: no region in it. */
int vm_process_read_file(struct vm_process *p, const char *path);
void vm_process_free(struct vm_process *p);

/* /proc/PID/stat and a line of /proc/PID/status, as text. stat: false where it makes no sense. */
bool vm_stat_text(struct vm_process *p, const char *text);
void vm_status_line(struct vm_status *s, const char *line);

/* Fills zone and lib of each region, by the classifier the window uses (core/zone.h). */
void vm_classify(struct vm_process *p);
/* The map as the model knows it since; NULL = it does not. [vsyscall] is not in it. */
const struct va_mm *vm_process_mm(const struct vm_process *p);
#define VM_SIZE_UNKNOWN (1ull << 62) /* as file_size of a VMA: the file could not be asked */

/* What is in it, in words: ".text .plt (code)", "for the C library's malloc", "" where the name says all. Returns buf, or words of its own. */
const char *vm_describe(const struct vm_process *p, const struct vm_region *r, char *buf, size_t n);

#endif
