/* What the user chose among the notices, and whether events are explained. */
#ifndef VA_NOTICE_VIEW_H
#define VA_NOTICE_VIEW_H

#include "notice.h"

struct va_notice_view {
	bool explain;  /* events are told step by step, in a place of their own */
	/* The notice chosen, by what does not change with the moment; mm 0 = none. */
	enum va_notice_kind kind;
	__u32 mm;
};

static inline bool va_notice_chosen(const struct va_notice_view *v, const struct va_notice *n)
{
	return v->mm && v->mm == n->mm && v->kind == n->kind;
}

#endif
