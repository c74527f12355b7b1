/* The history of a mapping in rows: when, what, by which call, from which code; and its faults by kind. */
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "calls.h"
#include "inspect_parts.h"

#define SHOWN 40 /* the first, and the newest of the rest */

static const char *by_call(char *buf, size_t n, const struct va_past_item *item)
{
	char name[32];

	*buf = '\0';
	if (item->nr >= 0)
		snprintf(buf, n, " by %s", va_call_name(item->nr, name, sizeof(name)));
	return buf;
}

static void change(char *buf, size_t n, const struct va_past_item *item)
{
	char was[32], is[32], perms[5], old[5], call[64];
	bool sized = item->after.end - item->after.start != item->before.end - item->before.start;

	va_words_size(was, sizeof(was), item->before.end - item->before.start);
	va_words_size(is, sizeof(is), item->after.end - item->after.start);
	va_vma_perms(item->after.vm_flags, perms);
	va_vma_perms(item->before.vm_flags, old);
	by_call(call, sizeof(call), item);
	switch (item->kind) {
	case VA_PAST_FOUND:
		snprintf(buf, n, "was there when the recording came: %s, %s", is, perms);
		break;
	case VA_PAST_EXEC:
		snprintf(buf, n, "mapped by exec: %s, %s", is, perms);
		break;
	case VA_PAST_MAPPED:
		snprintf(buf, n, "mapped%s: %s, %s", call, is, perms);
		break;
	case VA_PAST_INHERITED:
		snprintf(buf, n, "copied by fork from process %u", item->tgid);
		break;
	case VA_PAST_GREW:
		snprintf(buf, n, "grew%s: %s → %s", item->nr < 0 ? " by a page fault, no call did it" : call, was, is);
		break;
	case VA_PAST_SHRANK:
		snprintf(buf, n, "shrank%s: %s → %s", call, was, is);
		break;
	case VA_PAST_MERGED:
		snprintf(buf, n, "merged with its neighbours%s: %s → %s", call, was, is);
		break;
	case VA_PAST_SPLIT:
		snprintf(buf, n, "split%s: %s → %s", call, was, is);
		break;
	case VA_PAST_PROTECTED:
		snprintf(buf, n, "permissions%s: %s → %s", call, old, perms);
		if (sized)
			snprintf(buf + strlen(buf), n - strlen(buf), "; %s: %s → %s", item->after.end - item->after.start < item->before.end - item->before.start ? "split" : "merged", was, is);
		break;
	case VA_PAST_FLAGGED:
		snprintf(buf, n, "flags or name changed%s", call);
		break;
	default:
		snprintf(buf, n, "pages changed%s", call);
	}
}

static void item_rows(struct va_sheet *s, const struct va_look *look, size_t k)
{
	const struct va_past *p = &look->inspect->past;
	const struct va_past_item *item = &p->item[k];
	const struct va_theme *t = s->style->theme;
	char clock[32], what[256], call[512];
	__u32 cpu;

	va_words_clock(clock, sizeof(clock), item->ts - va_history_begin(look->play->history));
	change(what, sizeof(what), item);
	va_sheet_link(s, clock, what, VA_ACT_EVENT, item->call != VA_PAST_NO_CALL ? item->call : item->pos - 1, false);
	if (item->call == VA_PAST_NO_CALL)
		return;
	va_words_op(call, sizeof(call), &va_history_record(look->play->history, item->call, &cpu)->op);
	if (*look->inspect->code[k])
		snprintf(call + strlen(call), sizeof(call) - strlen(call), "  from %s", look->inspect->code[k]);
	va_sheet_row(s, "", call, VA_TEXT_MONO_SMALL, t->dim, 0);
}

static void faults_row(struct va_sheet *s, const struct va_past_state *state)
{
	char line[512] = "none", n[32];
	size_t at = 0;

	for (int k = 0; k < VA_FAULT_KINDS && at < sizeof(line); k++)
		if (state->faults[k])
			at += (size_t)snprintf(line + at, sizeof(line) - at, "%s%s %s", at ? ", " : "", va_words_count(n, sizeof(n), state->faults[k]),
					       va_words_kind((enum va_fault_kind)k));
	if (state->major && at < sizeof(line))
		snprintf(line + at, sizeof(line) - at, "; %s of them major", va_words_count(n, sizeof(n), state->major));
	va_sheet_fact(s, "faults in it", "%s", line);
}

void va_inspect_past(struct va_sheet *s, const struct va_look *look)
{
	const struct va_past *p = &look->inspect->past;
	size_t items = p->state.items, skip = items > SHOWN ? items - SHOWN : 0;
	char n[32];

	va_sheet_heading(s, "History");
	if (!p->valid)
		return;
	if (!p->done)
		va_sheet_fact(s, "", "being read: %d %%", (int)((double)(p->state.pos - p->begin) * 100 / (double)(p->to - p->begin + 1)));
	if (p->cut)
		va_sheet_fact(s, "", "what happened to it before %s is no longer kept",
			      va_words_clock(n, sizeof(n), va_history_kept_from(look->play->history) - va_history_begin(look->play->history)));
	for (size_t k = 0; k < items; k++) {
		if (k == 1 && (skip || p->state.dropped)) {
			va_sheet_fact(s, "", "… %s changes more …", va_words_count(n, sizeof(n), skip + p->state.dropped));
			k += skip;
		}
		if (k < items)
			item_rows(s, look, k);
	}
	faults_row(s, &p->state);
}
