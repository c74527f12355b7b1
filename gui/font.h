/*
 * Text: glyphs are rasterised once per (face, size) by SDL_ttf and kept; measuring and drawing are look-ups. Needs no display.
 * Positions are whole pixels, so a text looks the same wherever it stands.
 */
#ifndef VA_FONT_H
#define VA_FONT_H

#include "canvas.h"

enum va_face { VA_FACE_SANS, VA_FACE_BOLD, VA_FACE_MONO, VA_FACE_MONO_BOLD, VA_FACES };

struct va_fonts;

/*
 * dir: where the fonts of assets/fonts/list are (NULL: build/assets/fonts beside the program, then the installed place, then
 * the system's own fonts). NULL after one sentence on stderr.
 */
struct va_fonts *va_fonts_new(const char *dir);
void va_fonts_free(struct va_fonts *fonts);

/* px: size in pixels. Texts are UTF-8; what is not is shown as "?"; n < 0 = up to the NUL. */
int va_text_width(struct va_fonts *fonts, enum va_face face, int px, const char *s, int n);
int va_text_height(struct va_fonts *fonts, enum va_face face, int px); /* of a line: ascent to descent */
int va_text_ascent(struct va_fonts *fonts, enum va_face face, int px);
/* y: top of the line */
void va_text_draw(struct va_fonts *fonts, struct va_canvas *c, enum va_face face, int px, int x, int y, const char *s, va_colour colour);

/* Bytes of the UTF-8 character at s (1 where it is none). */
int va_utf8_length(const char *s);

#endif
