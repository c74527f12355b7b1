#include "colour.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BOLD "\033[1m"
#define DIM "\033[2m"
#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define BLUE "\033[34m"
#define CYAN "\033[36m"
#define PLAIN "\033[0m"

struct painter {
	FILE *to;    /* the plain stream; owned */
	bool broken; /* a line was cut by a flush (a progress bar): its rest stays plain */
};

static void put(FILE *to, const char *s, size_t n)
{
	fwrite(s, 1, n, to);
}

static void put_in(FILE *to, const char *colour, const char *s, size_t n)
{
	fputs(colour, to);
	put(to, s, n);
	fputs(PLAIN, to);
}

static bool begins(const char *s, size_t n, const char *with)
{
	size_t m = strlen(with);

	return n >= m && !memcmp(s, with, m);
}

/* "HEAP:", "EXECUTABLE (/usr/bin/cat):" */
static bool is_title(const char *s, size_t n)
{
	return n > 2 && s[n - 1] == ':' && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z';
}

/* " r-xp " somewhere; its first letter, or NULL */
static const char *find_perms(const char *s, size_t n)
{
	for (size_t i = 0; i + 6 <= n; i++)
		if (s[i] == ' ' && s[i + 5] == ' ' && strchr("r-", s[i + 1]) && strchr("w-", s[i + 2]) && strchr("x-", s[i + 3]) && strchr("ps", s[i + 4]))
			return s + i + 1;
	return NULL;
}

static const char *colour_of_perms(const char *p)
{
	bool w = p[1] == 'w', x = p[2] == 'x';

	return w && x ? BOLD RED : x ? RED : w ? GREEN : p[0] == 'r' ? BLUE : DIM;
}

static const char *colour_of_line(const char *s, size_t n)
{
	if (begins(s, n, "=== ") || is_title(s, n))
		return BOLD;
	if (begins(s, n, "*** "))
		return BOLD RED;
	if (begins(s, n, "Step ") || begins(s, n, "--- "))
		return CYAN;
	if (begins(s, n, "REGION TYPE") || begins(s, n, "  Address Range"))
		return DIM;
	return begins(s, n, "+ 0x") ? GREEN : begins(s, n, "- 0x") ? RED : begins(s, n, "~ 0x") ? YELLOW : NULL;
}

/* Without its newline. */
static void paint(FILE *to, const char *s, size_t n)
{
	const char *whole = colour_of_line(s, n), *arrow = memmem(s, n, "<--", 3), *perms = find_perms(s, n);

	if (whole) {
		put_in(to, whole, s, n);
	} else if (arrow) {
		put(to, s, (size_t)(arrow - s));
		put_in(to, YELLOW, arrow, n - (size_t)(arrow - s));
	} else if (perms) {
		put(to, s, (size_t)(perms - s));
		put_in(to, colour_of_perms(perms), perms, 4);
		put(to, perms + 4, n - (size_t)(perms + 4 - s));
	} else {
		put(to, s, n);
	}
}

static ssize_t painted_write(void *ctx, const char *s, size_t n)
{
	struct painter *p = ctx;
	const char *end = s + n;

	while (s < end) {
		const char *newline = memchr(s, '\n', (size_t)(end - s));

		if (!newline || p->broken)
			put(p->to, s, (size_t)((newline ? newline : end) - s));
		else
			paint(p->to, s, (size_t)(newline - s));
		p->broken = !newline;
		if (!newline)
			break;
		putc('\n', p->to);
		s = newline + 1;
	}
	return fflush(p->to) ? 0 : (ssize_t)n;
}

static void paint_stream(FILE **stream, int fd)
{
	static const cookie_io_functions_t functions = {.write = painted_write};
	struct painter *p = calloc(1, sizeof(*p));
	FILE *painted;

	if (!p)
		return;
	p->to = fdopen(dup(fd), "w");
	painted = p->to ? fopencookie(p, "w", functions) : NULL;
	if (!painted)
		return;
	setvbuf(painted, NULL, _IOLBF, 65536);
	fflush(*stream);
	*stream = painted;
}

static bool is_wanted(enum vm_colour when, int fd)
{
	const char *none = getenv("NO_COLOR"), *term = getenv("TERM");

	if (when != VM_COLOUR_AUTO)
		return when == VM_COLOUR_ALWAYS;
	return isatty(fd) && !(none && *none) && term && strcmp(term, "dumb");
}

void vm_colour_begin(enum vm_colour when)
{
	if (is_wanted(when, STDOUT_FILENO))
		paint_stream(&stdout, STDOUT_FILENO);
	if (is_wanted(when, STDERR_FILENO))
		paint_stream(&stderr, STDERR_FILENO);
}
