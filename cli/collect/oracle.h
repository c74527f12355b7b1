/* What the kernel's own files say about one process that stands still, as the pieces of a proof: see PROOF in <vmatlas/stream.h>. */
#ifndef VA_ORACLE_H
#define VA_ORACLE_H

#include <stdint.h>
#include <sys/types.h>

#include "common/bytes.h"
#include "vmatlas/stream.h"

/* Payloads of PROOF chunks in the making, one behind the other. */
struct va_pieces {
	struct va_bytes bytes;
	size_t *end; /* owned: where each ends */
	size_t n, room;
};

void va_pieces_add(struct va_pieces *p, uint32_t kind, pid_t tgid, uint64_t addr, const void *data, size_t bytes);
void va_pieces_free(struct va_pieces *p);

/* The next number of a sequence that *state stands for (splitmix64). */
uint64_t va_random(uint64_t *state);

/* PROCESS, MAPS, VMAS, PAGES of one process; pages: how many entries of pagemap at most, ~0 = all (of VMAs up to 1 GiB). */
void va_oracle_ask(struct va_pieces *out, pid_t tgid, uint32_t flags, uint32_t pages, uint64_t *random);

#endif
