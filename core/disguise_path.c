/* Words for the components of paths. See disguise.h. */
#include <stdio.h>
#include <string.h>

#include "disguise.h"

#define SYLLABLES 75u
#define WORDS (SYLLABLES * SYLLABLES * SYLLABLES)
#define STEP 262147u /* no factor in common with WORDS: neighbours do not look alike */
#define COMM 15      /* what the kernel keeps of a program's name */

static const char deleted[] = " (deleted)";

static __u64 hash(const char *text, size_t n)
{
	__u64 h = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)text[i]) * 0x100000001b3ull;
	return h ^ h >> 29;
}

static size_t spell(__u32 n, char *out)
{
	static const char consonants[] = "bdfgklmnprstvzj", vowels[] = "aeiou";
	__u32 left = (__u32)((__u64)n % WORDS * STEP % WORDS), rounds = n / WORDS;
	size_t used = 0;

	for (unsigned i = 0; i < 3; i++, left /= SYLLABLES) {
		out[used++] = consonants[left % SYLLABLES / 5];
		out[used++] = vowels[left % 5];
	}
	return used + (rounds ? (size_t)snprintf(out + used, VA_DISGUISE_WORD - used, "%u", rounds) : 0);
}

void va_disguise_word(struct va_disguise *d, const char *text, size_t n, char word[VA_DISGUISE_WORD])
{
	__u64 id = hash(text, n);
	__u32 number = va_idmap_get(&d->words, id);

	if (number == VA_IDMAP_NONE) {
		va_idmap_set(&d->words, id, number = d->word_count++);
		if (n > COMM && va_idmap_get(&d->words, hash(text, COMM)) == VA_IDMAP_NONE)
			va_idmap_set(&d->words, hash(text, COMM), number); /* the program's name is that of its file */
	}
	word[spell(number, word)] = 0;
}

/* Where ".so", ".so.6", ".so.1.2" begins, or n. */
static size_t library_suffix(const char *s, size_t n)
{
	for (size_t i = 1; i + 3 <= n; i++)
		if (!strncmp(s + i, ".so", 3) && strspn(s + i + 3, ".0123456789") >= n - i - 3 && (i + 3 == n || s[i + 3] == '.'))
			return i;
	return n;
}

static size_t known_prefix(const char *s, size_t n)
{
	static const char *const prefixes[] = { "memfd:", "SYSV", "dmabuf:" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (n > strlen(prefixes[i]) && !strncmp(s, prefixes[i], strlen(prefixes[i])))
			return strlen(prefixes[i]);
	return 0;
}

static size_t component(struct va_disguise *d, const char *s, size_t n, char *out, size_t size)
{
	char word[VA_DISGUISE_WORD];
	size_t head = known_prefix(s, n), tail = head + library_suffix(s + head, n - head);

	if (!n || (n == 1 && *s == '.') || (n == 2 && !strncmp(s, "..", 2)))
		return (size_t)snprintf(out, size, "%.*s", (int)n, s);
	va_disguise_word(d, s + head, tail - head, word);
	return (size_t)snprintf(out, size, "%.*s%s%.*s", (int)head, s, word, (int)(n - tail), s + tail);
}

bool va_path_is_public(const char *path)
{
	static const char *const below[] = { "/usr/", "/lib/", "/lib32/", "/lib64/", "/libx32/", "/bin/", "/sbin/" };
	static const char *const whole[] = { "/etc/ld.so.cache", "/dev/zero", "/dev/null", "/anon_hugepage", "/[aio]" };
	size_t n = strlen(path);

	if (strstr(path, "/../") || !strncmp(path, "/usr/local/", 11))
		return false;
	if (n > sizeof(deleted) - 1 && !strcmp(path + n - (sizeof(deleted) - 1), deleted))
		n -= sizeof(deleted) - 1;
	for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++)
		if (!strncmp(path, below[i], strlen(below[i])))
			return true;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		if (n == strlen(whole[i]) && !strncmp(path, whole[i], n))
			return true;
	return !strncmp(path, "anon_inode:[", 12);
}

size_t va_disguise_path(struct va_disguise *d, const char *path, char *out, size_t size)
{
	size_t n = strlen(path), used = 0;
	bool gone = n > sizeof(deleted) - 1 && !strcmp(path + n - (sizeof(deleted) - 1), deleted);

	if (va_path_is_public(path)) {
		n = n < size ? n : size - 1;
		memcpy(out, path, n);
		out[n] = 0;
		return n;
	}
	n -= gone ? sizeof(deleted) - 1 : 0;
	for (size_t at = 0; at <= n; at++) {
		size_t length = strcspn(path + at, "/");
		char store[VA_DISGUISE_WORD + 300];

		length = length < n - at ? length : n - at;
		size_t got = component(d, path + at, length, store, sizeof(store));

		if (got >= sizeof(store) || used + got + sizeof(deleted) + 1 >= size)
			break; /* longer than any path: its end is left out */
		memcpy(out + used, store, got);
		used += got;
		at += length;
		if (at < n)
			out[used++] = '/';
	}
	if (gone) {
		memcpy(out + used, deleted, sizeof(deleted) - 1);
		used += sizeof(deleted) - 1;
	}
	out[used] = 0;
	return used;
}
