/* vmatlas render: the window's picture of a moment, or a film of a stretch, without a window. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "arguments.h"
#include "commands.h"
#include "film.h"
#include "moment.h"
#include "render.h"

static int help(void)
{
	puts("Examples:\n"
	     "  vmatlas render f.vmatlas -o f.png                         the picture at the end\n"
	     "  vmatlas render f.vmatlas -o f.png --at mark:fork --size 1920x1080 --theme projector\n"
	     "  vmatlas render f.vmatlas -o f.mp4 --from 0.5 --to 3 --speed 0.25\n"
	     "\n"
	     "Usage: vmatlas render FILE -o OUT [OPTIONS]\n"
	     "\n"
	     "OUT is NAME.png, - (a PNG on standard output), NAME.mp4, NAME.webm, NAME.gif (by ffmpeg), or DIR/ (numbered PNGs).\n"
	     "  -o, --output OUT   where to\n"
	     "      --at WHEN      one picture: end (default), start, mark:NAME, or seconds since the start\n"
	     "      --from WHEN    a film: begins here (default: the start)\n"
	     "      --to WHEN      a film: ends here (default: the end)\n"
	     "      --speed X      a film: recorded seconds in one second of film (default: 1)\n"
	     "      --fps N        a film: pictures a second (default: 30)\n"
	     "      --size WxH     in pixels (default: 1280x720)\n"
	     "      --scale X      of texts and widths (default: by the size)\n"
	     "      --theme NAME   dark (default), light, projector\n"
	     "      --view NAME    all (default), map, stage, or a tab's name: the stage with that tab alone\n"
	     "      --tab NAME     the tab on the stage: walk (default), ...\n"
	     "      --do LIST      actions before the picture, as keys and mouse do them: NAME[:ARG],NAME[:ARG]...\n"
	     "      --symbols      name functions and lines by this machine's files (the same build only)\n"
	     "      --pid N        the process shown (default: the one where things happen)\n"
	     "  -h, --help         this text\n"
	     "\n"
	     "Exit codes: 0 ok, 1 failure, 2 usage, 4 no such process in the recording, 6 not a readable recording.");
	return va_end_output();
}

static int usage(const char *what, const char *value)
{
	fprintf(stderr, "vmatlas: render: %s '%s'; see 'vmatlas render --help'\n", what, value);
	return VA_EXIT_USAGE;
}

static bool parse_size(const char *text, int *w, int *h)
{
	char end;

	return sscanf(text, "%dx%d%c", w, h, &end) == 2 && *w >= 320 && *h >= 240 && *w <= 16384 && *h <= 16384;
}

static bool parse_number(const char *text, double least, double most, double *out)
{
	char *end;

	*out = strtod(text, &end);
	return end != text && !*end && *out >= least && *out <= most;
}

static bool parse_view(const char *text, struct va_render_options *o)
{
	static const char *const names[] = {"all", "map", "stage"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], text)) {
			o->panes = (enum va_panes)i;
			return true;
		}
	o->panes = VA_PANES_STAGE;
	return va_tab_find(text, &o->tab);
}

static bool parse_script(char *list, struct va_script *script)
{
	for (char *save, *one = strtok_r(list, ",", &save); one; one = strtok_r(NULL, ",", &save)) {
		if (script->steps == VA_SCRIPT_MAX || !va_action_parse(one, &script->step[script->steps].action, &script->step[script->steps].arg))
			return false;
		script->step[script->steps].text = va_action_text(one);
		script->steps++;
	}
	return true;
}

enum { OPT_AT = 256, OPT_FROM, OPT_TO, OPT_SPEED, OPT_FPS, OPT_SIZE, OPT_SCALE, OPT_THEME, OPT_VIEW, OPT_TAB, OPT_DO, OPT_PID, OPT_SYMBOLS };

static const struct option options[] = {
	{"output", required_argument, NULL, 'o'}, {"at", required_argument, NULL, OPT_AT}, {"from", required_argument, NULL, OPT_FROM},
	{"to", required_argument, NULL, OPT_TO}, {"speed", required_argument, NULL, OPT_SPEED}, {"fps", required_argument, NULL, OPT_FPS},
	{"size", required_argument, NULL, OPT_SIZE}, {"scale", required_argument, NULL, OPT_SCALE}, {"theme", required_argument, NULL, OPT_THEME},
	{"view", required_argument, NULL, OPT_VIEW}, {"tab", required_argument, NULL, OPT_TAB}, {"do", required_argument, NULL, OPT_DO},
	{"pid", required_argument, NULL, OPT_PID}, {"symbols", no_argument, NULL, OPT_SYMBOLS}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0},
};

static bool take_number(int c, struct va_render_options *o)
{
	double v;

	switch (c) {
	case OPT_SPEED:
		return parse_number(optarg, 1e-6, 1e6, &o->speed);
	case OPT_SCALE:
		return parse_number(optarg, 0.5, 8, &o->scale);
	case OPT_FPS:
		if (!parse_number(optarg, 1, 240, &v) || v != (int)v)
			return false;
		o->fps = (int)v;
		return true;
	case OPT_PID:
		if (!parse_number(optarg, 1, 4194304, &v) || v != (__u32)v)
			return false;
		o->pid = (__u32)v;
		return true;
	}
	return false;
}

struct moments { /* as typed; NULL = not said */
	const char *at, *from, *to, *paced;
};

static bool take(int c, struct va_render_options *o, struct moments *when)
{
	switch (c) {
	case 'o':
		return (o->out = optarg) != NULL;
	case OPT_AT:
		return (when->at = optarg) != NULL;
	case OPT_FROM:
		return (when->from = optarg) != NULL;
	case OPT_TO:
		return (when->to = optarg) != NULL;
	case OPT_SPEED:
	case OPT_FPS:
		when->paced = optarg;
		break;
	case OPT_SIZE:
		return parse_size(optarg, &o->w, &o->h);
	case OPT_THEME:
		return (o->theme = va_theme_find(optarg)) != NULL;
	case OPT_VIEW:
		return parse_view(optarg, o);
	case OPT_TAB:
		return va_tab_find(optarg, &o->tab);
	case OPT_SYMBOLS:
		return o->symbols = true;
	case OPT_DO:
		return parse_script(optarg, &o->script);
	}
	return take_number(c, o);
}

static bool is_png(const char *path)
{
	const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');

	/* Without a suffix it is a device, or somebody who knows. */
	return !dot || !strcmp(dot, ".png");
}

static int check_kind(const struct va_render_options *o, const struct moments *when)
{
	bool stretch = when->from || when->to, film = va_film_is_one(o->out);

	if (stretch && !film)
		return usage("a film is NAME.mp4, NAME.webm, NAME.gif or DIR/, not", o->out);
	if (film && when->at)
		return usage("--at is for one picture; a film takes --from and --to, not", when->at);
	if (!film && when->paced)
		return usage("--speed and --fps are for films, not for", o->out);
	if (!film && !is_png(o->out))
		return usage("a picture is NAME.png, not", o->out);
	return VA_EXIT_OK;
}

static int parse(int argc, char **argv, struct va_render_options *o, struct moments *when)
{
	optind = 0;
	for (int c; (c = va_next_option(argc, argv, "o:h", options, "render")) != -1;) {
		if (c == 'h')
			return -1;
		if (c == '?')
			return VA_EXIT_USAGE;
		if (!take(c, o, when))
			return usage("cannot make sense of", optarg);
	}
	if (optind != argc - 1)
		return usage(optind < argc ? "one recording at a time, not also" : "which recording?", optind < argc ? argv[argc - 1] : "");
	if (!o->out)
		return usage("where to? Give -o for", argv[optind]);
	return check_kind(o, when);
}

/* A film may begin and end between two events: seconds are taken as they are. */
static int find_time(struct va_recording *r, const char *text, __u64 otherwise, __u64 *ts)
{
	struct va_history *h = va_recording_history(r);
	double seconds;
	size_t position;
	int code;

	*ts = otherwise;
	if (!text)
		return VA_EXIT_OK;
	if (parse_number(text, 0, 1e9, &seconds)) {
		*ts = va_history_begin(h) + (__u64)(seconds * 1e9);
		return VA_EXIT_OK;
	}
	code = va_moment_find(r, "render", text, &position);
	if (!code)
		*ts = position ? va_history_time(h, position - 1) : va_history_begin(h);
	return code;
}

static int find_moments(struct va_recording *r, const struct moments *when, struct va_render_options *o)
{
	struct va_history *h = va_recording_history(r);
	int code;

	o->film = when->from || when->to || va_film_is_one(o->out);
	if (!o->film)
		return va_moment_find(r, "render", when->at ? when->at : "end", &o->position);
	code = find_time(r, when->from, va_history_begin(h), &o->from);
	if (!code)
		code = find_time(r, when->to, va_history_end(h), &o->to);
	if (!code && o->to <= o->from)
		return usage("the film ends before it begins; to is", when->to ? when->to : "end");
	return code;
}

static int find_process(struct va_recording *r, __u32 pid)
{
	const struct va_task *task = pid ? va_model_find_task(va_history_latest(va_recording_history(r)), pid) : NULL;

	if (!pid || (task && task->tgid == pid))
		return VA_EXIT_OK;
	fprintf(stderr, "vmatlas: render: no process %u in this recording\n", pid);
	return VA_EXIT_NO_PROCESS;
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && S_ISREG(x.st_mode) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int cmd_render(int argc, char **argv)
{
	struct va_render_options o = {.w = 1280, .h = 720, .fps = 30, .speed = 1, .theme = &va_theme_dark};
	struct moments when = {0};
	struct va_recording *recording;
	int code = parse(argc, argv, &o, &when);

	if (code)
		return code < 0 ? help() : code;
	if (same_file(argv[optind], o.out))
		return usage("the picture would overwrite the recording", o.out);
	code = va_moment_load(&recording, argv[optind]);
	if (code)
		return code;
	code = find_process(recording, o.pid);
	if (!code)
		code = find_moments(recording, &when, &o);
	if (!code && va_render(recording, &o))
		code = VA_EXIT_FAILURE;
	va_recording_free(recording);
	return code;
}
