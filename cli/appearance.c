#include "appearance.h"

#include <stdio.h>
#include <stdlib.h>

#include "tabs.h"
#include "theme.h"
#include "window.h"

bool va_is_appearance(int c)
{
	return c >= VA_OPT_SIZE && c < VA_OPT_APPEARANCE_END;
}

bool va_appearance_take(struct va_appearance *a, int c, const char *text)
{
	enum va_tab tab;
	char *end, more;

	switch (c) {
	case VA_OPT_SIZE:
		return sscanf(text, "%dx%d%c", &a->width, &a->height, &more) == 2 && a->width >= 320 && a->height >= 240 && a->width <= 16384 && a->height <= 16384;
	case VA_OPT_SCALE:
		a->scale = strtod(text, &end);
		return end != text && !*end && a->scale >= 0.5 && a->scale <= 8;
	case VA_OPT_THEME:
		a->theme = text;
		return va_theme_find(text);
	case VA_OPT_TAB:
		a->tab = text;
		return va_tab_find(text, &tab);
	case VA_OPT_HISTORY:
		return sscanf(text, "%u%c", &a->history, &more) == 1 && *text >= '0' && *text <= '9' && a->history >= 16 && a->history <= 65536;
	case VA_OPT_COMPACT:
		return a->compact = true;
	case VA_OPT_ON_TOP:
		return a->on_top = true;
	}
	return false;
}

void va_appearance_apply(const struct va_appearance *a, struct va_window_options *o)
{
	o->width = a->width;
	o->height = a->height;
	o->scale = a->scale;
	o->theme = a->theme;
	o->tab = a->tab;
	o->compact = a->compact;
	o->on_top = a->on_top;
	o->history = (size_t)a->history << 20;
}
