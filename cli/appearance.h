/* How a window looks, on the command line: the options that `run`, `attach` and `replay` share. */
#ifndef VA_APPEARANCE_H
#define VA_APPEARANCE_H

#include <stdbool.h>

struct va_appearance { /* what was not given is as the window remembers it */
	int width, height;  /* 0 = not given */
	double scale;       /* 0 = not given */
	const char *theme;  /* NULL = not given */
	const char *tab;    /* NULL = not given */
	bool compact, on_top;
	unsigned history;   /* MiB of what arrives that are kept; 0 = not given */
};

enum { VA_OPT_SIZE = 512, VA_OPT_SCALE, VA_OPT_THEME, VA_OPT_TAB, VA_OPT_COMPACT, VA_OPT_ON_TOP, VA_OPT_HISTORY, VA_OPT_APPEARANCE_END };

/* For a table of options. */
#define VA_APPEARANCE_OPTIONS                                                                                                      \
	{"size", required_argument, NULL, VA_OPT_SIZE}, {"scale", required_argument, NULL, VA_OPT_SCALE}, {"theme", required_argument, NULL, VA_OPT_THEME}, \
	{"tab", required_argument, NULL, VA_OPT_TAB}, {"compact", no_argument, NULL, VA_OPT_COMPACT}, {"on-top", no_argument, NULL, VA_OPT_ON_TOP}, \
	{"history", required_argument, NULL, VA_OPT_HISTORY}

#define VA_APPEARANCE_HELP                                                          \
	"      --size WxH     of the window (default: as it was last, else 1280x720, or what fits the screen)\n" \
	"      --scale X      of texts and widths (default: by the window's size)\n"        \
	"      --theme NAME   dark, light, projector (default: as it was last)\n"           \
	"      --tab NAME     what stands beside the map: walk (default), tables, fork, tree, inspect, difference, stats, noticed\n" \
	"      --compact      the map alone, small, to live beside something else\n"        \
	"      --on-top       stays above other windows\n"                                     \
	"      --history MIB  of what arrives that the window keeps, 16 to 65536 (default 1024); then the oldest goes\n"

bool va_is_appearance(int c);
bool va_appearance_take(struct va_appearance *a, int c, const char *text); /* false: makes no sense */

struct va_window_options;
void va_appearance_apply(const struct va_appearance *a, struct va_window_options *o);

#endif
