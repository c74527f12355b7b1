#include "font.h"

#include <SDL_ttf.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIZES_MAX 64
#define GLYPH_BUCKETS 512
#define ASCII_LAST 0x7f

struct glyph {
	uint32_t code;
	struct glyph *next;
	int advance, left, w, h;
	uint8_t mask[];
};

struct sized { /* one face at one size */
	enum va_face face;
	int px, height, ascent;
	TTF_Font *ttf;
	struct glyph *bucket[GLYPH_BUCKETS];
};

struct va_fonts {
	char path[VA_FACES][PATH_MAX];
	struct sized *sized[SIZES_MAX];
	int count;
};

/* In this order: what assets/fonts/list collects first, then what most systems have. */
static const char *const files[VA_FACES][4] = {
	[VA_FACE_SANS] = {"Inter-Medium.otf", "Inter-Regular.otf", "DejaVuSans.ttf", NULL},
	[VA_FACE_BOLD] = {"Inter-SemiBold.otf", "Inter-Bold.otf", "DejaVuSans-Bold.ttf", NULL},
	[VA_FACE_MONO] = {"JetBrainsMono-Medium.ttf", "JetBrainsMono-Regular.ttf", "DejaVuSansMono.ttf", NULL},
	[VA_FACE_MONO_BOLD] = {"JetBrainsMono-Bold.ttf", "DejaVuSansMono-Bold.ttf", NULL},
};

static const char *const system_dirs[] = {
	"/usr/share/vmatlas/fonts", "/usr/local/share/vmatlas/fonts", "/usr/share/fonts/opentype/inter",
	"/usr/share/fonts/truetype/jetbrains-mono", "/usr/share/fonts/truetype/dejavu", "/usr/share/fonts/dejavu-sans-fonts",
	"/usr/share/fonts/dejavu-sans-mono-fonts", "/usr/share/fonts/TTF", "/usr/share/fonts/dejavu",
};

static bool try_dir(struct va_fonts *fonts, enum va_face face, const char *file, const char *dir)
{
	int n = snprintf(fonts->path[face], PATH_MAX, "%s/%s", dir, file);

	return n > 0 && n < PATH_MAX && !access(fonts->path[face], R_OK);
}

static bool find_file(struct va_fonts *fonts, enum va_face face, const char *file, const char *dir, const char *beside)
{
	if ((dir && try_dir(fonts, face, file, dir)) || (*beside && try_dir(fonts, face, file, beside)))
		return true;
	for (size_t i = 0; i < sizeof(system_dirs) / sizeof(system_dirs[0]); i++)
		if (try_dir(fonts, face, file, system_dirs[i]))
			return true;
	return false;
}

/* Looks beside the program, its parents (build/tests/unit/…) and in PREFIX/share of an installation. */
static void beside_program(char *out)
{
	static const char *const places[] = {"assets/fonts", "../assets/fonts", "../../assets/fonts", "../share/vmatlas/fonts"};
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash;

	*out = '\0';
	if (n <= 0)
		return;
	exe[n] = '\0';
	slash = strrchr(exe, '/');
	*slash = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (snprintf(out, PATH_MAX, "%.3000s/%s", exe, places[i]) > 0 && !access(out, X_OK))
			return;
	*out = '\0';
}

static bool find_face(struct va_fonts *fonts, enum va_face face, const char *dir, const char *beside)
{
	for (const char *const *file = files[face]; *file; file++)
		if (find_file(fonts, face, *file, dir, beside))
			return true;
	fprintf(stderr, "vmatlas: no font found for its texts: install the packages that assets/fonts/list names (fonts-dejavu-core will do)\n");
	return false;
}

struct va_fonts *va_fonts_new(const char *dir)
{
	struct va_fonts *fonts = calloc(1, sizeof(*fonts));
	char beside[PATH_MAX];

	if (!fonts || TTF_Init() < 0) {
		fprintf(stderr, "vmatlas: the text library does not start: %s\n", TTF_GetError());
		free(fonts);
		return NULL;
	}
	beside_program(beside);
	for (int face = 0; face < VA_FACES; face++)
		if (!find_face(fonts, face, dir, beside)) {
			va_fonts_free(fonts);
			return NULL;
		}
	return fonts;
}

void va_fonts_free(struct va_fonts *fonts)
{
	if (!fonts)
		return;
	for (int i = 0; i < fonts->count; i++) {
		struct sized *s = fonts->sized[i];

		for (int b = 0; b < GLYPH_BUCKETS; b++)
			for (struct glyph *g = s->bucket[b], *next; g; g = next) {
				next = g->next;
				free(g);
			}
		TTF_CloseFont(s->ttf);
		free(s);
	}
	TTF_Quit();
	free(fonts);
}

static struct sized *open_size(struct va_fonts *fonts, enum va_face face, int px)
{
	struct sized *s;

	for (int i = 0; i < fonts->count; i++)
		if (fonts->sized[i]->face == face && fonts->sized[i]->px == px)
			return fonts->sized[i];
	if (fonts->count == SIZES_MAX) /* sizes come from the theme and few scales: the nearest is near */
		return fonts->sized[SIZES_MAX - 1];
	s = calloc(1, sizeof(*s));
	if (!s)
		abort();
	s->ttf = TTF_OpenFont(fonts->path[face], px);
	if (!s->ttf) {
		fprintf(stderr, "vmatlas: %s: %s\n", fonts->path[face], TTF_GetError());
		exit(1);
	}
	TTF_SetFontHinting(s->ttf, TTF_HINTING_LIGHT);
	s->face = face;
	s->px = px;
	s->height = TTF_FontHeight(s->ttf);
	s->ascent = TTF_FontAscent(s->ttf);
	return fonts->sized[fonts->count++] = s;
}

int va_utf8_length(const char *s)
{
	unsigned char c = (unsigned char)*s;
	int n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 1;

	for (int i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 1;
	return n;
}

static uint32_t utf8_code(const char *s, int n)
{
	unsigned char c = (unsigned char)*s;

	switch (n) {
	case 2:
		return (c & 0x1fu) << 6 | ((unsigned char)s[1] & 0x3fu);
	case 3:
		return (c & 0x0fu) << 12 | ((unsigned char)s[1] & 0x3fu) << 6 | ((unsigned char)s[2] & 0x3fu);
	case 4:
		return (c & 0x07u) << 18 | ((unsigned char)s[1] & 0x3fu) << 12 | ((unsigned char)s[2] & 0x3fu) << 6 |
		       ((unsigned char)s[3] & 0x3fu);
	default:
		return c < ' ' || c >= ASCII_LAST ? '?' : c;
	}
}

static struct glyph *make_glyph(struct sized *s, uint32_t code)
{
	int minx = 0, maxx = 0, miny = 0, maxy = 0, advance = 0;
	SDL_Surface *surface = NULL;
	struct glyph *g;

	if (!TTF_GlyphIsProvided32(s->ttf, code))
		code = '?';
	TTF_GlyphMetrics32(s->ttf, code, &minx, &maxx, &miny, &maxy, &advance);
	if (code != ' ')
		surface = TTF_RenderGlyph32_Blended(s->ttf, code, (SDL_Color){255, 255, 255, 255});
	g = calloc(1, sizeof(*g) + (surface ? (size_t)surface->w * (size_t)surface->h : 0));
	if (!g)
		abort();
	g->advance = advance;
	g->left = minx < 0 ? minx : 0;
	if (surface) {
		g->w = surface->w;
		g->h = surface->h;
		for (int y = 0; y < g->h; y++) {
			const uint32_t *row = (const uint32_t *)((const uint8_t *)surface->pixels + y * surface->pitch);

			for (int x = 0; x < g->w; x++)
				g->mask[y * g->w + x] = (uint8_t)(row[x] >> 24);
		}
		SDL_FreeSurface(surface);
	}
	return g;
}

static const struct glyph *find_glyph(struct sized *s, uint32_t code)
{
	struct glyph **slot = &s->bucket[code % GLYPH_BUCKETS];

	for (struct glyph *g = *slot; g; g = g->next)
		if (g->code == code)
			return g;
	struct glyph *g = make_glyph(s, code);

	g->code = code;
	g->next = *slot;
	*slot = g;
	return g;
}

int va_text_width(struct va_fonts *fonts, enum va_face face, int px, const char *text, int n)
{
	struct sized *s = open_size(fonts, face, px);
	const char *end = text + (n < 0 ? strlen(text) : (size_t)n);
	int w = 0;

	for (int len; text < end; text += len) {
		len = va_utf8_length(text);
		w += find_glyph(s, utf8_code(text, len))->advance;
	}
	return w;
}

int va_text_height(struct va_fonts *fonts, enum va_face face, int px)
{
	return open_size(fonts, face, px)->height;
}

int va_text_ascent(struct va_fonts *fonts, enum va_face face, int px)
{
	return open_size(fonts, face, px)->ascent;
}

void va_text_draw(struct va_fonts *fonts, struct va_canvas *c, enum va_face face, int px, int x, int y, const char *text, va_colour colour)
{
	struct sized *s = open_size(fonts, face, px);

	for (int len; *text; text += len) {
		const struct glyph *g;

		len = va_utf8_length(text);
		g = find_glyph(s, utf8_code(text, len));
		va_canvas_mask(c, x + g->left, y, g->mask, g->w, g->h, colour);
		x += g->advance;
	}
}
