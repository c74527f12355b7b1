/* What `vmatlas verify` prints: the counts and the first difference, for people or as JSON. */
#ifndef VA_VERDICT_H
#define VA_VERDICT_H

#include "checker.h"

struct va_verdict {
	const struct va_checker *checker;
	__u64 seed;          /* valid with live */
	bool live;           /* made by running a command, not read from a file */
	__u32 wanted;        /* moments asked for, 0 = any number */
};

void va_verdict_text(const struct va_verdict *v);
void va_verdict_json(const struct va_verdict *v);

/* Calls of hooks were missed: differing fault counts are explained by that. */
__u64 va_verdict_differences(const struct va_verdict *v);

#endif
