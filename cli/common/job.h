/*
 * What is to be run, and how: the one description that travels from vmatlas to whoever starts the command: the guest's init and the
 * collector, over a port or a pipe. Must survive any bytes in arguments and environment.
 *
 * On the wire: "VAJOB1\n\0", then fields {u32 tag, u32 bytes, payload}, little-endian, in any order; ARG, ENV, GROUP and SHARE repeat.
 * Unknown tags are refused: both ends are built together.
 */
#ifndef VA_JOB_H
#define VA_JOB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "common/bytes.h"

#define VA_JOB_MAX (32u << 20) /* bytes on the wire; the kernel takes 6 MiB of arguments and environment */

enum va_job_flags {
	VA_JOB_TTY = 1 << 0,        /* a terminal of its own (guest): stdin and stdout, and stderr unless VA_JOB_STDERR_APART */
	VA_JOB_STDERR_APART = 1 << 1,
	VA_JOB_USER = 1 << 2,       /* run as uid, gid and groups below; else as who starts it */
	VA_JOB_OWN_GROUP = 1 << 3,  /* a session of its own: signals go to its process group */
	VA_JOB_STDOUT_TO_STDERR = 1 << 4, /* standard output carries the recording */
	VA_JOB_BARE = 1 << 5,       /* guest: no module, no recording, only the command (VMATLAS_VM_BARE=1: to try the module by hand) */
};

#define VA_FLIGHT_MIB 64   /* what a flight recorder keeps of maps and calls unless told otherwise */
#define VA_FLIGHT_MAX 4096

/* vmatlas verify: when the collector stops all and reads what the kernel says. */
struct va_proving {
	uint64_t seed;
	uint32_t interval_us;  /* mean time between moments; 0 = no moments at all */
	uint32_t count;        /* at most so many; 0 = as many as there are */
	uint32_t pages;        /* of pagemap per process and moment; ~0 = all */
	uint32_t refresh;      /* of 100 moments so many begin with a fresh report of all maps */
};

struct va_strings {
	char **item; /* NULL-terminated, owned */
	size_t n, room;
};

void va_strings_add(struct va_strings *s, const char *item);
void va_strings_free(struct va_strings *s);

struct va_job {
	struct va_strings argv, env;
	struct va_strings shares;  /* host directories the guest mounts read-write at the same path */
	char *cwd;
	char *params;              /* module parameters as one string, "" = none */
	char *classes;             /* event classes for the `classes` file, "" = the module's own choice */
	char *hostname;
	char *title;               /* of the recording, "" = none */
	uint32_t flags;            /* enum va_job_flags */
	uint32_t uid, gid;
	uint32_t *groups;          /* owned */
	size_t group_count;
	uint32_t mask;             /* umask */
	uint32_t persona;          /* personality(2) */
	uint16_t rows, columns;    /* of the terminal */
	uint32_t flight;           /* MiB a flight recorder keeps; 0 = none */
	struct rlimit limits[RLIM_NLIMITS];
	struct va_proving prove;
};

/*
 * The calling process as it stands: directory, environment, ids, limits, umask. argv is copied. NULL after a sentence: the directory is no more.
 */
struct va_job *va_job_here(char *const argv[]);
void va_job_free(struct va_job *job);

void va_job_encode(const struct va_job *job, struct va_bytes *out);
/* NULL where the bytes are no job. */
struct va_job *va_job_decode(const void *data, size_t n);

/*
 * In the child, before execve: directory, ids, limits, umask, personality. Returns only on failure of something that matters, with
 * -errno; *what names it.
 */
int va_job_become(const struct va_job *job, const char **what);

#endif
