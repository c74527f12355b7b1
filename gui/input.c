#include "input.h"

#include <SDL_keycode.h>

const struct va_key va_keys[] = {
	{VA_ACT_PAUSE, ' ', 0, "Space", "pause, go on", "Time"},
	{VA_ACT_STEP, '.', 0, ".", "one event forward", "Time"},
	{VA_ACT_STEP_BACK, ',', 0, ",", "one event back", "Time"},
	{VA_ACT_MARK_NEXT, ']', 0, "]", "next mark", "Time"},
	{VA_ACT_MARK_PREV, '[', 0, "[", "previous mark", "Time"},
	{VA_ACT_EACH, 'e', 0, "E", "event by event, at the eye's pace", "Time"},
	{VA_ACT_FASTER, '+', 0, "+", "faster", "Time"},
	{VA_ACT_FASTER, '=', 0, NULL, NULL, NULL},
	{VA_ACT_FASTER, SDLK_KP_PLUS, 0, NULL, NULL, NULL},
	{VA_ACT_SLOWER, '-', 0, "−", "slower", "Time"},
	{VA_ACT_SLOWER, SDLK_KP_MINUS, 0, NULL, NULL, NULL},
	{VA_ACT_LIVE, 'l', 0, "L", "live: to the end, and stay there", "Time"},
	{VA_ACT_BEGIN, SDLK_HOME, 0, "Home", "to the beginning", "Time"},
	{VA_ACT_END, SDLK_END, 0, "End", "to the end", "Time"},
	{VA_ACT_MARK, 'm', 0, "M", "write a mark", "Time"},

	{VA_ACT_PROCESS_NEXT, '\t', 0, "Tab", "next process", "Map"},
	{VA_ACT_PROCESS_PREV, '\t', VA_MOD_SHIFT, "Shift Tab", "previous process", "Map"},
	{VA_ACT_FOLLOW, 'f', 0, "F", "follow what happens", "Map"},
	{VA_ACT_WHOLE, '0', 0, "0", "the whole map", "Map"},
	{VA_ACT_WHOLE, SDLK_BACKSPACE, 0, NULL, NULL, NULL},
	{VA_ACT_UP, 'w', 0, "W", "up", "Map"},
	{VA_ACT_UP, SDLK_UP, 0, NULL, NULL, NULL},
	{VA_ACT_DOWN, 's', 0, "S", "down", "Map"},
	{VA_ACT_DOWN, SDLK_DOWN, 0, NULL, NULL, NULL},
	{VA_ACT_ZOOM_IN, 'd', 0, "D", "closer", "Map"},
	{VA_ACT_ZOOM_IN, SDLK_RIGHT, 0, NULL, NULL, NULL},
	{VA_ACT_ZOOM_OUT, 'a', 0, "A", "farther", "Map"},
	{VA_ACT_ZOOM_OUT, SDLK_LEFT, 0, NULL, NULL, NULL},

	{VA_ACT_HELP, '?', 0, "?", "this help", "Window"},
	{VA_ACT_HELP, SDLK_F1, 0, NULL, NULL, NULL},
	{VA_ACT_HELP, '/', VA_MOD_SHIFT, NULL, NULL, NULL},
	{VA_ACT_THEME, 't', 0, "T", "dark, light, projector", "Window"},
	{VA_ACT_SCALE_UP, '+', VA_MOD_CTRL, "Ctrl +", "larger texts", "Window"},
	{VA_ACT_SCALE_UP, '=', VA_MOD_CTRL, NULL, NULL, NULL},
	{VA_ACT_SCALE_UP, SDLK_KP_PLUS, VA_MOD_CTRL, NULL, NULL, NULL},
	{VA_ACT_SCALE_DOWN, '-', VA_MOD_CTRL, "Ctrl −", "smaller texts", "Window"},
	{VA_ACT_SCALE_DOWN, SDLK_KP_MINUS, VA_MOD_CTRL, NULL, NULL, NULL},
	{VA_ACT_SCALE_RESET, '0', VA_MOD_CTRL, "Ctrl 0", "texts as at the start", "Window"},
	{VA_ACT_FULL, SDLK_F11, 0, "F11", "full screen", "Window"},
	{VA_ACT_SHOT, SDLK_F12, 0, "F12", "save a picture", "Window"},
	{VA_ACT_ESCAPE, SDLK_ESCAPE, 0, "Esc", "close, clear what is chosen", "Window"},
	{VA_ACT_QUIT, 'q', VA_MOD_CTRL, "Ctrl Q", "quit", "Window"},
};
const size_t va_key_count = sizeof(va_keys) / sizeof(va_keys[0]);

enum va_action_id va_action_for(int key, unsigned mods)
{
	for (size_t i = 0; i < va_key_count; i++) {
		unsigned want = va_keys[i].mods, have = mods;

		if (va_keys[i].key > ' ' && va_keys[i].key < 0x7f && !(want & VA_MOD_SHIFT))
			have &= ~(unsigned)VA_MOD_SHIFT;
		if (va_keys[i].key == key && want == have)
			return va_keys[i].action;
	}
	return VA_ACT_NONE;
}

const char *va_action_key(enum va_action_id action)
{
	for (size_t i = 0; i < va_key_count; i++)
		if (va_keys[i].action == action && va_keys[i].name)
			return va_keys[i].name;
	return "";
}
