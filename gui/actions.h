/*
 * What a user can do, each with the name that scripts use (`vmatlas render --do NAME[:ARG]`). Keys are in input.c; what an action does is in
 * act_*.c. The argument is a number (address, pid, position …): see the file that handles it.
 */
#ifndef VA_ACTIONS_H
#define VA_ACTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* X(symbol, name); a name of "" cannot be scripted: it needs a pointer, or a window */
#define VA_ACTIONS(X)                                                                                                       \
	X(NONE, "") X(TIP, "") /* TIP: says something, takes no click */                                                        \
	/* time */                                                                                                              \
	X(PAUSE, "pause") X(STEP, "step") X(STEP_BACK, "step-back") X(MARK_NEXT, "mark-next") X(MARK_PREV, "mark-prev")         \
	X(LIVE, "live") X(FASTER, "faster") X(SLOWER, "slower") X(EACH, "each") X(SEEK, "seek") X(BEGIN, "begin") X(END, "end") \
	X(TIMELINE, "") X(REPLAY, "replay") X(TIME_IN, "time-in") X(TIME_OUT, "time-out")                                       \
	X(STEP_CALL, "step-call") X(STEP_CALL_BACK, "step-call-back") X(TIME_FIT, "time-fit") X(TIME_EARLIER, "time-earlier")    \
	X(TIME_LATER, "time-later") X(TIME_OVERVIEW, "")                                                                          \
	X(A_HERE, "a-here") X(B_HERE, "b-here") X(A_GO, "a-go") X(B_GO, "b-go") X(AB_SWAP, "ab-swap") X(AB_CLEAR, "ab-clear")    \
	X(AB_ZOOM, "ab-zoom") X(BOOKMARK, "bookmark") X(BOOKMARK_NEXT, "bookmark-next") X(BOOKMARK_PREV, "bookmark-prev")        \
	X(DIFF_ROW, "diff-row") X(DIFF_SORT, "diff-sort") X(STATS_WHO, "stats-who") X(STATS_STRETCH, "stats-stretch")            \
	/* map */                                                                                                               \
	X(PROCESS, "process") X(PROCESS_NEXT, "process-next") X(PROCESS_PREV, "process-prev") X(THREAD, "thread")               \
	X(MAP_BOX, "box") X(MAP, "") X(PAGE, "page") X(WHOLE, "whole") X(FOLLOW, "follow") X(UP, "up") X(DOWN, "down")          \
	X(ZOOM_IN, "zoom-in") X(ZOOM_OUT, "zoom-out") X(ZOOM_TO, "zoom") X(FIT_BOX, "fit") X(BOX_NEXT, "box-next") X(BOX_PREV, "box-prev") \
	X(OVERVIEW, "") X(COLOUR, "colour") X(COLOUR_NEXT, "colour-next") X(COLOUR_PREV, "colour-prev") X(FILTER, "filter") X(FILTER_CLEAR, "filter-clear") \
	/* stage */                                                                                                             \
	X(TAB, "tab") X(TAB_NEXT, "tab-next") X(TAB_PREV, "tab-prev")                                                           \
	X(ENTRY, "entry") X(FAULTS, "faults") X(TABLE, "table") X(TABLE_UP, "table-up") X(CURSOR, "cursor") X(SLOT, "slot")     \
	X(OPEN, "open")                                                                                                         \
	X(NOTICE, "notice") X(NOTICE_TIME, "notice-time") X(NOTICE_NEXT, "notice-next") X(EXPLAIN, "explain")                   \
	X(FORK_CHILD, "child") X(FORK_NEXT, "child-next") X(FORK_PREV, "child-prev") X(FORK_PAGE, "fork-page") X(FORK_ALL, "fork-all") \
	/* inspector: FIND: an address; EVENT: a record; SEARCH takes a text; RESULT: of the search */                           \
	X(SEARCH, "search") X(FIND, "find") X(EVENT, "event") X(RESULT, "result") X(RESULT_NEXT, "result-next")                 \
	X(RESULT_PREV, "result-prev") X(RESULT_TAKE, "result-take") X(COPY, "")                                                 \
	X(TREE_SORT, "tree-sort") X(TREE_FILTER, "tree-filter") X(TREE_ENDED, "tree-ended") X(NEWEST, "newest")                 \
	X(TREE_SORT_BY, "tree-sort-by") X(TREE_FILTER_BY, "tree-filter-by")                                                     \
	/* window */                                                                                                            \
	X(HELP, "help") X(THEME, "theme") X(SCALE_UP, "larger") X(SCALE_DOWN, "smaller") X(SCALE_RESET, "scale-reset")          \
	X(PANES, "panes") X(COMPACT, "compact") X(ON_TOP, "") X(FILM, "") X(FULL, "") X(SHOT, "") X(MARK, "") X(ESCAPE, "escape") X(QUIT, "")

enum va_action_id {
#define X(symbol, name) VA_ACT_##symbol,
	VA_ACTIONS(X)
#undef X
	VA_ACTS
};

const char *va_action_name(enum va_action_id action);

/* The text behind "NAME:" of an action that takes one instead of a number (search); NULL = it takes none. Points into `text`. */
const char *va_action_text(const char *text);

/*
 * "NAME" or "NAME:ARG"; ARG is a number (0x… is hexadecimal), or a name for `tab`, `colour` and `filter`. False: no such action, or a broken argument.
 */
bool va_action_parse(const char *text, enum va_action_id *action, uint64_t *arg);

#endif
