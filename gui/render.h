/* Pictures and films without a display: the window's own picture of a moment or a stretch. Same recording, same options: same bytes. */
#ifndef VA_RENDER_H
#define VA_RENDER_H

#include "app.h"
#include "picture.h"

#define VA_SCRIPT_MAX 64

struct va_script { /* actions done before the picture, or the film's first one */
	struct {
		enum va_action_id action;
		uint64_t arg;
		const char *text; /* of an action that takes one; NULL = none. Borrowed */
	} step[VA_SCRIPT_MAX];
	unsigned steps;
};

struct va_render_options {
	const char *out;    /* see va_film_new; anything else is one PNG; "-" = standard output */
	bool film;          /* from … to; otherwise one picture at position */
	size_t position;
	__u64 from, to;     /* times of the recording */
	int w, h, fps;
	double scale, speed; /* scale 0 = by size; speed: recorded seconds a second of film */
	const struct va_theme *theme;
	enum va_panes panes;
	__u32 pid;          /* 0 = the process where things happen */
	enum va_tab tab;    /* on the stage */
	struct va_script script;
	bool symbols;       /* look names of code up in this machine's files: the picture then depends on them */
};

/* 0, or a negative number after one sentence on stderr. */
int va_render(struct va_recording *recording, const struct va_render_options *o);

/* Program, process and moment of a picture, for its tEXt chunks; texts needs room for 6, buf holds their values. */
void va_render_texts(const struct va_app *app, struct va_png_text *texts, char *buf, size_t n);

#endif
