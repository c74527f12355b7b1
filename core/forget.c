/* See model.h: what models of one history have in common stands in memory once, and what is not kept any more goes. */
#include "model_parts.h"

#define BLOCK VA_SHELF_BLOCK

static struct va_mm nothing = { .refs = 1, .ended = true, .resting = true, .forgotten = true };
static struct va_shelf_block nothings = { .refs = 1, .count = BLOCK, .thing = { [0 ... BLOCK - 1] = &nothing } }; /* 1: ours, so neither is ever free or written to */

size_t va_model_forgotten(const struct va_model *m)
{
	return m->forgotten;
}

bool va_model_may_forget(const struct va_model *latest, size_t block)
{
	if ((block + 1) * BLOCK > latest->mms.count || latest->mms.block[block] == &nothings)
		return false;
	for (size_t i = block * BLOCK; i < (block + 1) * BLOCK; i++)
		if (!va_model_may_skip(latest, i))
			return false;
	return true;
}

void va_model_forget(struct va_model *m, size_t block)
{
	m->forgotten++;
	if ((block + 1) * BLOCK > m->mms.count)
		return; /* it stands before what is kept, and will not be asked */
	va_shelf_put_block(&m->mms, block, &nothings);
	m->last_mm = 0;
}

void va_model_share_tasks(struct va_model *m, const struct va_model *with, size_t block)
{
	va_tasks_share(&m->tasks, &with->tasks, block);
}
