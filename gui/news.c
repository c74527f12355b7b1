#include "news.h"

#include "playback.h"

#define LOOK_BACK 20000 /* records */

static bool joins(const struct va_news_item *item, const struct vmatlas_record *rec, unsigned levels)
{
	return item->rec.head.type == VMATLAS_FAULT && rec->head.type == VMATLAS_FAULT &&
	       va_fault_kind(&item->rec, levels) == va_fault_kind(rec, levels);
}

void va_news_update(struct va_news *news, struct va_history *h, size_t pos, __u32 tgid, unsigned levels)
{
	size_t stop = pos > LOOK_BACK ? pos - LOOK_BACK : 0;
	__u32 cpu;

	if (news->pos == pos && news->tgid == tgid)
		return;
	news->pos = pos;
	news->tgid = tgid;
	news->count = 0;
	for (size_t i = pos; i-- > stop;) {
		const struct vmatlas_record *rec = va_history_record(h, i, &cpu);

		if (!va_is_story(rec) || rec->head.type == VMATLAS_MARK || (rec->head.tgid != tgid && rec->head.type != VMATLAS_LOSS))
			continue;
		if (news->count && joins(&news->item[news->count - 1], rec, levels)) {
			news->item[news->count - 1].count++;
			continue;
		}
		if (news->count == VA_NEWS_MAX)
			return;
		news->item[news->count++] = (struct va_news_item){.rec = *rec, .count = 1, .pos = i};
	}
	if (news->count && stop)
		news->item[news->count - 1].cut = true;
}
