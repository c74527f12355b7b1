#include "picture.h"

#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replace.h"

#define TEXTS_MAX 8

static void silent(png_structp png, png_const_charp what)
{
	(void)png;
	(void)what;
}

static void fail(png_structp png, png_const_charp what)
{
	(void)what;
	longjmp(png_jmpbuf(png), 1);
}

static void set_texts(png_structp png, png_infop info, const struct va_png_text *texts)
{
	png_text out[TEXTS_MAX] = {0};
	int n = 0;

	for (; texts && texts->key && n < TEXTS_MAX; texts++)
		if (texts->value) {
			out[n].compression = PNG_TEXT_COMPRESSION_NONE;
			out[n].key = (char *)(uintptr_t)texts->key;
			out[n++].text = (char *)(uintptr_t)texts->value;
		}
	if (n)
		png_set_text(png, info, out, n);
}

static bool encode(FILE *f, const struct va_canvas *c, const struct va_png_text *texts, unsigned char *row)
{
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, fail, silent);
	png_infop info = png ? png_create_info_struct(png) : NULL;

	if (!info || setjmp(png_jmpbuf(png))) {
		png_destroy_write_struct(&png, &info);
		return false;
	}
	png_init_io(png, f);
	png_set_compression_level(png, 6);
	png_set_filter(png, 0, PNG_FILTER_NONE); /* flat areas and letters pack best as they are */
	png_set_IHDR(png, info, (png_uint_32)c->w, (png_uint_32)c->h, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
		     PNG_FILTER_TYPE_DEFAULT);
	set_texts(png, info, texts);
	png_write_info(png, info);
	for (int y = 0; y < c->h; y++) {
		const uint32_t *p = c->pixels + (size_t)y * (size_t)c->w;

		for (int x = 0; x < c->w; x++) {
			row[3 * x] = (unsigned char)(p[x] >> 16);
			row[3 * x + 1] = (unsigned char)(p[x] >> 8);
			row[3 * x + 2] = (unsigned char)p[x];
		}
		png_write_row(png, row);
	}
	png_write_end(png, info);
	png_destroy_write_struct(&png, &info);
	return true;
}

/* 0 or -errno */
static int write_to(FILE *f, const struct va_canvas *c, const struct va_png_text *texts)
{
	unsigned char *row = malloc((size_t)c->w * 3);
	bool good;

	errno = 0;
	good = row && encode(f, c, texts, row) && !fflush(f) && !ferror(f);
	free(row);
	return good ? 0 : errno ? -errno : -EIO;
}

static int write_file(const char *path, const struct va_canvas *c, const struct va_png_text *texts)
{
	struct va_replace r;
	int error = va_replace_begin(&r, path), ended;
	FILE *f = error ? NULL : fopen(r.temp, "wb");

	if (error)
		return error;
	error = f ? write_to(f, c, texts) : -errno;
	if (f && fclose(f) && !error)
		error = -errno;
	ended = va_replace_end(&r, !error);
	return error ? error : ended;
}

int va_png_write(const struct va_canvas *c, const char *path, const struct va_png_text *texts)
{
	int error = strcmp(path, "-") ? write_file(path, c, texts) : write_to(stdout, c, texts);

	if (error)
		fprintf(stderr, "vmatlas: %s: %s\n", path, strerror(-error));
	return error;
}
