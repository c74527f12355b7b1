/*
 * A thread that packs chunks of records (core/columns.h), one after the other in the order they are given, so that who appends records does not wait for it. Part of the history.
 */
#ifndef VA_PACKER_H
#define VA_PACKER_H

#include <stdbool.h>
#include <stddef.h>

#include "vmatlas/wire.h"

struct va_packer;

struct va_packer_job {
	const struct vmatlas_record *recs; /* borrowed until the job is done: anybody may read them, nobody changes them */
	const __u16 *cpus;                 /* the same */
	size_t n;
	void *packed;                      /* when done; the caller's to free; NULL = no memory */
	size_t bytes;
	struct va_packer_job *next;        /* the packer's own, as done is: ask with the functions */
	bool done;
};

struct va_packer *va_packer_new(void); /* NULL: there is no thread to be had */
void va_packer_free(struct va_packer *p); /* once all jobs given are done */

void va_packer_give(struct va_packer *p, struct va_packer_job *job); /* borrowed until it is done */
bool va_packer_done(struct va_packer *p, const struct va_packer_job *job);
void va_packer_wait(struct va_packer *p, const struct va_packer_job *job);

#endif
