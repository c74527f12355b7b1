/* Pictures and films of the window, as files in the working directory named by the clock. */
#ifndef VA_WINDOW_SHOTS_H
#define VA_WINDOW_SHOTS_H

#include <stdint.h>

#include "capture.h"

struct va_app;

struct va_shots {
	struct va_app *app;         /* borrowed */
	struct va_capture *capture; /* NULL = the window is not filmed */
	char shot_name[64], film_name[64], notice[128];
	unsigned count;
};

void va_shots_picture(struct va_shots *s, uint64_t now);
void va_shots_film(struct va_shots *s, uint64_t now);  /* begins, or ends */
void va_shots_frame(struct va_shots *s, uint64_t now); /* what is shown now belongs to the film, where there is one */
void va_shots_stop(struct va_shots *s, const char *why, uint64_t now);

#endif
