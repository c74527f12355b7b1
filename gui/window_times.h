/*
 * For measuring how late the picture is: VMATLAS_TIMES_FD names an open descriptor. For each frame that has been put on the screen it gets a struct
 * va_times_frame, and behind it a struct va_times_record for each record that this frame is the first to show. With it the window opens without a display, too
 * (SDL_VIDEODRIVER=dummy).
 */
#ifndef VA_WINDOW_TIMES_H
#define VA_WINDOW_TIMES_H

#include <stdbool.h>
#include <stdint.h>

#include "history.h"

struct va_times_frame {
	uint64_t began, shown; /* CLOCK_MONOTONIC of this machine, ns: its making began; it had been handed to the display */
	uint64_t inputs;       /* keys, buttons and wheel: pressed, turned since the frame before, and handled */
	uint64_t records;      /* that follow */
};

struct va_times_record {
	uint64_t ts; /* CLOCK_MONOTONIC of the recorded machine, ns */
	uint32_t type, tgid;
};

struct va_times {
	int fd;
	bool on;
	size_t shown; /* records so far */
	uint64_t inputs;
};

bool va_times_wanted(void);
void va_times_start(struct va_times *t);
/* h: NULL as long as there is none; pos: where the picture stands */
void va_times_frame(struct va_times *t, struct va_history *h, size_t pos, uint64_t began, uint64_t shown);

#endif
