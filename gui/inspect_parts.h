/* The inspector's pieces, shared by its files. Each writes rows into the sheet. */
#ifndef VA_INSPECT_PARTS_H
#define VA_INSPECT_PARTS_H

#include "expect.h"
#include "layout.h"
#include "maps.h"
#include "sheet.h"
#include "words.h"

#define VA_SHEET_TEXT 65536 /* bytes of a sheet as text, at most */

const char *va_inspect_name(const struct va_look *look, const struct va_vma *vma, char *buf, size_t n); /* "(anonymous)" where it has none */
void va_inspect_sharing(struct va_sheet *s, const struct va_look *look, bool page);
void va_inspect_neighbours(struct va_sheet *s, const struct va_look *look, __u64 start, __u64 end);
void va_inspect_expect(struct va_sheet *s, const struct va_look *look, __u64 addr);

void va_inspect_past(struct va_sheet *s, const struct va_look *look);              /* layout_past.c */
void va_inspect_page(struct va_sheet *s, const struct va_look *look, __u64 addr);  /* layout_facts.c, as all below */
void va_inspect_process(struct va_sheet *s, const struct va_look *look);
void va_inspect_event(struct va_sheet *s, const struct va_look *look);

/* All of it as plain text. */
void va_inspect_text(const struct va_look *look, char *buf, size_t n);

#endif
