/*
 * The flight recorder: the module keeps the newest faults, we keep the newest truth (kept.h), and nothing is written but on demand: when a
 * watched process crashes, when asked to, and at the end.
 */
#ifndef VA_COLLECT_FLIGHT_H
#define VA_COLLECT_FLIGHT_H

#include "collect.h"

/* 0 or -errno: the module cannot do it. */
int va_flight_start(struct va_collect *c);
void va_flight_free(struct va_flight *f);

/* Instead of va_drain_round(); the same result. */
long va_flight_round(struct va_collect *c);
/* After stats were read: looks for a crash. */
void va_flight_look(struct va_collect *c);
/* Writes all there is, and goes on. why: one word. Errors are in c->error. */
void va_flight_dump(struct va_collect *c, const char *why);
/* What was forgotten counts as lost. */
void va_flight_correct(const struct va_flight *f, struct va_module_stats *stats);

#endif
