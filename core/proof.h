/*
 * What the kernel itself said about all watched processes at one moment: PROOF chunks, gathered. See <vmatlas/stream.h>. Untrusted like all
 * else: pieces that do not fit are refused and counted by the caller.
 */
#ifndef VA_PROOF_H
#define VA_PROOF_H

#include <stdbool.h>
#include <stddef.h>

#include "vmatlas/stream.h"

struct va_proof_window { /* entries of pagemap of consecutive pages */
	__u64 addr;
	size_t first, count; /* in entries[] */
};

struct va_proof_process {
	__u32 tgid;
	struct vmatlas_proof_process told;
	char *maps;          /* owned, as all below; NUL-terminated, maps_bytes without it */
	size_t maps_bytes, maps_room;
	struct vmatlas_proof_vma *vmas;
	size_t vma_count, vma_room;
	struct va_proof_window *windows;
	size_t window_count, window_room;
	__u64 *entries;
	size_t entry_count, entry_room;
};

struct va_proof { /* of one moment */
	struct vmatlas_proof_moment moment;
	struct va_proof_process *processes; /* owned */
	size_t count, room;
};

/* Proofs that wait for their moment to come, oldest first. */
struct va_proofs {
	struct va_proof *queue; /* owned; [head, tail) wait */
	size_t head, tail, room;
	size_t bytes;           /* that came with those that wait */
	__u64 end;              /* of the newest moment */
	__u64 skipped[4];       /* by enum vmatlas_proof_skip; [0] = unknown reasons */
};

void va_proofs_free(struct va_proofs *p);

/* The payload of one PROOF chunk; false: it does not fit what came before, or over the limit. */
bool va_proofs_add(struct va_proofs *p, const void *payload, size_t bytes);

const struct va_proof *va_proofs_first(const struct va_proofs *p); /* NULL = none waits */
void va_proofs_drop_first(struct va_proofs *p);

#endif
