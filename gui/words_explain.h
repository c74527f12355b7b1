/* Events explained to students: a fault as its steps, everything else in a sentence or two. The only place where these words stand. */
#ifndef VA_WORDS_EXPLAIN_H
#define VA_WORDS_EXPLAIN_H

#include "words.h"

#define VA_EXPLAIN_STEPS 7

struct va_explain_step {
	const char *label; /* "CR2, error code" */
	char text[400];
};

struct va_explanation {
	char title[160];
	struct va_explain_step step[VA_EXPLAIN_STEPS];
	unsigned steps;    /* a fault has all seven where it was resolved; others one */
	bool fault;
};

/* model, mm: of the moment just behind the record; mm may be NULL. vma_name: of the VMA at a fault's address, "" = none. */
void va_words_explain(struct va_explanation *e, const struct vmatlas_record *rec, unsigned levels, const struct va_model *model, const struct va_mm *mm, const char *vma_name);

/* What a call is for: a sentence; NULL: not one we know. (words_call_meaning.c) */
const char *va_words_call_meaning(__s32 nr);

#endif
