/* One line of text being typed: UTF-8, a cursor, nothing else. Knows no keys and no window. */
#ifndef VA_TYPED_H
#define VA_TYPED_H

#include <stdbool.h>
#include <stddef.h>

#define VA_TYPED_MAX 256 /* bytes with the NUL */

struct va_typed {
	char text[VA_TYPED_MAX]; /* valid UTF-8 */
	size_t length, cursor;   /* bytes; the cursor stands between characters */
};

enum va_typed_key { VA_TYPED_LEFT, VA_TYPED_RIGHT, VA_TYPED_HOME, VA_TYPED_END, VA_TYPED_BACKSPACE, VA_TYPED_DELETE, VA_TYPED_CLEAR };

/* At the cursor; control characters and broken UTF-8 are left out, what does not fit is not taken. True where something changed. */
bool va_typed_insert(struct va_typed *e, const char *text);
bool va_typed_key(struct va_typed *e, enum va_typed_key key);

#endif
