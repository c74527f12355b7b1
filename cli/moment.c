#include "moment.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"

static int find_mark(struct va_history *h, const char *name, size_t *position)
{
	*position = va_history_find_mark(h, name);
	if (*position != (size_t)-1)
		return VA_EXIT_OK;
	fprintf(stderr, "vmatlas: no mark '%s' in this recording (it has %zu; 'vmatlas events FILE --type mark' lists them)\n", name,
		va_history_mark_count(h));
	return VA_EXIT_FAILURE;
}

bool va_moment_since(const char *text, __u64 *ns)
{
	char *end;
	double seconds = strtod(text, &end);

	*ns = ~0ull;
	if (!strcmp(text, "end"))
		return true;
	if (!*text || *end || !isfinite(seconds) || seconds < 0 || seconds >= 1e9)
		return false;
	*ns = (__u64)(seconds * 1e9 + 0.5);
	return true;
}

int va_moment_find(struct va_recording *r, const char *command, const char *text, size_t *position)
{
	struct va_history *h = va_recording_history(r);
	__u64 ns;

	if (!strncmp(text, "mark:", 5))
		return find_mark(h, text + 5, position);
	if (!strcmp(text, "end")) {
		*position = va_history_count(h);
	} else if (!strcmp(text, "start")) {
		*position = 0;
	} else if (va_moment_since(text, &ns)) {
		*position = va_history_find_time(h, va_history_begin(h) + ns);
	} else {
		fprintf(stderr, "vmatlas: '%s' is no moment: " VA_MOMENT_HELP "; try 'vmatlas %s --help'\n", text, command);
		return VA_EXIT_USAGE;
	}
	return VA_EXIT_OK;
}

int va_moment_load(struct va_recording **r, const char *path)
{
	*r = va_recording_new();
	if (va_recording_load(*r, path) == 0)
		return VA_EXIT_OK;
	va_recording_free(*r);
	*r = NULL;
	return VA_EXIT_NOT_A_RECORDING;
}
