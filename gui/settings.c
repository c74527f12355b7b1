#include "settings.h"

#include <errno.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "replace.h"
#include "view.h"

#define SIZE_MAX_PIXELS 16384

/* The file's path, its directories made where `make` says so. False where there is no home to keep it in. */
static bool path_of(char *path, size_t n, bool make)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char base[PATH_MAX / 2], dir[PATH_MAX - 16];

	if (config && config[0] == '/')
		snprintf(base, sizeof(base), "%s", config);
	else if (home && home[0] == '/')
		snprintf(base, sizeof(base), "%s/.config", home);
	else
		return false;
	snprintf(dir, sizeof(dir), "%s/vmatlas", base);
	if (make) {
		mkdir(base, 0700);
		mkdir(dir, 0700);
	}
	return snprintf(path, n, "%s/window", dir) < (int)n;
}

static int number(const char *text, int least, int most, int otherwise)
{
	char *end;
	long v = strtol(text, &end, 10);

	return end == text || *end || v < least || v > most ? otherwise : (int)v;
}

static void take(struct va_settings *s, const char *name, const char *value)
{
	char *end;
	double v = strtod(value, &end);

	if (!strcmp(name, "theme") && va_theme_find(value))
		snprintf(s->theme, sizeof(s->theme), "%s", value);
	else if (!strcmp(name, "scale") && end != value && !*end && v >= VA_SCALE_LEAST && v <= VA_SCALE_MOST)
		s->scale = v;
	else if (!strcmp(name, "x"))
		s->x = number(value, -SIZE_MAX_PIXELS, SIZE_MAX_PIXELS, 0);
	else if (!strcmp(name, "y"))
		s->y = number(value, -SIZE_MAX_PIXELS, SIZE_MAX_PIXELS, 0);
	else if (!strcmp(name, "width"))
		s->w = number(value, 320, SIZE_MAX_PIXELS, 0);
	else if (!strcmp(name, "height"))
		s->h = number(value, 240, SIZE_MAX_PIXELS, 0);
	else if (!strcmp(name, "maximised"))
		s->maximised = !strcmp(value, "yes");
	else if (!strcmp(name, "compact"))
		s->compact = !strcmp(value, "yes");
	else if (!strcmp(name, "on-top"))
		s->on_top = !strcmp(value, "yes");
	else if (!strcmp(name, "explain"))
		s->explain = !strcmp(value, "yes");
	else if (!strcmp(name, "colour"))
		s->colour = (unsigned)number(value, 0, 64, 0);
}

void va_settings_load(struct va_settings *s)
{
	char path[PATH_MAX], line[256];
	FILE *f;

	*s = VA_SETTINGS_NONE;
	f = path_of(path, sizeof(path), false) ? fopen(path, "re") : NULL;
	while (f && fgets(line, sizeof(line), f)) {
		char *value = strchr(line, ' ');

		line[strcspn(line, "\n")] = '\0';
		if (!value)
			continue;
		*value++ = '\0';
		take(s, line, value);
	}
	if (f)
		fclose(f);
	if (!s->w || !s->h)
		s->w = s->h = 0;
}

static const char *yes(bool v)
{
	return v ? "yes" : "no";
}

static bool print(FILE *f, const struct va_settings *s)
{
	if (*s->theme)
		fprintf(f, "theme %s\n", s->theme);
	fprintf(f, "scale %.3f\n", s->scale);
	if (s->w)
		fprintf(f, "x %d\ny %d\nwidth %d\nheight %d\n", s->x, s->y, s->w, s->h);
	fprintf(f, "maximised %s\ncompact %s\non-top %s\nexplain %s\ncolour %u\n", yes(s->maximised), yes(s->compact), yes(s->on_top), yes(s->explain), s->colour);
	return !ferror(f);
}

int va_settings_save(const struct va_settings *s)
{
	struct va_replace replace;
	char path[PATH_MAX];
	bool good = false;
	int error;
	FILE *f;

	if (!path_of(path, sizeof(path), true))
		return -ENOENT;
	error = va_replace_begin(&replace, path);
	if (error)
		return error;
	f = fopen(replace.temp, "we");
	if (f) {
		good = print(f, s);
		good = !fclose(f) && good;
	}
	return va_replace_end(&replace, good) ?: good ? 0 : -EIO;
}
