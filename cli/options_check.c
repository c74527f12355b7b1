#include "options_check.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "arguments.h"
#include "commands.h"

static bool is_among(const char *word, size_t n, const char *names)
{
	for (size_t k; *names; names += k + strspn(names + k, ", ")) {
		k = strcspn(names, ", ");
		if (k == n && !strncmp(names, word, n))
			return true;
	}
	return false;
}

/* Names of functions and tracepoints: the module says whether they are hooks of its own. */
static bool names_hooks(const char *list)
{
	return *list && strspn(list, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_,") == strlen(list);
}

bool va_param_fits(const char *param)
{
	size_t n = strcspn(param, "="), digits = param[n] ? strspn(param + n + 1, "0123456789") : 0;

	if (!strncmp(param, "without=", 8))
		return names_hooks(param + 8);
	return is_among(param, n, VA_PARAM_NAMES) && digits && digits < 10 && !param[n + 1 + digits];
}

bool va_classes_fit(const char *classes)
{
	size_t n, words = 0;

	for (const char *p = classes; *p; p += n + strspn(p + n, " ")) {
		p += *p == '+' || *p == '-';
		n = strcspn(p, " ");
		if (!is_among(p, n, "fault op vma task mark"))
			return false;
		words++;
	}
	return words;
}

/* Where path lies, with no link in its directory; NULL where that is nowhere. */
static char *place(const char *path)
{
	char *copy = va_string("%s", path), *name = va_string("%s", path);
	char *dir = realpath(dirname(copy), NULL), *whole = dir ? va_string("%s/%s", dir, basename(name)) : NULL;

	free(copy);
	free(name);
	free(dir);
	return whole;
}

static bool same_file(const char *a, const char *b)
{
	struct stat one, two;
	char *first, *second;
	bool same;

	if (!stat(a, &one) && !stat(b, &two))
		return S_ISREG(one.st_mode) && one.st_dev == two.st_dev && one.st_ino == two.st_ino;
	first = place(a);
	second = place(b);
	same = first && second && !strcmp(first, second);
	free(first);
	free(second);
	return same;
}

/* In whole MiB, as QEMU wants the parts to make the whole. */
static bool memory_divides(const struct va_options *o)
{
	unsigned long mib = strtoul(o->memory, NULL, 10) * (strchr(o->memory, 'G') ? 1024 : 1);

	return mib % o->nodes == 0;
}

static int disagreement(const struct va_options *o, const char *command)
{
	if (o->local && o->vm)
		return va_usage(command, "--local and --vm exclude each other: one runs the command here, the other in the VM");
	if (o->local && o->of_vm)
		return va_usage(command, "--%s is the VM's and does not go with --local", o->of_vm);
	if (o->of_vm && o->module)
		return va_usage(command, "--module is this machine's and does not go with --%s", o->of_vm);
	if (o->cpus % o->nodes)
		return va_usage(command, "--numa and --cpus: the nodes must share the processors evenly, say --numa 2 --cpus 4");
	if (o->nodes > 1 && !memory_divides(o))
		return va_usage(command, "--mem %s cannot be shared evenly by the nodes of --numa", o->memory);
	if (o->guest_log && o->output && same_file(o->guest_log, o->output))
		return va_usage(command, "%s would be both the recording and the guest's log", o->output);
	return VA_EXIT_OK;
}

bool va_options_agree(struct va_options *o, const char *command)
{
	o->where = o->local ? VA_WHERE_LOCAL : o->of_vm ? VA_WHERE_VM : VA_WHERE_AUTO;
	return disagreement(o, command) == VA_EXIT_OK;
}
