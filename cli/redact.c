/* vmatlas redact: a recording → one that may be shared. */
#include "redact.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arguments.h"
#include "commands.h"
#include "decode.h"
#include "recorder.h"
#include "writer.h"

static const char help_text[] =
	"Examples:\n"
	"  vmatlas redact my.vmatlas -o public.vmatlas\n"
	"  vmatlas redact - -o - <my.vmatlas | ssh host vmatlas stats -\n"
	"\n"
	"Usage: vmatlas redact FILE -o OUT [--drop-marks]      FILE - : standard input, OUT - : standard output\n"
	"\n"
	"Replaces what tells about the machine and the person, the same by the same, so that the picture stays: page frames (also in\n"
	"page tables and swap), each component of a path outside /usr, /lib*, /bin and /sbin (/usr/local is outside), the names of programs\n"
	"there and of threads, names given to anonymous memory, inodes, devices, build-ids and user ids.\n"
	"Leaves out: host name, kernel command line, arguments, and what 'verify' noted.\n"
	"Stays: addresses (a reader learns where the kernel placed things in this run), the place of a frame within its 2 MiB, times, sizes,\n"
	"process numbers, calls with their arguments, the kernel's release, names of sections, and the words of marks and of the title.\n"
	"\n"
	"  -o, --output OUT     the new recording, readable by you only\n"
	"      --drop-marks     marks become \"mark 1\", \"mark 2\", …; no title\n"
	"\n"
	"'vmatlas record --redact' does the same while it records. Nothing of the original goes into what replaces it: there is no key.\n"
	"\n"
	"Exit codes: 0 ok, 1 failure, 2 usage, 6 not a readable recording.";

struct redaction {
	const char *in, *out;
	bool drop_marks;
	int from, to;
	struct va_writer *writer;
	struct va_redact *redact;
	bool begun, ended;
	int error; /* of the new file, -errno */
};

/* -1 = go on, else the exit code. */
static int parse(struct redaction *r, int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' }, { "drop-marks", no_argument, NULL, 'm' }, { "help", no_argument, NULL, 'h' }, { 0 },
	};
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "ho:", options, NULL)) != -1) {
		if (c == 'o')
			r->out = optarg;
		else if (c == 'm')
			r->drop_marks = true;
		else if (c == 'h')
			return puts(help_text) < 0 || fflush(stdout) ? VA_EXIT_FAILURE : VA_EXIT_OK;
		else
			return va_usage("redact", "the option above is not one of redact's");
	}
	if (optind + 1 != argc)
		return va_usage("redact", "%s", optind < argc ? "one recording at a time" : "redact needs a recording");
	if (!r->out)
		return va_usage("redact", "redact needs -o OUT");
	r->in = argv[optind];
	return -1;
}

static int put(void *ctx, const struct vmatlas_chunk *c, const void *payload)
{
	struct redaction *r = ctx;

	return va_writer_chunk(r->writer, c, payload);
}

/* Only now is what was there before given up. */
static int on_header(void *ctx, const struct vmatlas_stream_header *header)
{
	struct redaction *r = ctx;

	if (strcmp(r->out, "-") && ftruncate(r->to, 0) && errno != EINVAL)
		r->error = -errno;
	if (!r->error)
		r->error = va_writer_header(r->writer, header);
	if (!r->error)
		r->error = va_redact_begin(r->redact, header);
	r->begun = true;
	return 0;
}

static int on_chunk(void *ctx, const struct vmatlas_chunk *c, const void *payload)
{
	struct redaction *r = ctx;
	struct vmatlas_end end;

	if (r->error || r->ended)
		return 0;
	if (c->kind == VMATLAS_CHUNK_END) {
		memcpy(&end, payload, sizeof(end));
		r->error = va_writer_end(r->writer, &end);
		r->ended = true;
	} else {
		r->error = va_redact_chunk(r->redact, c, payload);
	}
	return 0;
}

/* 0, a va_decode_error, or 1 with errno */
static int copy(struct redaction *r, struct va_decoder *decoder)
{
	static char buf[1 << 20];
	int error = 0;
	ssize_t n;

	while (!error && !r->error && (n = read(r->from, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		error = n < 0 ? 1 : va_decoder_feed(decoder, buf, (size_t)n);
	}
	return error;
}

static int conclude(struct redaction *r, struct va_decoder *decoder, int error)
{
	const char *name = strcmp(r->in, "-") ? r->in : "standard input";

	if (!r->begun)
		fprintf(stderr, "vmatlas: %s: %s\n", name, error > 0 ? strerror(errno) : error ? va_decode_strerror(error) : "empty, or cut off within its head: not a recording");
	if (!r->begun)
		return VA_EXIT_NOT_A_RECORDING;
	if (!r->ended && !r->error)
		r->error = va_writer_flush(r->writer);
	if (r->error)
		fprintf(stderr, "vmatlas: %s: %s; what was written until then can be used\n", r->out, strerror(-r->error));
	else if (error > 0)
		fprintf(stderr, "vmatlas: %s: %s; what came before is taken\n", name, strerror(errno));
	else if (error)
		fprintf(stderr, "vmatlas: %s: %s; what came before is taken\n", name, va_decode_strerror(error));
	else if (!r->ended || va_decoder_pending(decoder))
		fprintf(stderr, "vmatlas: %s: cut off, taken up to its last whole block\n", name);
	return r->error || error > 0 ? VA_EXIT_FAILURE : VA_EXIT_OK;
}

static bool same_file(int a, int b)
{
	struct stat x, y;

	return !fstat(a, &x) && !fstat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino && S_ISREG(x.st_mode);
}

static int redact(struct redaction *r)
{
	static const struct va_decoder_ops ops = { .header = on_header, .chunk = on_chunk };
	struct va_decoder *decoder = va_decoder_new(&ops, r);
	int code;

	r->writer = va_writer_new(r->to, true);
	r->redact = va_redact_new(!r->drop_marks, put, r);
	if (!r->writer) {
		fputs("vmatlas: out of memory\n", stderr);
		code = VA_EXIT_FAILURE;
	} else {
		code = conclude(r, decoder, copy(r, decoder));
	}
	va_redact_free(r->redact);
	va_writer_free(r->writer);
	va_decoder_free(decoder);
	return code;
}

/* Made by us, and nothing came into it. */
static void drop_if_empty(const struct redaction *r, bool was_there)
{
	if (!was_there && !r->begun && strcmp(r->out, "-"))
		unlink(r->out);
}

int cmd_redact(int argc, char **argv)
{
	struct redaction r = { .from = STDIN_FILENO, .to = -1 };
	int code = parse(&r, argc, argv);

	if (code >= 0)
		return code;
	if (strcmp(r.in, "-"))
		r.from = open(r.in, O_RDONLY | O_CLOEXEC);
	if (r.from < 0)
		return fprintf(stderr, "vmatlas: %s: %s\n", r.in, strerror(errno)), VA_EXIT_NOT_A_RECORDING;
	bool was_there = !access(r.out, F_OK);

	r.to = va_recorder_open(r.out);
	if (r.to < 0)
		return VA_EXIT_FAILURE;
	code = same_file(r.from, r.to) ? va_usage("redact", "a recording is not redacted into itself") : redact(&r);
	drop_if_empty(&r, was_there);
	return code;
}
