/*
 * Bytes of a stream in, verdict out: decode → merge → model, and at each proof's moment the comparison. Keeps no history: a window of the newest
 * records only, to tell what touched the place of a difference.
 */
#ifndef VA_CHECKER_H
#define VA_CHECKER_H

#include "merge.h"
#include "prove.h"
#include "zone.h"

struct va_checker;

struct va_checker *va_checker_new(void);
void va_checker_free(struct va_checker *c);

/* 0 or a negative va_decode_error. */
int va_checker_feed(struct va_checker *c, const void *bytes, size_t n);
/* End of input: the last moments and the counts at the end. */
void va_checker_finish(struct va_checker *c);

/* May be asked while it goes on. */
const struct va_prove_counts *va_checker_counts(const struct va_checker *c);
__u64 va_checker_differences(const struct va_checker *c); /* of all kinds */
const struct va_finding *va_checker_first(const struct va_checker *c); /* the earliest of all kinds, NULL = none */

const struct va_model *va_checker_model(const struct va_checker *c);   /* NULL before the header */
struct va_objects *va_checker_objects(const struct va_checker *c);
const struct va_merge *va_checker_merge(const struct va_checker *c);   /* NULL before the header */
const __u64 *va_checker_skipped(const struct va_checker *c);           /* [4], by enum vmatlas_proof_skip */
const struct vmatlas_end *va_checker_end(const struct va_checker *c);  /* NULL = cut off */
__u64 va_checker_lost(const struct va_checker *c);                     /* records, all channels */
__u64 va_checker_malformed(const struct va_checker *c);                /* PROOFs and other chunks without effect */
bool va_checker_cut(const struct va_checker *c);                       /* bytes are left that form no whole chunk */
__u64 va_checker_missed(const struct va_checker *c, const char **what);/* calls the hooks missed, by "lost-hooks"; *what may be NULL */

#endif
