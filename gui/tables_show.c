#include "tables_show.h"

void va_tables_show_update(struct va_tables_show *show, const struct va_mm *mm, size_t pos, struct va_tables_view *view, unsigned levels)
{
	bool same = show->valid && mm && show->mm == va_mm_id(mm) && show->pos == pos;

	if (same && show->level == view->level && show->at == view->at)
		return;
	show->valid = mm;
	if (!mm)
		return;
	if (!same)
		va_tables_count(mm, &show->count);
	va_table_slots(mm, view->level, view->at, levels, show->slot);
	for (unsigned i = 0; i < 512 && !view->chosen; i++)
		if (show->slot[i].kind == VA_SLOT_TABLE || show->slot[i].kind == VA_SLOT_IMPLIED) {
			view->cursor = i;
			break;
		}
	show->mm = va_mm_id(mm);
	show->pos = pos;
	show->level = view->level;
	show->at = view->at;
}
