/*
 * The stage: the pane beside the map, one tab at a time. A tab that has no layout yet is not offered.
 */
#ifndef VA_TABS_H
#define VA_TABS_H

#include <stdbool.h>

struct va_look;
struct va_rect;
struct va_scene;

enum va_tab { VA_TAB_WALK, VA_TAB_TABLES, VA_TAB_FORK, VA_TAB_TREE, VA_TAB_INSPECT, VA_TAB_DIFFERENCE, VA_TAB_STATS, VA_TAB_NOTICED, VA_TABS };

struct va_tab_info {
	const char *name;  /* for scripts */
	const char *title; /* on the tab */
	const char *tip;
	void (*layout)(struct va_scene *s, struct va_rect r, const struct va_look *look); /* NULL = not offered */
};

extern const struct va_tab_info va_tabs[VA_TABS];

bool va_tab_find(const char *name, enum va_tab *tab);
/* The next one offered, in this direction (+1, -1). */
enum va_tab va_tab_next(enum va_tab tab, int direction);

#endif
