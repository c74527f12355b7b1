/* vmatlas replay: the window on a recording. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "appearance.h"
#include "arguments.h"
#include "commands.h"
#include "moment.h"
#include "window.h"

#define SOON_MS 200 /* of reading before the window opens */

static int help(void)
{
	puts("Examples:\n"
	     "  vmatlas replay f.vmatlas\n"
	     "  vmatlas replay f.vmatlas --at mark:fork --theme projector\n"
	     "  ssh host 'vmatlas record -o - -- make' | vmatlas replay -\n"
	     "\n"
	     "Usage: vmatlas replay FILE [OPTIONS]        FILE - is standard input, shown while it arrives\n"
	     "\n"
	     "      --at WHEN      start paused here: end, start, mark:NAME, or seconds since the start\n"
	     VA_APPEARANCE_HELP
	     "  -h, --help         this text\n"
	     "In the window, ? shows the keys.");
	return va_end_output();
}

static int usage(const char *what, const char *value)
{
	fprintf(stderr, "vmatlas: replay: %s '%s'; see 'vmatlas replay --help'\n", what, value);
	return VA_EXIT_USAGE;
}

enum { OPT_AT = 256 };

static const struct option options[] = {
	{"at", required_argument, NULL, OPT_AT}, VA_APPEARANCE_OPTIONS, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0},
};

static int parse(int argc, char **argv, struct va_appearance *look, const char **at)
{
	optind = 0;
	for (int c; (c = va_next_option(argc, argv, "h", options, "replay")) != -1;) {
		if (c == 'h')
			return -1;
		if (c == '?')
			return VA_EXIT_USAGE;
		if (c == OPT_AT)
			*at = optarg;
		else if (!va_appearance_take(look, c, optarg))
			return usage("cannot make sense of", optarg);
	}
	if (optind != argc - 1)
		return usage(optind < argc ? "one recording at a time, not also" : "which recording?", optind < argc ? argv[argc - 1] : "");
	return VA_EXIT_OK;
}

static int replay_stream(struct va_window_options *o)
{
	o->stream_fd = STDIN_FILENO;
	return va_window_run(o) ? VA_EXIT_FAILURE : VA_EXIT_OK;
}

struct wish { /* what the window's user asked for */
	struct va_recording *recording;
	const char *at;
	int code;
};

static bool find_start(void *ctx, size_t *position)
{
	struct wish *wish = ctx;

	wish->code = va_moment_find(wish->recording, "replay", wish->at, position);
	return !wish->code;
}

static __u64 now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (__u64)t.tv_sec * 1000 + (__u64)t.tv_nsec / 1000000;
}

/* Most are read before anybody notices; of a long one the window shows how far it is. 1: there is more. */
static int load_some(struct va_recording *r, const char *path)
{
	__u64 end = now_ms() + SOON_MS;
	int more = va_recording_open(r, path);

	if (more)
		return more;
	do
		more = va_recording_step(r);
	while (more > 0 && (now_ms() < end || !va_recording_ready(r)));
	return more;
}

static int replay_file(struct va_window_options *o, const char *path, const char *at)
{
	struct wish wish = {.recording = va_recording_new(), .at = at};
	int more = load_some(wish.recording, path);
	size_t position;

	o->recording = wish.recording;
	o->loading = more > 0;
	o->loaded = at ? find_start : NULL;
	o->ctx = &wish;
	if (more < 0)
		wish.code = VA_EXIT_NOT_A_RECORDING;
	else if (!more && at)
		find_start(&wish, &position); /* better said before a window opens */
	if (!wish.code && va_window_run(o) && !wish.code)
		wish.code = VA_EXIT_FAILURE;
	va_recording_free(wish.recording);
	return wish.code;
}

int cmd_replay(int argc, char **argv)
{
	struct va_window_options o = {.stream_fd = -1};
	struct va_appearance look = {0};
	const char *at = NULL;
	int code = parse(argc, argv, &look, &at);

	if (code)
		return code < 0 ? help() : code;
	va_appearance_apply(&look, &o);
	o.title = argv[optind];
	return strcmp(argv[optind], "-") ? replay_file(&o, argv[optind], at) : replay_stream(&o);
}
