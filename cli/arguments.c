#include "arguments.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "common/bytes.h"

static unsigned that_begin_with(const struct option *options, const char *word, size_t n)
{
	unsigned count = 0;

	for (; options->name; options++)
		count += !strncmp(options->name, word, n);
	return count;
}

/* word: as typed, "--name", "--name=value", "-x". */
static void complain(int c, int letter, const char *word, const struct option *options, const char *command)
{
	bool is_long = !strncmp(word, "--", 2);
	int n = is_long ? (int)strcspn(word, "=") : 2;
	char text[3] = { '-', (char)letter, 0 };
	const char *why = "is not an option";

	/* Letters may stand together: "-qx". */
	if (!is_long && letter > 0 && letter < 128)
		word = text;
	if (c == ':')
		why = "needs a value";
	else if (is_long && letter)
		why = "takes no value";
	else if (is_long && that_begin_with(options, word + 2, n - 2) > 1)
		why = "may be one of several options: write it out";
	fprintf(stderr, "vmatlas: '%.*s' %s; try 'vmatlas %s --help'\n", n, word, why, command);
}

int va_next_option(int argc, char **argv, const char *letters, const struct option *options, const char *command)
{
	/* A ':' in front, behind a '+', tells a missing value from an unknown option. */
	char *spec = va_string("%s:%s", *letters == '+' ? "+" : "", letters + (*letters == '+'));
	int at = optind ? optind : 1, c;

	opterr = 0;
	c = getopt_long(argc, argv, spec, options, NULL);
	free(spec);
	if (c != '?' && c != ':')
		return c;
	complain(c, optopt, argv[optind > at || c == ':' ? optind - 1 : at], options, command);
	return '?';
}

int va_usage(const char *command, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("vmatlas: ", stderr);
	vfprintf(stderr, format, args);
	fprintf(stderr, "; try 'vmatlas %s --help'\n", command);
	va_end(args);
	return VA_EXIT_USAGE;
}

bool va_take_pid(const char *command, const char *text, unsigned *pid)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	*pid = (unsigned)v;
	if (*text >= '0' && *text <= '9' && !*end && v && v <= 0x7fffffff)
		return true;
	va_usage(command, "--pid takes a process number, not '%s'", text);
	return false;
}

int va_end_output(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return VA_EXIT_OK;
	fprintf(stderr, "vmatlas: standard output: %s\n", strerror(errno));
	return VA_EXIT_FAILURE;
}
