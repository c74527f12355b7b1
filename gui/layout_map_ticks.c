/* Where the kernel's own bounds of an address space are: code, data, brk, stack, arguments, environment. */
#include <stdio.h>
#include <string.h>

#include "map_parts.h"
#include "words.h"

struct tick {
	const char *name;
	__u64 addr;
	bool end;     /* the first byte behind: it belongs to the row below it */
	const char *words;
};

#define TICKS 13

static size_t ticks_of(struct tick out[TICKS], const struct va_mm *mm)
{
	const struct vmatlas_mm_layout *l = va_mm_layout(mm);
	__u64 start_brk = 0, brk = 0;
	size_t n = 0;

	if (l) {
		const struct tick all[] = {
			{"env end", l->env_end, true, "end of the environment strings"}, {"env", l->env_start, false, "env_start: the environment strings"},
			{"arg end", l->arg_end, true, "end of the arguments"}, {"arg", l->arg_start, false, "arg_start: the arguments, as strings"},
			{"start_stack", l->start_stack, false, "start_stack: where the stack pointer stood when the program began"},
			{"end_data", l->end_data, true, "end_data: end of the initialised variables"}, {"start_data", l->start_data, false, "start_data"},
			{"end_code", l->end_code, true, "end_code: end of the program's instructions"}, {"start_code", l->start_code, false, "start_code"},
		};

		for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
			if (all[i].addr)
				out[n++] = all[i];
	}
	if (va_mm_brk(mm, &start_brk, &brk) && start_brk) {
		out[n++] = (struct tick){"brk", brk, true, "brk: end of the heap that brk() moves"};
		out[n++] = (struct tick){"start_brk", start_brk, false, "start_brk: where brk's heap begins"};
	}
	for (size_t i = 1; i < n; i++) /* high addresses first */
		for (size_t k = i; k && out[k].addr > out[k - 1].addr; k--) {
			struct tick t = out[k];

			out[k] = out[k - 1];
			out[k - 1] = t;
		}
	return n;
}

static double tick_y(const struct tick *t, const struct va_map_columns *c, const struct va_look *look)
{
	return va_map_y(c, va_ruler_row_of(look->ruler, t->end ? t->addr - 1 : t->addr), t->addr, look);
}

static void mark(struct va_scene *s, const struct va_map_columns *c, float y, va_colour colour)
{
	float x = (float)(c->box_x + c->box_w), size = (float)va_px(s->style, 5);

	va_scene_triangle(s, (struct va_point){x - size * 0.6f, y}, (struct va_point){x + size * 0.5f, y - size * 0.6f},
			  (struct va_point){x + size * 0.5f, y + size * 0.6f}, colour);
}

/* One label for ticks that stand closer than their names are tall. */
static void label(struct va_scene *s, const struct va_map_columns *c, double y, const char *names, const char *tip)
{
	const struct va_style *style = s->style;
	int h = va_role_height(style, VA_TEXT_SMALL), x = c->side_x + va_px(style, 9), at = va_max((int)y - h / 2, c->rows.y);

	at = va_min(at, c->rows.y + c->rows.h - h);
	va_scene_text_free(s, va_rect(x, at, c->side_x + c->side_w - x, h), VA_TEXT_SMALL, VA_LEFT, style->theme->dim, names);
	va_scene_hit(s, va_rect(c->box_x + c->box_w - va_px(style, 3), (int)y - h / 2, c->side_w + va_px(style, 9), h), VA_ACT_TIP, 0, tip);
}

void va_map_ticks(struct va_scene *s, const struct va_map_columns *c, const struct va_look *look)
{
	int h = va_role_height(look->style, VA_TEXT_SMALL);
	struct tick tick[TICKS];
	size_t n = ticks_of(tick, look->mm);

	for (size_t i = 0; i < n;) {
		double first = tick_y(&tick[i], c, look), last = first;
		char names[160] = "", tip[1000] = "", addr[32];
		size_t used = 0;

		for (; i < n; i++) {
			double y = tick_y(&tick[i], c, look);
			size_t len = strlen(names);

			if (y - first >= h)
				break;
			if (y >= c->rows.y - 1 && y <= c->rows.y + c->rows.h + 1)
				mark(s, c, (float)y, look->style->theme->text);
			if (!tick[i].end || !strchr(tick[i].name, ' ')) /* the ends of strings have a mark; a name only in the tip */
				snprintf(names + len, sizeof(names) - len, "%s%s", len ? ", " : "", tick[i].name);
			used += (size_t)snprintf(tip + used, sizeof(tip) - used, "%s%s  %s", used ? "\n" : "",
						 va_words_address(addr, sizeof(addr), tick[i].addr), tick[i].words);
			last = y;
		}
		if (last >= c->rows.y - 1 && first <= c->rows.y + c->rows.h + 1)
			label(s, c, (first + last) / 2, names, tip);
	}
}
