#include "tabs.h"

#include <string.h>

#include "layout.h"

const struct va_tab_info va_tabs[VA_TABS] = {
	[VA_TAB_WALK] = {"walk", "Walk", "the last page fault: the processor's walk through the page tables", va_layout_walk},
	[VA_TAB_TABLES] = {"tables", "Tables", "all page tables of the process, as a tree", va_layout_radix},
	[VA_TAB_FORK] = {"fork", "Fork", "parent and children side by side, page by page", va_layout_fork},
	[VA_TAB_TREE] = {"tree", "Processes", "all processes, the busiest on top", va_layout_tree},
	[VA_TAB_INSPECT] = {"inspect", "Inspect", "all about what is chosen: mapping, page, process, event", va_layout_inspect},
	[VA_TAB_DIFFERENCE] = {"difference", "A/B", "what differs between two moments", va_layout_difference},
	[VA_TAB_STATS] = {"stats", "Statistics", "how long faults and calls took", va_layout_stats},
	[VA_TAB_NOTICED] = {"noticed", "Noticed", "what is worth a look", va_layout_noticed},
};

bool va_tab_find(const char *name, enum va_tab *tab)
{
	for (unsigned i = 0; i < VA_TABS; i++)
		if (va_tabs[i].layout && !strcmp(va_tabs[i].name, name)) {
			*tab = (enum va_tab)i;
			return true;
		}
	return false;
}

enum va_tab va_tab_next(enum va_tab tab, int direction)
{
	unsigned at = tab;

	do
		at = (at + (direction > 0 ? 1 : VA_TABS - 1)) % VA_TABS;
	while (!va_tabs[at].layout);
	return (enum va_tab)at;
}
