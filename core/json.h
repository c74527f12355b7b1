/*
 * Streaming JSON into a growing buffer. Strings may hold any bytes: control characters are escaped, invalid UTF-8 becomes U+FFFD, so the output
 * is valid JSON whatever a path or a program is called. Commas are put in by the writer.
 */
#ifndef VA_JSON_H
#define VA_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

struct va_json {
	char *buf; /* owned; used bytes, not NUL-terminated */
	size_t used, room;
	bool comma; /* a value stands before */
};

void va_json_free(struct va_json *j);
void va_json_clear(struct va_json *j); /* empty again, memory kept */

/* key NULL: an element of an array, or the outermost value. Keys are our own: plain ASCII. */
void va_json_object(struct va_json *j, const char *key);
void va_json_array(struct va_json *j, const char *key);
void va_json_end_object(struct va_json *j);
void va_json_end_array(struct va_json *j);
void va_json_string(struct va_json *j, const char *key, const char *value); /* NULL = null */
void va_json_u64(struct va_json *j, const char *key, __u64 value);
void va_json_s64(struct va_json *j, const char *key, __s64 value);
void va_json_hex(struct va_json *j, const char *key, __u64 value); /* "0x7f…": numbers above 2^53 do not survive everywhere */
void va_json_bool(struct va_json *j, const char *key, bool value);
void va_json_null(struct va_json *j, const char *key);

/* A line break between values: one object a line. */
void va_json_newline(struct va_json *j);

#endif
