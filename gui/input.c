#include "input.h"

#include <SDL_keycode.h>

#include "tables_view.h"
#include "tabs.h"

const struct va_key va_keys[] = {
	{VA_ACT_PAUSE, ' ', 0, "Space", "pause, go on", "Time", 0},
	{VA_ACT_STEP_CALL, '.', VA_MOD_SHIFT, "Shift .", "to the next system call", "Time", 0},
	{VA_ACT_STEP_CALL, '>', 0, NULL, NULL, NULL, 0},
	{VA_ACT_STEP_CALL, '<', VA_MOD_SHIFT, NULL, NULL, NULL, 0},
	{VA_ACT_STEP_CALL_BACK, ',', VA_MOD_SHIFT, "Shift ,", "to the system call before", "Time", 0},
	{VA_ACT_STEP_CALL_BACK, '<', 0, NULL, NULL, NULL, 0},
	{VA_ACT_STEP, '.', 0, ".", "one event forward", "Time", 0},
	{VA_ACT_STEP_BACK, ',', 0, ",", "one event back", "Time", 0},
	{VA_ACT_BOOKMARK_PREV, 'b', VA_MOD_CTRL | VA_MOD_SHIFT, "Ctrl Shift B", "previous bookmark", "Time", 0},
	{VA_ACT_BOOKMARK_NEXT, 'b', VA_MOD_CTRL, "Ctrl B", "next bookmark", "Time", 0},
	{VA_ACT_A_HERE, 'a', VA_MOD_SHIFT, "Shift A", "moment A is here", "Time", 0},
	{VA_ACT_B_HERE, 'b', VA_MOD_SHIFT, "Shift B", "moment B is here", "Time", 0},
	{VA_ACT_BOOKMARK, 'b', 0, "B", "set a bookmark, remove it", "Time", 0},
	{VA_ACT_AB_ZOOM, 'x', VA_MOD_SHIFT, "Shift X", "timeline: from A to B", "Time", 0},
	{VA_ACT_AB_SWAP, 'x', VA_MOD_CTRL, "Ctrl X", "swap A and B", "Time", 0},
	{VA_ACT_TIME_FIT, SDLK_HOME, VA_MOD_SHIFT, "Shift Home", "timeline: all of it", "Time", 0},
	{VA_ACT_TIME_IN, SDLK_RIGHT, VA_MOD_CTRL, "Ctrl →", "timeline: closer", "Time", 0},
	{VA_ACT_TIME_OUT, SDLK_LEFT, VA_MOD_CTRL, "Ctrl ←", "timeline: farther", "Time", 0},
	{VA_ACT_TIME_EARLIER, SDLK_PAGEUP, VA_MOD_SHIFT, "Shift PgUp", "timeline: earlier", "Time", 0},
	{VA_ACT_TIME_LATER, SDLK_PAGEDOWN, VA_MOD_SHIFT, "Shift PgDn", "timeline: later", "Time", 0},
	{VA_ACT_MARK_NEXT, ']', 0, "]", "next mark", "Time", 0},
	{VA_ACT_MARK_PREV, '[', 0, "[", "previous mark", "Time", 0},
	{VA_ACT_EACH, 'e', 0, "E", "event by event, slowly", "Time", 0},
	{VA_ACT_FASTER, '+', 0, "+", "faster", "Time", 0},
	{VA_ACT_FASTER, '=', 0, NULL, NULL, NULL, 0},
	{VA_ACT_FASTER, SDLK_KP_PLUS, 0, NULL, NULL, NULL, 0},
	{VA_ACT_SLOWER, '-', 0, "−", "slower", "Time", 0},
	{VA_ACT_SLOWER, SDLK_KP_MINUS, 0, NULL, NULL, NULL, 0},
	{VA_ACT_LIVE, 'l', 0, "L", "live: to the end", "Time", 0},
	{VA_ACT_BEGIN, SDLK_HOME, 0, "Home", "to the beginning", "Time", 0},
	{VA_ACT_END, SDLK_END, 0, "End", "to the end", "Time", 0},
	{VA_ACT_MARK, 'm', 0, "M", "write a mark", "Time", 0},

	{VA_ACT_PROCESS_NEXT, '\t', 0, "Tab", "next process", "Map", 0},
	{VA_ACT_PROCESS_PREV, '\t', VA_MOD_SHIFT, "Shift Tab", "previous process", "Map", 0},
	{VA_ACT_FOLLOW, 'f', 0, "F", "follow what happens", "Map", 0},
	{VA_ACT_WHOLE, '0', 0, "0", "the whole map", "Map", 0},
	{VA_ACT_WHOLE, SDLK_BACKSPACE, 0, NULL, NULL, NULL, 0},
	{VA_ACT_FIT_BOX, 'z', VA_MOD_SHIFT, "Shift Z", "fit the box", "Map", 0},
	{VA_ACT_ZOOM_TO, 'z', 0, "Z", "close up to the event's page", "Map", 0},
	{VA_ACT_BOX_PREV, SDLK_PAGEUP, 0, "PgUp", "the box above", "Map", 0},
	{VA_ACT_BOX_NEXT, SDLK_PAGEDOWN, 0, "PgDn", "the box below", "Map", 0},
	{VA_ACT_COLOUR_PREV, 'c', VA_MOD_SHIFT, "Shift C", "the colouring before", "Map", 0},
	{VA_ACT_COLOUR_NEXT, 'c', 0, "C", "colour by something else", "Map", 0},
	{VA_ACT_UP, 'w', 0, "W", "up", "Map", 0},
	{VA_ACT_UP, SDLK_UP, 0, NULL, NULL, NULL, 0},
	{VA_ACT_DOWN, 's', 0, "S", "down", "Map", 0},
	{VA_ACT_DOWN, SDLK_DOWN, 0, NULL, NULL, NULL, 0},
	{VA_ACT_ZOOM_IN, 'd', 0, "D", "closer", "Map", 0},
	{VA_ACT_ZOOM_IN, SDLK_RIGHT, 0, NULL, NULL, NULL, 0},
	{VA_ACT_ZOOM_OUT, 'a', 0, "A", "farther", "Map", 0},
	{VA_ACT_ZOOM_OUT, SDLK_LEFT, 0, NULL, NULL, NULL, 0},

	{VA_ACT_TAB, '1', 0, "1 … 8", "the stage's tabs", "Stage", VA_TAB_WALK},
	{VA_ACT_TAB, '2', 0, NULL, NULL, NULL, VA_TAB_TABLES},
	{VA_ACT_TAB, '3', 0, NULL, NULL, NULL, VA_TAB_FORK},
	{VA_ACT_TAB, '4', 0, NULL, NULL, NULL, VA_TAB_TREE},
	{VA_ACT_TAB, '5', 0, NULL, NULL, NULL, VA_TAB_INSPECT},
	{VA_ACT_TAB, '6', 0, NULL, NULL, NULL, VA_TAB_DIFFERENCE},
	{VA_ACT_TAB, '7', 0, NULL, NULL, NULL, VA_TAB_STATS},
	{VA_ACT_TAB, '8', 0, NULL, NULL, NULL, VA_TAB_NOTICED},
	{VA_ACT_TAB_NEXT, SDLK_PAGEDOWN, VA_MOD_CTRL, "Ctrl PgDn", "next tab", "Stage", 0},
	{VA_ACT_TAB_PREV, SDLK_PAGEUP, VA_MOD_CTRL, "Ctrl PgUp", "previous tab", "Stage", 0},
	{VA_ACT_OPEN, SDLK_RETURN, 0, "Enter", "enlarge, or open the entry", "Stage", 0},
	{VA_ACT_OPEN, SDLK_KP_ENTER, 0, NULL, NULL, NULL, 0},
	{VA_ACT_CURSOR, SDLK_RIGHT, VA_MOD_SHIFT, "Shift ←→↑↓", "tables: choose an entry", "Stage", VA_CURSOR_RIGHT},
	{VA_ACT_CURSOR, SDLK_LEFT, VA_MOD_SHIFT, NULL, NULL, NULL, VA_CURSOR_LEFT},
	{VA_ACT_CURSOR, SDLK_UP, VA_MOD_SHIFT, NULL, NULL, NULL, VA_CURSOR_UP},
	{VA_ACT_CURSOR, SDLK_DOWN, VA_MOD_SHIFT, NULL, NULL, NULL, VA_CURSOR_DOWN},
	{VA_ACT_TABLE_UP, SDLK_BACKSPACE, VA_MOD_SHIFT, "Shift Bksp", "tables: the table above", "Stage", 0},
	{VA_ACT_NOTICE_NEXT, 'n', 0, "N", "to the next thing noticed", "Stage", 0},
	{VA_ACT_EXPLAIN, 'x', 0, "X", "explain each event", "Stage", 0},

	{VA_ACT_FORK_PREV, 'k', VA_MOD_SHIFT, "Shift K", "fork: previous child", "Stage", 0},
	{VA_ACT_FORK_NEXT, 'k', 0, "K", "fork: next child", "Stage", 0},
	{VA_ACT_FORK_ALL, 'k', VA_MOD_CTRL, "Ctrl K", "fork: fold equal mappings", "Stage", 0},
	{VA_ACT_SEARCH, 'f', VA_MOD_CTRL, "Ctrl F or /", "search", "Stage", 0},
	{VA_ACT_SEARCH, '/', 0, NULL, NULL, NULL, 0},
	{VA_ACT_COPY, 'c', VA_MOD_CTRL | VA_MOD_SHIFT, "Ctrl Shift C", "copy all its facts", "Stage", 1},
	{VA_ACT_COPY, 'c', VA_MOD_CTRL, "Ctrl C", "copy what is chosen", "Stage", 0},

	{VA_ACT_TREE_ENDED, 'o', VA_MOD_SHIFT, "Shift O", "processes: fold ended ones", "Stage", 0},
	{VA_ACT_TREE_SORT, 'o', 0, "O", "processes: another order", "Stage", 0},
	{VA_ACT_TREE_FILTER, 'o', VA_MOD_CTRL, "Ctrl O", "processes: which are listed", "Stage", 0},
	{VA_ACT_NEWEST, 'n', VA_MOD_CTRL, "Ctrl N", "follow the newest process", "Stage", 0},

	{VA_ACT_HELP, '?', 0, "?", "this help", "Window", 0},
	{VA_ACT_HELP, SDLK_F1, 0, NULL, NULL, NULL, 0},
	{VA_ACT_HELP, '/', VA_MOD_SHIFT, NULL, NULL, NULL, 0},
	{VA_ACT_THEME, 't', 0, "T", "dark, light, projector", "Window", 0},
	{VA_ACT_SCALE_UP, '+', VA_MOD_CTRL, "Ctrl +", "larger texts", "Window", 0},
	{VA_ACT_SCALE_UP, '=', VA_MOD_CTRL, NULL, NULL, NULL, 0},
	{VA_ACT_SCALE_UP, SDLK_KP_PLUS, VA_MOD_CTRL, NULL, NULL, NULL, 0},
	{VA_ACT_SCALE_DOWN, '-', VA_MOD_CTRL, "Ctrl −", "smaller texts", "Window", 0},
	{VA_ACT_SCALE_DOWN, SDLK_KP_MINUS, VA_MOD_CTRL, NULL, NULL, NULL, 0},
	{VA_ACT_SCALE_RESET, '0', VA_MOD_CTRL, "Ctrl 0", "texts as at the start", "Window", 0},
	{VA_ACT_PANES, 'v', 0, "V", "map and stage, map, stage", "Window", 0},
	{VA_ACT_COMPACT, SDLK_F8, 0, "F8", "compact: the map alone", "Window", 0},
	{VA_ACT_ON_TOP, SDLK_F9, 0, "F9", "stay above other windows", "Window", 0},
	{VA_ACT_FULL, SDLK_F11, 0, "F11", "full screen", "Window", 0},
	{VA_ACT_SHOT, SDLK_F12, 0, "F12", "save a picture", "Window", 0},
	{VA_ACT_FILM, SDLK_F12, VA_MOD_SHIFT, "Shift F12", "film the window", "Window", 0},
	{VA_ACT_ESCAPE, SDLK_ESCAPE, 0, "Esc", "close, clear what is chosen", "Window", 0},
	{VA_ACT_QUIT, 'q', VA_MOD_CTRL, "Ctrl Q", "quit", "Window", 0},
};
const size_t va_key_count = sizeof(va_keys) / sizeof(va_keys[0]);

/* Printable keys need Shift on some keyboards to be typed at all: it counts only where a key asks for it. */
static bool shift_is_idle(const struct va_key *k)
{
	return k->key > ' ' && k->key < 0x7f && !(k->mods & VA_MOD_SHIFT);
}

const struct va_key *va_key_for(int key, unsigned mods)
{
	for (size_t i = 0; i < va_key_count; i++)
		if (va_keys[i].key == key && va_keys[i].mods == mods)
			return &va_keys[i];
	for (size_t i = 0; i < va_key_count; i++)
		if (va_keys[i].key == key && shift_is_idle(&va_keys[i]) && va_keys[i].mods == (mods & ~(unsigned)VA_MOD_SHIFT))
			return &va_keys[i];
	return NULL;
}

const char *va_action_key(enum va_action_id action)
{
	for (size_t i = 0; i < va_key_count; i++)
		if (va_keys[i].action == action && va_keys[i].name)
			return va_keys[i].name;
	return "";
}
