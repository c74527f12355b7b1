#include "window_times.h"

#include <stdlib.h>
#include <unistd.h>

#define PIECE 512

bool va_times_wanted(void)
{
	return getenv("VMATLAS_TIMES_FD");
}

void va_times_start(struct va_times *t)
{
	const char *text = getenv("VMATLAS_TIMES_FD");

	*t = (struct va_times){.fd = text ? atoi(text) : -1, .on = text};
}

static void put(struct va_times *t, const void *bytes, size_t n)
{
	if (t->on && write(t->fd, bytes, n) != (ssize_t)n)
		t->on = false;
}

void va_times_frame(struct va_times *t, struct va_history *h, size_t pos, uint64_t began, uint64_t shown)
{
	size_t from = t->shown, to = h && pos > from ? pos : from;
	struct va_times_record piece[PIECE];
	__u32 cpu;

	if (!t->on)
		return;
	put(t, &(struct va_times_frame){began, shown, t->inputs, to - from}, sizeof(struct va_times_frame));
	for (size_t i = from, n = 0; i < to; i++) {
		const struct vmatlas_record *rec = va_history_record(h, i, &cpu);

		piece[n++] = (struct va_times_record){rec->head.ts, rec->head.type, rec->head.tgid};
		if (n == PIECE || i + 1 == to)
			put(t, piece, n * sizeof(piece[0])), n = 0;
	}
	t->shown = to;
	t->inputs = 0;
}
