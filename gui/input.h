/*
 * What a user can do: one table for keys, buttons and help, so that they cannot disagree.
 */
#ifndef VA_INPUT_H
#define VA_INPUT_H

#include "scene.h"

enum va_mods { VA_MOD_CTRL = 1, VA_MOD_SHIFT = 2 };

struct va_key {
	enum va_action_id action;
	int key;            /* SDL key code; printable ones are ASCII */
	unsigned mods;      /* enum va_mods; SHIFT is ignored for printable keys */
	const char *name;   /* on the keyboard; NULL = a second key, not shown */
	const char *help;
	const char *group;
	uint64_t arg;       /* of the action */
};

extern const struct va_key va_keys[];
extern const size_t va_key_count;

const struct va_key *va_key_for(int key, unsigned mods); /* NULL = does nothing */
const char *va_action_key(enum va_action_id action);     /* name of its first key, "" = none */

#endif
