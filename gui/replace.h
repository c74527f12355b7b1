/*
 * A file that is there only when it is whole: written under another name beside it, then renamed. What was there before stays until then,
 * and where writing fails.
 */
#ifndef VA_REPLACE_H
#define VA_REPLACE_H

#include <linux/limits.h>
#include <stdbool.h>

struct va_replace {
	char path[PATH_MAX]; /* where it goes: links are followed */
	char temp[PATH_MAX]; /* where to write it; the same as path for what is no regular file */
};

/* Creates the file temp, empty, with the suffix of path. 0 or -errno. */
int va_replace_begin(struct va_replace *r, const char *path);
/* good: temp becomes path; else it is removed. 0 or -errno (then path is what it was). */
int va_replace_end(struct va_replace *r, bool good);

#endif
