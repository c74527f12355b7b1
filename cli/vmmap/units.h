/* Sizes for people: "532 KB", "1.6 MB", "140.25 GB"; with --bytes the exact number. */
#ifndef VM_UNITS_H
#define VM_UNITS_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

extern bool vm_exact; /* --bytes */

/* "4 KB"; returns buf, which needs 32 bytes */
const char *vm_size(char *buf, __u64 bytes);
const char *vm_count(char *buf, __u64 n); /* "25,600"; 32 bytes */

/* The most bytes of `text`, `room` at most, that end with a whole UTF-8 character. */
size_t vm_whole_characters(const char *text, size_t room);

/* `text`, or a copy in `buf` with control characters as octal escapes: a file may be called anything, a terminal would obey. */
const char *vm_harmless(const char *text, char *buf, size_t n);
/* A path and a newline, its beginning cut off where there is no room for all of it. */
void vm_print_tail(const char *name, int room, bool wide);
/* Two spaces in, broken between words before column 100. */
void vm_print_paragraph(const char *text);
/* "  KEY   words …", broken between words before column 100, what follows under the words. */
void vm_print_fact(const char *key, const char *text);

#endif
