#include "units.h"

#include <stdio.h>
#include <string.h>

bool vm_exact;

const char *vm_size(char *buf, __u64 bytes)
{
	static const char *const units[] = {"KB", "MB", "GB", "TB", "PB"};
	double v = (double)bytes / 1024;
	int unit = 0, at = 0;

	if (!vm_exact && bytes < 1u << 20 && !(bytes & 1023)) { /* most of them */
		unsigned kb = (unsigned)(bytes >> 10);

		for (unsigned scale = 1000; scale; scale /= 10)
			if (kb >= scale || scale == 1)
				buf[at++] = (char)('0' + kb / scale % 10);
		memcpy(buf + at, " KB", 4);
		return buf;
	}
	if (vm_exact) {
		snprintf(buf, 32, "%llu", bytes);
		return buf;
	}
	for (; v >= 1024 && unit < 4; v /= 1024)
		unit++;
	if (!unit || v >= 100 || v == (double)(__u64)v)
		snprintf(buf, 32, "%.0f %s", v, units[unit]);
	else
		snprintf(buf, 32, "%.*f %s", v >= 10 ? 1 : 2, v, units[unit]);
	return buf;
}

const char *vm_count(char *buf, __u64 n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu", n), out = 0;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			buf[out++] = ',';
		buf[out++] = digits[i];
	}
	buf[out] = '\0';
	return buf;
}

size_t vm_whole_characters(const char *text, size_t room)
{
	while (room && (text[room] & 0xc0) == 0x80)
		room--;
	return room;
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

const char *vm_harmless(const char *text, char *buf, size_t n)
{
	const char *p = text;
	size_t at = 0;

	while (*p && !is_control(*p))
		p++;
	if (!*p)
		return text;
	for (p = text; *p && at + 5 < n; p++)
		at += (size_t)snprintf(buf + at, n - at, is_control(*p) ? "\\%03o" : "%c", (unsigned char)*p);
	buf[at] = '\0';
	return buf;
}

void vm_print_tail(const char *name, int room, bool wide)
{
	char store[17000];
	const char *path = vm_harmless(name, store, sizeof(store));
	int n = (int)strlen(path);
	const char *from = path + n - room + 1;

	if (wide || n <= room) {
		puts(path);
		return;
	}
	while (from < path + n && (*from & 0xc0) == 0x80)
		from++;
	printf("…%s\n", from);
}

#define COLUMNS 100
#define KEY_COLUMN 16

/* Columns of a word: its characters. */
static int columns(const char *s, size_t n)
{
	int c = 0;

	for (size_t i = 0; i < n; i++)
		c += (s[i] & 0xc0) != 0x80;
	return c;
}

/* `at`: the column that is reached; more lines begin at column `indent`. */
static void print_words(const char *words, int at, int indent)
{
	int spaces = 0;

	while (*words) {
		size_t n = strcspn(words, " \n");
		int wide = columns(words, n);

		if (at + spaces + wide > COLUMNS && at > indent) {
			at = printf("\n%*s", indent, "") - 1;
			spaces = 0;
		}
		at += printf("%*s", spaces, "") + wide;
		fwrite(words, 1, n, stdout);
		words += n;
		spaces = (int)strspn(words, " \n");
		words += spaces;
	}
	putchar('\n');
}

void vm_print_paragraph(const char *text)
{
	print_words(text, printf("  "), 2);
}

void vm_print_fact(const char *key, const char *text)
{
	char store[17000];
	const char *words = vm_harmless(text, store, sizeof(store));

	print_words(words, printf("  %-*s", KEY_COLUMN - 2, key), KEY_COLUMN);
}
