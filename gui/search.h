/*
 * Looking things up in the process shown, and processes by name or number. What can be typed:
 *   0x7f12…, 7f1234567000   an address: the page, mapping or gap that has it
 *   libc, heap, tour        part of a file's, a zone's or a process's name (a zone's: of its beginning)
 *   rw-p, r?xp              permissions as maps prints them, ? = any; w+x: all of these
 *   >1M, <64K               mappings larger, smaller
 *   4711                    a process or thread
 */
#ifndef VA_SEARCH_H
#define VA_SEARCH_H

#include "typed.h"
#include "zone.h"

#define VA_RESULTS 500

enum va_result_kind { VA_RESULT_VMA, VA_RESULT_ADDRESS, VA_RESULT_PROCESS };

struct va_result {
	enum va_result_kind kind;
	__u64 addr;  /* VMA: its start; ADDRESS: as typed */
	__u32 tgid;
};

struct va_search_view { /* what the user does */
	bool open;
	struct va_typed entry;
	size_t chosen; /* result; beyond the last = none */
};

struct va_search {
	struct va_result result[VA_RESULTS];
	size_t count;     /* kept */
	size_t total;     /* found */
	char text[VA_TYPED_MAX]; /* what it was made from … */
	size_t pos;
	__u32 tgid;
	bool valid;
};

/* Anew where text, moment or process are others than last time; true then. mm may be NULL. */
bool va_search_update(struct va_search *s, const char *text, const struct va_model *model, const struct va_mm *mm, __u32 tgid, size_t pos,
		      const struct va_texts *texts, const struct va_objects *objects, __u32 rules);

#endif
