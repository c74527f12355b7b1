/*
 * What a recording tells further on: names. Texts and objects come when the recorder had them, which may be after the records that name them. Who keeps all records has them by
 * the time he shows any; who shows records as they come looks ahead.
 */
#ifndef VA_AHEAD_H
#define VA_AHEAD_H

#include <stdbool.h>

#include "text.h"
#include "zone.h"

/*
 * Reads the file once more, up to where it is damaged, and adds what it tells. records false: OBJECT and TEXT chunks, for a hundredth of the time; objects may be NULL. true: TEXT records,
 * too. Nothing is said of errors: who reads the records says it.
 */
void va_ahead(const char *path, bool records, struct va_texts *texts, struct va_objects *objects);

#endif
