/* vmatlas replay: the window on a recording. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appearance.h"
#include "arguments.h"
#include "commands.h"
#include "moment.h"
#include "window.h"

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
	if (!strcmp(argv[optind], "-"))
		return replay_stream(&o);
	code = va_moment_load(&o.recording, argv[optind]);
	if (code)
		return code;
	o.paused = at;
	if (at)
		code = va_moment_find(o.recording, "replay", at, &o.position);
	if (!code && va_window_run(&o))
		code = VA_EXIT_FAILURE;
	va_recording_free(o.recording);
	return code;
}
