/*
 * Moves bytes from one descriptor to another inside a poll loop, one buffer between them; never blocks where the descriptors are
 * as poll(2) said. Used on both sides of the guest's ports.
 */
#ifndef VA_PUMP_H
#define VA_PUMP_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"

#define VA_PUMP_ROOM 65536

enum va_pump_owns { VA_PUMP_BORROWS = 0, VA_PUMP_OWNS_FROM = 1, VA_PUMP_OWNS_TO = 2, VA_PUMP_OWNS_BOTH = 3 };

struct va_pump {
	int from, to;     /* -1 = none */
	unsigned owns;    /* enum va_pump_owns: closed at the end and O_NONBLOCK; others are borrowed and left as they are */
	bool hold;        /* do not read for now */
	bool ended;       /* from: end of file */
	bool shut;        /* to: has been told the end, is closed later */
	bool broken;      /* to: nobody takes it any more; what is left is dropped */
	uint64_t moved;   /* bytes written to `to` */
	size_t at, n;     /* what waits in buf */
	unsigned char *buf; /* owned */
};

void va_pump_init(struct va_pump *p, int from, int to, unsigned owns);
void va_pump_free(struct va_pump *p);

/* Nothing more will happen. */
bool va_pump_done(const struct va_pump *p);
/* fds[0] for from, fds[1] for to; unused ones get fd -1. */
void va_pump_watch(const struct va_pump *p, struct pollfd fds[2]);
void va_pump_handle(struct va_pump *p, const struct pollfd fds[2]);
/* Reads once (does not block only where from is O_NONBLOCK); false: nothing there now. */
bool va_pump_read(struct va_pump *p);

#endif
