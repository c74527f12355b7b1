/* META "lost-hooks": what the module could not see, in words. */
#ifndef VA_LOST_HOOKS_H
#define VA_LOST_HOOKS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * text: lines "absent HOOK REASON" and "missed HOOK N", or NULL. Writes one sentence, "" where nothing was missed, and returns buf. Control characters become '?'.
 */
const char *va_lost_hooks_sentence(const char *text, char *buf, size_t size);

/* The same of the one without which nothing can be recorded; false where none is missing. */
bool va_lost_hooks_vital(const char *text, char *buf, size_t size);

#endif
