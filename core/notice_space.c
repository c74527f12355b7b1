/* What the address space looks like: holes, promises nobody called in, memory that may be written and executed. */
#include "notice_parts.h"

bool va_detect_fragments(const struct va_watched *w, const struct va_census *c, const struct va_notice *before, struct va_notice *n)
{
	(void)w;
	if (c->holes < (before ? VA_HOLES / 2 : VA_HOLES))
		return false;
	n->begin = before && before->begin < c->holes_since ? before->begin : c->holes_since;
	n->count = c->holes;
	n->bytes = c->hole_bytes;
	n->part = c->largest_hole;
	n->whole = c->vmas;
	n->start = c->holes_start;
	n->stop = c->holes_stop;
	return true;
}

bool va_detect_untouched(const struct va_watched *w, const struct va_census *c, const struct va_notice *before, struct va_notice *n)
{
	(void)w;
	if (!c->untouched_count)
		return false;
	n->begin = before && before->begin < c->untouched_since ? before->begin : c->untouched_since;
	n->count = c->untouched_count;
	n->bytes = c->untouched_bytes;
	n->part = c->untouched.bytes;
	n->start = c->untouched.start;
	n->stop = c->untouched.stop;
	return true;
}

bool va_detect_wx(const struct va_watched *w, const struct va_census *c, const struct va_notice *before, struct va_notice *n)
{
	(void)w;
	if (!c->wx_count)
		return false;
	n->begin = before && before->begin < c->wx_since ? before->begin : c->wx_since;
	n->count = c->wx_count;
	n->bytes = c->wx_bytes;
	n->start = c->wx.start;
	n->stop = c->wx.stop;
	return true;
}
