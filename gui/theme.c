#include "theme.h"

#include <math.h>
#include <string.h>

/* Okabe & Ito, https://jfly.uni-koeln.de/color/ */
#define ORANGE 0xffe69f00u
#define SKY 0xff56b4e9u
#define GREEN 0xff009e73u
#define YELLOW 0xfff0e442u
#define BLUE 0xff0072b2u
#define VERMILLION 0xffd55e00u
#define PURPLE 0xffcc79a7u

const struct va_theme va_theme_dark = {
	.name = "dark",
	.ground = 0xff0c1117, .panel = 0xff131a22, .raised = 0xff1c2530, .line = 0xff2b3743, .faint = 0xff232d38,
	.text = 0xffd9e2ec, .dim = 0xff8f9fb0, .bright = 0xffffffff,
	.anon = SKY, .anon_fill = 0xff12405f, .anon_text = 0xffe8f5ff,
	.file = ORANGE, .file_fill = 0xff4d3a10, .file_text = 0xfffff3d6,
	.kernel = 0xff3b3350, .hole = 0xff1a2028, .gap = 0xff0f151c,
	.resident_anon = SKY, .resident_file = ORANGE, .absent = 0x30ffffff, .uncertain = 0xffc8ccd4,
	.accent = 0xffffffff, .fresh = YELLOW,
	.zero = SKY, .map = ORANGE, .cow = PURPLE, .huge = 0xff1fc795, .bad = 0xfff0702a, .other = 0xff8796a5,
	.warn = 0xfff0702a, .good = 0xff1fc795,
	.field = {SKY, 0xff9fb0ff, 0xff1fc795, ORANGE, 0xffe59cc4, 0xffaab7c4},
	.category = {SKY, ORANGE, 0xff1fc795, YELLOW, 0xff9fb0ff, 0xfff0702a, 0xffe59cc4, 0xff8796a5, 0xff4a7ae0},
	.ramp = {0xff5b6b86, 0xff7f93a8, 0xffa9b394, 0xffdcc65c, 0xfffff27a},
	.text_scale = 1, .line_width = 1,
};

const struct va_theme va_theme_light = {
	.name = "light",
	.ground = 0xffe9edf1, .panel = 0xfffbfcfd, .raised = 0xffeef2f6, .line = 0xffc9d2db, .faint = 0xffdde4ea,
	.text = 0xff1b2530, .dim = 0xff566575, .bright = 0xff000000,
	.anon = BLUE, .anon_fill = 0xffc4e1f4, .anon_text = 0xff06304a,
	.file = 0xffb67a00, .file_fill = 0xfffde6b4, .file_text = 0xff4a3300,
	.kernel = 0xffd9d2ea, .hole = 0xffe3e7ec, .gap = 0xfff1f4f7,
	.resident_anon = BLUE, .resident_file = 0xffcf8c00, .absent = 0x28000000, .uncertain = 0xff454a54,
	.accent = 0xff101820, .fresh = 0xff857200,
	.zero = BLUE, .map = 0xffcf8c00, .cow = 0xffb04f86, .huge = 0xff00805d, .bad = VERMILLION, .other = 0xff74828f,
	.warn = 0xffc04d00, .good = 0xff00805d,
	.field = {BLUE, 0xff5563c8, 0xff00805d, 0xffb67a00, 0xffb04f86, 0xff5b6875},
	.category = {BLUE, 0xffb67a00, 0xff00805d, 0xff857200, 0xff5563c8, 0xffc04d00, 0xffb04f86, 0xff74828f, 0xff6fa8ff},
	.ramp = {0xffa9b6c4, 0xff8296ab, 0xff6d7a5e, 0xff7a5f10, 0xff5a2a00},
	.text_scale = 1, .line_width = 1,
};

const struct va_theme va_theme_projector = {
	.name = "projector",
	.ground = 0xffffffff, .panel = 0xffffffff, .raised = 0xfff0f0f0, .line = 0xff8a8a8a, .faint = 0xffd8d8d8,
	.text = 0xff000000, .dim = 0xff383838, .bright = 0xff000000,
	.anon = 0xff005a8e, .anon_fill = 0xffa9d5f1, .anon_text = 0xff000000,
	.file = 0xff9a6500, .file_fill = 0xffffd98a, .file_text = 0xff000000,
	.kernel = 0xffd0c4ea, .hole = 0xffdcdcdc, .gap = 0xfff6f6f6,
	.resident_anon = 0xff005a8e, .resident_file = 0xffb87400, .absent = 0x38000000, .uncertain = 0xff1c2026,
	.accent = 0xff000000, .fresh = 0xff6f6000,
	.zero = 0xff005a8e, .map = 0xffb87400, .cow = 0xffa03a74, .huge = GREEN, .bad = 0xffc04d00, .other = 0xff606060,
	.warn = 0xffb84300, .good = 0xff007a55,
	.field = {0xff005a8e, 0xff4450b0, 0xff007a55, 0xff9a6500, 0xffa03a74, 0xff404040},
	.category = {0xff005a8e, 0xff9a6500, 0xff007a55, 0xff6f6000, 0xff4450b0, 0xffb84300, 0xffa03a74, 0xff606060, 0xff5f8fe0},
	.ramp = {0xff9aa8b8, 0xff74889e, 0xff5f6c50, 0xff6c5208, 0xff4a2000},
	.text_scale = 1.16f, .text_min = 14.7f, .grows = true, .line_width = 2,
};

static const struct va_theme *const themes[] = {&va_theme_dark, &va_theme_light, &va_theme_projector};
#define THEMES ((int)(sizeof(themes) / sizeof(themes[0])))

static const struct {
	enum va_face face;
	float px;
} roles[VA_TEXT_ROLES] = {
	[VA_TEXT_BODY] = {VA_FACE_SANS, 12.5f},
	[VA_TEXT_STRONG] = {VA_FACE_BOLD, 12.5f},
	[VA_TEXT_SMALL] = {VA_FACE_SANS, 11},
	[VA_TEXT_LABEL] = {VA_FACE_BOLD, 10.5f},
	[VA_TEXT_MONO] = {VA_FACE_MONO, 12},
	[VA_TEXT_MONO_SMALL] = {VA_FACE_MONO, 10.5f},
	[VA_TEXT_MONO_STRONG] = {VA_FACE_MONO_BOLD, 12},
	[VA_TEXT_TITLE] = {VA_FACE_BOLD, 15},
	[VA_TEXT_CAPTION] = {VA_FACE_BOLD, 21},
	[VA_TEXT_ADDRESS] = {VA_FACE_MONO_BOLD, 20},
};

const struct va_theme *va_theme_find(const char *name)
{
	for (int i = 0; i < THEMES; i++)
		if (!strcmp(themes[i]->name, name))
			return themes[i];
	return NULL;
}

const struct va_theme *va_theme_next(const struct va_theme *t)
{
	for (int i = 0; i < THEMES; i++)
		if (themes[i] == t)
			return themes[(i + 1) % THEMES];
	return themes[0];
}

/* Twice the pixels are not twice as large: half of the gain goes into texts, half into room. */
float va_scale_for(const struct va_theme *t, int w, int h)
{
	float fit = fminf((float)w / 1280, (float)h / 720);
	float scale = fit < 1 ? fit * 0.5f + 0.5f : 1 + (fit - 1) * (t->grows ? 1 : 0.62f);

	return roundf(va_clampf(scale, 0.8f, 3) * 20) / 20;
}

int va_px(const struct va_style *s, float at_scale_1)
{
	return (int)lroundf(at_scale_1 * s->scale);
}

int va_role_px(const struct va_style *s, enum va_text_role role)
{
	return (int)lroundf(fmaxf(roles[role].px * s->theme->text_scale, s->theme->text_min) * s->scale);
}

enum va_face va_role_face(enum va_text_role role)
{
	return roles[role].face;
}

int va_role_height(const struct va_style *s, enum va_text_role role)
{
	return va_text_height(s->fonts, roles[role].face, va_role_px(s, role));
}

int va_role_width(const struct va_style *s, enum va_text_role role, const char *text)
{
	return va_text_width(s->fonts, roles[role].face, va_role_px(s, role), text, -1);
}
