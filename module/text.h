/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Texts travel once: the id is a 64-bit hash of the bytes, the pieces are TEXT records, written just before the first record that
 * names the id (but for va_text_late()). What has been sent is remembered in a table of fixed size; a text that finds no place there is sent each time.
 */
#ifndef VA_TEXT_H
#define VA_TEXT_H

#include <linux/types.h>

int va_text_init(void);
void va_text_exit(void);
void va_text_reset(void); /* send everything anew */

/* Returns the id (0 for an empty text); sends the text if it has not been sent. Longer ones are cut at VMATLAS_TEXT_MAX. */
u64 va_text(const char *bytes, size_t len);
/* Truth records that va_text() would write now. */
unsigned int va_text_records(const char *bytes, size_t len);
/* The same for texts that hardly come again (marks): always sent, not remembered. *lost tells if a piece was lost. */
u64 va_text_once(const char *bytes, size_t len, bool *lost);
/* A text with an id that records have named already; for that text only. What is lost of it is a loss of truth, as with the others. */
void va_text_late(u64 id, const char *bytes, size_t len);

#endif
