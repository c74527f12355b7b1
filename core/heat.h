/*
 * How often each place of each map was faulted at, at any position of a history.
 *
 * One list for each 2 MiB of a map in which a fault was, in the order of the history, added to at its end only: what was counted up to a position is found by
 * halving, so going back in time costs as much as going forward, and nothing is counted again. A fault costs 16 bytes. Faults belong to addresses: what
 * mremap moved is counted where it was.
 */
#ifndef VA_HEAT_H
#define VA_HEAT_H

#include "history.h"

struct va_heat;

struct va_heat *va_heat_new(void);
void va_heat_free(struct va_heat *heat);

/* Takes the records it has not seen, at most `most` of them; true where there was something new. */
bool va_heat_update(struct va_heat *heat, struct va_history *h, size_t most);
size_t va_heat_seen(const struct va_heat *heat); /* records taken: positions up to here are right */
/* What it keeps of what the history has not given up, and for a while of what it has: faults, and maps they are of. */
size_t va_heat_held(const struct va_heat *heat, size_t *maps);

/* Faults of map `mm` at addresses in [start, end), later than `since` (ts; 0 = ever), among the first `pos` records. */
__u64 va_heat_count(const struct va_heat *heat, __u32 mm, __u64 start, __u64 end, __u64 since, size_t pos);

#endif
