/*
 * Between the launcher and the guest's init: frames {u32 kind, u32 bytes, payload} over the control port, little-endian. What is run
 * and its bytes travel elsewhere: one port each for standard input, output and error and the stream.
 */
#ifndef VA_CONTROL_H
#define VA_CONTROL_H

#include <stdint.h>

#include "common/bytes.h"

/* The ports' numbers on the virtio serial device (0 is kept for consoles). CONTROL is last: it is connected after all others. */
enum va_port { VA_PORT_STDIN = 1, VA_PORT_STDOUT, VA_PORT_STDERR, VA_PORT_STREAM, VA_PORT_CONTROL, VA_PORT_LIMIT };

enum va_frame_kind {
	/* to the guest */
	VA_FRAME_JOB = 1,     /* struct va_job, encoded */
	VA_FRAME_SIGNAL = 2,  /* u32: SIGINT, SIGQUIT … to the command's process group; SIGTERM: stop, drain, end */
	VA_FRAME_SIZE = 3,    /* u16 rows, u16 columns */
	VA_FRAME_COMMAND = 4, /* bytes for the collector's --commands */
	/* to the host */
	VA_FRAME_HELLO = 16,  /* release of the guest's kernel: it is up and waits for the job */
	VA_FRAME_STARTED = 17,/* the command is about to run: standard input may flow */
	VA_FRAME_FAILED = 18, /* a sentence: the guest cannot do it */
	VA_FRAME_EXIT = 19,   /* struct va_guest_exit: all is over */
	VA_FRAME_END_ME = 20, /* the user pressed Ctrl-C twice on the guest's terminal */
};

#define VA_FRAME_MAX (33u << 20)

struct va_guest_exit {
	uint32_t code;       /* exit code to pass on: the command's own, 128 + signal, or an enum va_exit */
	uint32_t exact;      /* 1: stream below is known */
	uint64_t out, err;   /* bytes that went to these ports in all: the launcher waits for them */
	uint64_t stream;
	uint32_t killed;     /* the signal that ended the collector; 0 = none */
	uint32_t pad;
};

/* What the collector tells who started it, at its end, on the descriptor given by --report. */
struct va_report {
	uint32_t code;       /* as va_guest_exit.code */
	uint32_t pad;
	uint64_t stream;     /* bytes written to the stream */
};

/* 0 or -errno. The descriptor blocks. */
int va_frame_send(int fd, uint32_t kind, const void *payload, uint32_t n);
/* Looks at the front of b: the frame's whole size and its parts, or 0 = need more, or -1 = no frame. */
long va_frame_parse(const struct va_bytes *b, uint32_t *kind, const unsigned char **payload, uint32_t *n);

#endif
