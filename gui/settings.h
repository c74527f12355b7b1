/*
 * What the window remembers from one time to the next: how it looks and where it stands, nothing of what was looked at. One "name value" a line in
 * $XDG_CONFIG_HOME/vmatlas/window (else ~/.config/vmatlas/window), written whole when the window closes. What cannot be read is as if it were not there; names
 * of a newer version are ignored.
 */
#ifndef VA_SETTINGS_H
#define VA_SETTINGS_H

#include <stdbool.h>

struct va_settings {
	char theme[16];       /* "" = not remembered */
	double scale;         /* the user's factor on texts and widths; 1 = none */
	int x, y, w, h;       /* pixels; w 0 = not remembered */
	bool maximised, compact, on_top, explain;
	unsigned colour;      /* what boxes are coloured by */
};

#define VA_SETTINGS_NONE ((struct va_settings){.scale = 1})

/* Always leaves something usable. */
void va_settings_load(struct va_settings *s);
/* 0 or -errno; the file that was there stays when it fails. */
int va_settings_save(const struct va_settings *s);

#endif
