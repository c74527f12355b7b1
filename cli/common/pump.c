#include "common/pump.h"

#include <errno.h>
#include <linux/limits.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

void va_pump_init(struct va_pump *p, int from, int to, unsigned owns)
{
	*p = (struct va_pump){ .from = from, .to = to, .owns = owns, .ended = from < 0, .broken = to < 0 };
	p->buf = va_zalloc(VA_PUMP_ROOM);
}

static void close_from(struct va_pump *p)
{
	if (p->owns & VA_PUMP_OWNS_FROM && p->from >= 0)
		close(p->from);
	p->from = -1;
}

/*
 * A socket is only shut for writing: QEMU takes a closed one for gone at once, with bytes still in it; a shut one it reads to its end.
 */
static void end_to(struct va_pump *p)
{
	if (!(p->owns & VA_PUMP_OWNS_TO) || p->to < 0 || p->shut)
		return;
	p->shut = !shutdown(p->to, SHUT_WR);
	if (!p->shut) {
		close(p->to);
		p->to = -1;
	}
}

static void close_to(struct va_pump *p)
{
	if (p->owns & VA_PUMP_OWNS_TO && p->to >= 0)
		close(p->to);
	p->to = -1;
}

void va_pump_free(struct va_pump *p)
{
	close_from(p);
	close_to(p);
	free(p->buf);
	p->buf = NULL;
}

static void end_from(struct va_pump *p)
{
	p->ended = true;
	close_from(p);
	if (!p->n)
		end_to(p);
}

static void break_to(struct va_pump *p)
{
	p->broken = true;
	p->n = 0;
	close_to(p);
	end_from(p);
}

bool va_pump_done(const struct va_pump *p)
{
	return p->broken || (p->ended && !p->n);
}

void va_pump_watch(const struct va_pump *p, struct pollfd fds[2])
{
	fds[0] = (struct pollfd){ .fd = p->hold || p->n || p->ended ? -1 : p->from, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = p->broken || p->shut ? -1 : p->to, .events = p->n ? POLLOUT : 0 };
}

bool va_pump_read(struct va_pump *p)
{
	ssize_t got;

	if (p->ended || p->n)
		return false;
	got = read(p->from, p->buf, VA_PUMP_ROOM);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got <= 0) {
		end_from(p);
		return false;
	}
	p->at = 0;
	p->n = got;
	return true;
}

static void write_some(struct va_pump *p)
{
	size_t n = p->n;
	ssize_t did;

	/* More could block on a pipe that is not O_NONBLOCK; our own descriptors are. */
	if (!(p->owns & VA_PUMP_OWNS_TO) && n > PIPE_BUF)
		n = PIPE_BUF;
	did = write(p->to, p->buf + p->at, n);
	if (did < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (did < 0) {
		break_to(p);
		return;
	}
	p->at += did;
	p->n -= did;
	p->moved += did;
	if (!p->n && p->ended)
		end_to(p);
}

void va_pump_handle(struct va_pump *p, const struct pollfd fds[2])
{
	if (fds[1].fd >= 0 && fds[1].revents & (POLLOUT | POLLERR | POLLHUP | POLLNVAL)) {
		/* A port whose other side is gone says POLLHUP for ever, and EAGAIN to whoever writes. */
		if (p->n && (fds[1].revents & POLLOUT || !(fds[1].revents & POLLHUP)))
			write_some(p);
		else
			break_to(p);
	}
	if (fds[0].fd >= 0 && fds[0].revents && !p->broken)
		va_pump_read(p);
}
