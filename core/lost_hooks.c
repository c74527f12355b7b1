#include "lost_hooks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void say(char *buf, size_t size, const char *format, const char *hook, int n, const char *more)
{
	size_t used = strlen(buf);

	if (used)
		used += (size_t)snprintf(buf + used, size - used, "; ");
	if (used < size)
		snprintf(buf + used, size - used, format, n, hook, more);
}

static void take_line(const char *line, char *buf, size_t size)
{
	const char *hook = line + 7, *rest = strchr(hook, ' '), *reason, *how;
	int n;

	if (!rest)
		return;
	n = (int)(rest - hook);
	if (!strncmp(line, "missed ", 7) && strtoull(rest + 1, NULL, 10)) {
		say(buf, size, "%.*s missed %s calls", hook, n, rest + 1);
	} else if (!strncmp(line, "absent ", 7)) {
		reason = strstr(rest, ": no ");
		how = strncmp(rest, " left out", 9) ? "%.*s is not there: no %s" : "%.*s is left out: no %s";
		say(buf, size, reason ? how : "%.*s: %s", hook, n, reason ? reason + 5 : rest + 1);
	}
}

bool va_lost_hooks_vital(const char *text, char *buf, size_t size)
{
	const char *found = text ? strstr(text, ", vital: no ") : NULL, *begin = found;
	char line[256];

	while (begin && begin > text && begin[-1] != '\n')
		begin--;
	if (!found)
		return false;
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(begin, "\n"), begin);
	va_lost_hooks_sentence(line, buf, size);
	return *buf;
}

const char *va_lost_hooks_sentence(const char *text, char *buf, size_t size)
{
	char line[256];

	*buf = 0;
	for (; text && *text; text += strcspn(text, "\n"), text += *text == '\n') {
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\n"), text);
		if (strlen(line) > 7)
			take_line(line, buf, size);
	}
	for (char *p = buf; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	return buf;
}
