/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * vmatlas_mark("the child writes one byte"): a caption in the recording, at this very moment.
 * Returns 0, or -1 where nobody watches (no VMATLAS_MARKER_FD in the environment): programs run the same without vmatlas.
 * Where the buffers are full it waits for room, two seconds at most. Else one write(2): allocates nothing, maps nothing, safe in signal handlers after the first call.
 */
#ifndef VMATLAS_MARK_H
#define VMATLAS_MARK_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmatlas/control.h"

#define VMATLAS_MARK_TRIES 2000

static inline int vmatlas_mark(const char *text)
{
	static int fd = -2;

	if (fd == -2) {
		const char *s = getenv(VMATLAS_MARKER_ENV);
		fd = s && *s ? atoi(s) : -1;
	}
	if (fd < 0)
		return -1;
	for (int tries = 0; write(fd, text, strlen(text)) < 0; tries++) {
		if (errno != EAGAIN || tries == VMATLAS_MARK_TRIES)
			return -1;
		usleep(1000);
	}
	return 0;
}

#endif
