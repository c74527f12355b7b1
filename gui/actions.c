#include "actions.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "map_colour.h"
#include "tabs.h"

static const char *const names[VA_ACTS] = {
#define X(symbol, name) [VA_ACT_##symbol] = name,
	VA_ACTIONS(X)
#undef X
};

const char *va_action_name(enum va_action_id action)
{
	return action < VA_ACTS ? names[action] : "";
}

static bool takes_text(enum va_action_id action)
{
	return action == VA_ACT_SEARCH;
}

static bool parse_argument(enum va_action_id action, const char *text, uint64_t *arg)
{
	enum va_tab tab;
	char *end;

	if (action == VA_ACT_TAB && va_tab_find(text, &tab)) {
		*arg = tab;
		return true;
	}
	if (action == VA_ACT_COLOUR && va_colour_find(text, arg))
		return true;
	if (action == VA_ACT_FILTER && va_filter_find(text, arg))
		return true;
	if (takes_text(action))
		return true;
	if (!isdigit((unsigned char)*text))
		return false;
	*arg = strtoull(text, &end, 0);
	return !*end;
}

const char *va_action_text(const char *text)
{
	enum va_action_id action;
	uint64_t arg;
	const char *colon = strchr(text, ':');

	return colon && va_action_parse(text, &action, &arg) && takes_text(action) ? colon + 1 : NULL;
}

bool va_action_parse(const char *text, enum va_action_id *action, uint64_t *arg)
{
	size_t n = strcspn(text, ":");

	*arg = 0;
	for (unsigned i = 0; i < VA_ACTS; i++) {
		if (!n || strlen(names[i]) != n || strncmp(names[i], text, n))
			continue;
		*action = (enum va_action_id)i;
		return !text[n] || parse_argument(*action, text + n + 1, arg);
	}
	return false;
}
