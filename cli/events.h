/* vmatlas events: one record as a line. events.c decides which, events_json.c and events_text.c say how. */
#ifndef VA_EVENTS_H
#define VA_EVENTS_H

#include "json.h"
#include "recording.h"
#include "symbols.h"

struct va_event {
	const struct vmatlas_record *rec;
	__u32 cpu;
	char comm[VMATLAS_COMM_LEN + 1];  /* of the thread that caused it, as it was called then; "" = unknown */
	const struct va_model *model;     /* as it stands just after it */
	const struct va_objects *objects;
	struct va_symbols *symbols;       /* NULL: instruction pointers stay numbers */
};

/* One line each, with its newline, appended to out. */
void va_event_json(struct va_json *out, const struct va_event *event);
void va_event_text(struct va_json *out, const struct va_event *event); /* a plain line: the buffer is used, not the JSON */

/* What both say of a record. */
const char *va_event_origin(const struct vmatlas_record *rec);              /* user, kernel, gup */
const char *va_event_reason(const struct va_event *event);                  /* of a bad access; NULL = it was none */
const char *va_event_zone(const struct va_event *event, const struct va_vma *vma, bool *lib);
void va_event_vma(const struct vmatlas_record *rec, struct va_vma *out);     /* a VMA record as the model would hold it */
/* Where the code that called or faulted lies; false: not asked for, or no code of the program. symbol is waited for. */
bool va_event_code(const struct va_event *event, struct va_site *site, struct va_symbol *symbol);
bool va_event_pfn_before(const struct va_event *event, __u64 *pfn);

#endif
