/* What Ctrl C takes: the thing that is chosen, as text. */
#ifndef VA_COPY_H
#define VA_COPY_H

#include "app.h"

#define VA_COPY_MAX (1u << 18)

/* all: every fact of the inspector instead of the one line. Returns what buf holds, in words; NULL = nothing there to be copied. */
const char *va_copy_text(struct va_app *app, bool all, char *buf, size_t n, uint64_t now);

#endif
