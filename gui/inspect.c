#include "inspect.h"

#include <stdio.h>
#include <string.h>


#define PAST_BATCH 20000      /* records a frame */
#define SHARING_PLAYING 20000 /* pages a frame while time goes on */
#define SHARING_PAUSED 2000000

static bool about_memory(const struct va_inspect_input *in)
{
	return in->mm && (in->view->kind == VA_INSPECT_BOX || in->view->kind == VA_INSPECT_PAGE);
}

static bool update_past(struct va_inspect *i, const struct va_inspect_input *in)
{
	__u32 mm = about_memory(in) ? va_mm_id(in->mm) : 0;
	bool changed = va_past_update(&i->past, in->history, in->model, mm, in->view->addr, in->pos, PAST_BATCH);

	while (in->wait && i->past.valid && !i->past.done)
		va_past_update(&i->past, in->history, in->model, mm, in->view->addr, in->pos, PAST_BATCH);
	return changed;
}

static bool update_sharing(struct va_inspect *i, const struct va_inspect_input *in)
{
	const struct va_vma *vma = about_memory(in) ? va_mm_vma_at(in->mm, in->view->addr) : NULL;
	__u64 start, end;

	if (!vma)
		return false;
	start = in->view->kind == VA_INSPECT_PAGE ? in->view->addr & ~4095ull : vma->start;
	end = in->view->kind == VA_INSPECT_PAGE ? start + 4096 : vma->end;
	if (i->counted.pos == in->pos && i->counted.mm == va_mm_id(in->mm) && i->counted.start == start && i->counted.end == end &&
	    (i->sharing.valid || in->playing))
		return false;
	va_sharing_count(&i->sharing, in->model, in->mm, start, end, in->playing ? SHARING_PLAYING : SHARING_PAUSED);
	i->counted.pos = in->pos;
	i->counted.mm = va_mm_id(in->mm);
	i->counted.start = start;
	i->counted.end = end;
	i->sharing.valid |= !in->playing; /* more will not come: what could be counted stands */
	return true;
}

static void name_code(struct va_inspect *i, const struct va_inspect_input *in, size_t index, char out[VA_CODE_MAX])
{
	const struct vmatlas_record *rec = va_history_record(in->history, index, NULL);
	__u64 ip = rec->head.type == VMATLAS_OP ? rec->op.ip - 1 : rec->head.type == VMATLAS_FAULT ? rec->fault.ip : 0;
	struct va_symbol symbol;
	struct va_site site;

	*out = '\0';
	if (!ip || ip == ~0ull)
		return;
	site = va_site_of(va_model_mm(in->model, rec->head.mm), ip, rec->head.ts, in->texts, in->objects);
	if (in->symbols) {
		symbol = va_symbols_ask(in->symbols, &site, in->wait);
		i->pending |= symbol.state == VA_SYMBOL_PENDING;
	}
	va_symbol_words(out, VA_CODE_MAX, &site, in->symbols ? &symbol : NULL);
}

static bool update_code(struct va_inspect *i, const struct va_inspect_input *in, bool changed)
{
	bool event = in->view->kind == VA_INSPECT_EVENT && in->view->event < va_history_count(in->history) && in->view->event >= va_history_first(in->history);

	if (!changed && i->looked_up && !i->pending && i->named_event == in->view->event)
		return false;
	i->pending = false;
	i->looked_up = true;
	i->named_event = in->view->event;
	for (size_t k = 0; i->past.valid && k < i->past.state.items; k++) {
		i->code[k][0] = '\0';
		if (i->past.item[k].call != VA_PAST_NO_CALL)
			name_code(i, in, i->past.item[k].call, i->code[k]);
	}
	i->event_code[0] = '\0';
	if (event)
		name_code(i, in, in->view->event, i->event_code);
	return true;
}

bool va_inspect_update(struct va_inspect *i, const struct va_inspect_input *in)
{
	bool changed = update_past(i, in), shared = update_sharing(i, in);

	return update_code(i, in, changed) | changed | shared;
}
