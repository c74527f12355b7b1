#include "recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/bytes.h"
#include "decode.h"
#include "redact.h"
#include "writer.h"

struct recorder {
	struct va_writer *writer;
	struct va_redact *redact; /* NULL: as it came */
	int file;           /* -1: standard output, whose content is not ours */
	__u64 newest;       /* of the recording's clock */
	struct va_bytes in; /* what forms no whole chunk yet */
	bool have_header, ended;
	int tee;
	int error;          /* of the file, -errno */
	int bad;            /* of the stream, enum va_decode_error */
};

int va_recorder_open(const char *path)
{
	struct stat st;
	int fd;

	if (!strcmp(path, "-"))
		return fcntl(1, F_DUPFD_CLOEXEC, 3);
	fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode)))
		return fd;
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
		fprintf(stderr, "vmatlas: %s: another vmatlas is writing it\n", path);
		close(fd);
		return -1;
	}
	if (fd >= 0 && !fchmod(fd, 0600))
		return fd;
	fprintf(stderr, "vmatlas: %s: %s\n", path, errno == ELOOP ? "is a symbolic link; a recording is not written through one" : strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static void take_chunk(struct recorder *r, const struct vmatlas_chunk *c, const void *payload)
{
	struct vmatlas_end end;

	if (c->kind == VMATLAS_CHUNK_END && c->bytes == sizeof(end)) {
		memcpy(&end, payload, sizeof(end));
		r->error = va_writer_end(r->writer, &end);
		r->ended = true;
	} else if (c->kind != VMATLAS_CHUNK_BLOCK && c->kind != VMATLAS_CHUNK_INDEX && c->kind != VMATLAS_CHUNK_END && c->kind < VMATLAS_CHUNK_COLUMNS) {
		r->error = r->redact ? va_redact_chunk(r->redact, c, payload) : va_writer_chunk(r->writer, c, payload);
		/* A flight recorder has written what it kept: nothing may come after it for long, and the machine may be about to die. */
		if (!r->error && c->kind == VMATLAS_CHUNK_META && c->bytes > 6 && !memcmp(payload, "dumps", 6))
			r->error = va_writer_flush(r->writer);
	}
}

/* Whole pieces at the front go out; returns bytes used, < 0 = not a stream. */
static long take_piece(struct recorder *r, const unsigned char *p, size_t n)
{
	struct vmatlas_stream_header header;
	struct vmatlas_chunk chunk;
	long used;

	if (!r->have_header) {
		used = va_decode_header(p, n, &header);
		if (used > 0) {
			r->have_header = true;
			/* Only now: what was there before a start that failed is kept. */
			if (r->file >= 0 && ftruncate(r->file, 0) && errno != EINVAL)
				r->error = -errno;
			else
				r->error = va_writer_header(r->writer, &header);
			if (!r->error && r->redact)
				r->error = va_redact_begin(r->redact, &header);
		}
		return used;
	}
	used = va_decode_chunk(p, n, &chunk);
	if (used > 0 && chunk.drained > r->newest)
		r->newest = chunk.drained;
	if (used > 0 && !r->error && !r->ended)
		take_chunk(r, &chunk, p + sizeof(chunk));
	return used;
}

static void take_pieces(struct recorder *r)
{
	size_t at = 0;
	long used = 1;

	while (at < r->in.n && (used = take_piece(r, r->in.data + at, r->in.n - at)) > 0)
		at += used;
	if (used < 0)
		r->bad = used;
	va_bytes_drop(&r->in, at);
}

static void pass_on(struct recorder *r, const void *buf, size_t n)
{
	if (r->tee >= 0 && va_write_whole(r->tee, buf, n)) {
		close(r->tee);
		r->tee = -1;
	}
}

static void copy_stream(struct recorder *r, int stream)
{
	static char buf[1 << 18];
	ssize_t got;

	while ((got = read(stream, buf, sizeof(buf))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return;
		pass_on(r, buf, got);
		if (r->bad)
			continue;
		va_bytes_add(&r->in, buf, got);
		take_pieces(r);
	}
}

/* The guest died, or was ended: say so in the recording itself. */
static void end_broken(struct recorder *r)
{
	/* Not our clock: a guest has its own. */
	struct vmatlas_end end = { .reason = VMATLAS_END_FAILED, .ts = r->newest };

	if (!r->error)
		r->error = va_writer_meta(r->writer, "failure", "the recording broke off: the guest or the collector ended");
	if (!r->error)
		r->error = va_writer_end(r->writer, &end);
}

static int conclude(struct recorder *r, const char *path)
{
	if (r->error)
		fprintf(stderr, "vmatlas: %s: %s; what was written until then can be used\n", path, strerror(-r->error));
	else if (r->bad)
		fprintf(stderr, "vmatlas: %s: the stream was damaged (%s); what came before can be used\n", path, va_decode_strerror(r->bad));
	return r->error || r->bad ? -1 : 0;
}

static int put_chunk(void *ctx, const struct vmatlas_chunk *c, const void *payload)
{
	struct recorder *r = ctx;

	return va_writer_chunk(r->writer, c, payload);
}

int va_recorder_run(int stream, int file, const char *path, int tee, enum va_redacting redacting)
{
	struct recorder r = { .tee = tee, .file = strcmp(path, "-") ? file : -1 };
	int result;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	r.writer = va_writer_new(file, true);
	if (!r.writer) {
		fputs("vmatlas: out of memory\n", stderr);
		return -1;
	}
	if (redacting)
		r.redact = va_redact_new(redacting == VA_REDACT_NAMES, put_chunk, &r);
	copy_stream(&r, stream);
	if (r.have_header && !r.ended && !r.error)
		end_broken(&r);
	result = conclude(&r, path);
	va_redact_free(r.redact);
	va_writer_free(r.writer);
	va_bytes_free(&r.in);
	if (r.tee >= 0)
		close(r.tee);
	return result;
}
