#include "news.h"

#include <string.h>

#include "playback.h"

#define LOOK_BACK 20000 /* records */

static bool is_news(const struct vmatlas_record *rec, __u32 tgid)
{
	return va_is_story(rec) && rec->head.type != VMATLAS_MARK && (rec->head.tgid == tgid || rec->head.type == VMATLAS_LOSS);
}

static bool joins(const struct va_news_item *item, const struct vmatlas_record *rec, enum va_fault_kind kind)
{
	return item->rec.head.type == VMATLAS_FAULT && rec->head.type == VMATLAS_FAULT && item->kind == kind;
}

static enum va_fault_kind kind_of(const struct vmatlas_record *rec, unsigned levels)
{
	return rec->head.type == VMATLAS_FAULT ? va_fault_kind(rec, levels) : (enum va_fault_kind)0;
}

static void look_back(struct va_news *news, struct va_history *h, size_t pos, size_t stop, unsigned levels)
{
	news->count = news->dropped = 0;
	for (size_t i = pos; i-- > stop;) {
		const struct vmatlas_record *rec = va_history_record(h, i, NULL);
		struct va_news_item *last = news->count ? &news->item[news->count - 1] : NULL;
		enum va_fault_kind kind;

		if (!is_news(rec, news->tgid))
			continue;
		kind = kind_of(rec, levels);
		if (last && joins(last, rec, kind)) {
			last->count++;
			last->begin = i;
			continue;
		}
		if (news->count == VA_NEWS_MAX) {
			news->dropped = i + 1;
			return;
		}
		news->item[news->count++] = (struct va_news_item){.rec = *rec, .count = 1, .pos = i, .begin = i, .kind = kind};
	}
}

static void add(struct va_news *news, const struct vmatlas_record *rec, size_t i, unsigned levels)
{
	enum va_fault_kind kind = kind_of(rec, levels);

	if (news->count && joins(&news->item[0], rec, kind)) {
		news->item[0].rec = *rec;
		news->item[0].pos = i;
		news->item[0].count++;
		return;
	}
	if (news->count == VA_NEWS_MAX)
		news->dropped = news->item[--news->count].pos + 1;
	memmove(&news->item[1], &news->item[0], news->count * sizeof(news->item[0]));
	news->item[0] = (struct va_news_item){.rec = *rec, .count = 1, .pos = i, .begin = i, .kind = kind};
	news->count++;
}

/* Record i is too far back now. */
static void forget(struct va_news *news, const struct vmatlas_record *rec, size_t i)
{
	struct va_news_item *last = news->count ? &news->item[news->count - 1] : NULL;

	if (!last || i < last->begin || !is_news(rec, news->tgid))
		return;
	last->begin = i + 1;
	if (!--last->count)
		news->count--;
}

static void go_on(struct va_news *news, struct va_history *h, size_t pos, size_t stop, unsigned levels)
{
	for (size_t i = news->pos; i < pos; i++) {
		const struct vmatlas_record *rec = va_history_record(h, i, NULL);

		if (is_news(rec, news->tgid))
			add(news, rec, i, levels);
	}
	for (size_t i = news->pos > LOOK_BACK ? news->pos - LOOK_BACK : 0; i < stop; i++)
		forget(news, va_history_record(h, i, NULL), i);
}

void va_news_update(struct va_news *news, struct va_history *h, size_t pos, __u32 tgid, unsigned levels)
{
	size_t stop = pos > LOOK_BACK ? pos - LOOK_BACK : 0, first = va_history_first(h);
	bool on = news->tgid == tgid && news->pos && pos > news->pos && pos - news->pos < LOOK_BACK / 2;

	if (news->pos == pos && news->tgid == tgid)
		return;
	if (stop < first)
		stop = first < pos ? first : pos;
	news->tgid = tgid;
	if (on)
		go_on(news, h, pos, stop, levels);
	else
		look_back(news, h, pos, stop, levels);
	news->pos = pos;
	for (size_t i = 0; i < news->count; i++)
		news->item[i].cut = i + 1 == news->count && stop && news->dropped <= stop;
}
