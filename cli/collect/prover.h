/*
 * vmatlas verify, the collector's side: at random moments all watched processes stand still, and what the kernel says about them goes
 * into the stream as PROOF chunks.
 */
#ifndef VA_PROVER_H
#define VA_PROVER_H

#include <stdbool.h>

#include "common/job.h"
#include "freeze.h"

struct va_collect;
struct va_prover;

struct va_prover *va_prover_new(const struct va_proving *how); /* NULL where how asks for no moments */
void va_prover_free(struct va_prover *p);

/* The tree's cgroup, for the command's child to join; NULL-safe. */
const struct va_freeze *va_prover_freeze(const struct va_prover *p);

/* Ahead of all that is not real-time, or not. */
void va_prover_come_first(bool first);

/* ms until the next moment, at most `most`. */
int va_prover_wait(const struct va_prover *p, int most);
/* A moment, where one is due. */
void va_prover_turn(struct va_prover *p, struct va_collect *c);

#endif
