/*
 * What the inspector shows, and where it came from: the chosen box, page, gap, event, or else the process. Facts that cost something (history, who else has the
 * frames, names of code) are gathered here in small steps, for layouts to read.
 */
#ifndef VA_INSPECT_H
#define VA_INSPECT_H

#include "past.h"
#include "sharing.h"
#include "symbols.h"
#include "zone.h"

enum va_inspect_kind { VA_INSPECT_PROCESS, VA_INSPECT_BOX, VA_INSPECT_PAGE, VA_INSPECT_EVENT };

struct va_inspect_view { /* what the user chose */
	enum va_inspect_kind kind;
	__u64 addr;   /* BOX, PAGE: within it, or in a gap */
	size_t event; /* EVENT: index of the record */
	bool opened;  /* the tab was opened by choosing something: choosing nothing closes it */
};

#define VA_CODE_MAX 160

struct va_inspect {
	struct va_past past;
	struct va_sharing sharing;
	char code[VA_PAST_ITEMS][VA_CODE_MAX]; /* where the call of each item of past came from; "" = no call */
	char event_code[VA_CODE_MAX];
	bool pending;       /* some code is still being looked up */
	bool looked_up;
	struct {            /* what sharing was counted for */
		size_t pos;
		__u32 mm;
		__u64 start, end;
	} counted;
	size_t named_event; /* whose code was looked up */
};

struct va_inspect_input {
	const struct va_inspect_view *view;
	struct va_history *history;
	const struct va_model *model;
	const struct va_mm *mm;      /* of the process shown; NULL = none */
	struct va_texts *texts;
	const struct va_objects *objects;
	struct va_symbols *symbols;  /* NULL: places are named without symbols */
	size_t pos;
	bool wait;                   /* for a picture: everything at once */
	bool playing;                /* what costs much waits until time stands still */
};

/* True where there is something new to be seen. */
bool va_inspect_update(struct va_inspect *i, const struct va_inspect_input *in);

#endif
