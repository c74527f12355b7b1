#include "flight.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static void fill_header(const struct va_collect *c, struct vmatlas_stream_header *h)
{
	struct utsname uts;
	struct timespec real;

	uname(&uts);
	memcpy(h->magic, VMATLAS_STREAM_MAGIC, sizeof(h->magic));
	h->version = VMATLAS_STREAM_VERSION;
	h->wire_version = VMATLAS_WIRE_VERSION;
	h->header_size = sizeof(*h);
	h->record_size = VMATLAS_RECORD_SIZE;
	h->clock = VMATLAS_CLOCK_MONOTONIC;
	h->page_size = sysconf(_SC_PAGESIZE);
	h->levels = c->stats.levels;
	h->cpus = c->stats.cpus;
	h->rules = c->stats.rules;
	clock_gettime(CLOCK_REALTIME, &real);
	h->start_mono = va_clock();
	h->start_real = real.tv_sec * 1000000000ull + real.tv_nsec;
	snprintf(h->release, sizeof(h->release), "%.63s", uts.release);
	snprintf(h->machine, sizeof(h->machine), "%.15s", uts.machine);
}

/* As a shell would need it: plain words as they are, others in single quotes. */
static void add_quoted(struct va_bytes *b, const char *s)
{
	const char *p = s;

	while (*p && (isalnum((unsigned char)*p) || strchr("@%+=:,./-_", *p)))
		p++;
	if (*s && !*p) {
		va_bytes_add(b, s, strlen(s));
		return;
	}
	va_bytes_add(b, "'", 1);
	for (; *s; s++) {
		if (*s == '\'')
			va_bytes_add(b, "'\\''", 4);
		else
			va_bytes_add(b, s, 1);
	}
	va_bytes_add(b, "'", 1);
}

/* What META may carry in one piece; longer command lines are cut. */
#define META_MAX 60000

static int tell_command(struct va_collect *c)
{
	struct va_bytes b = { 0 };
	int err;

	for (size_t i = 0; i < c->o->job->argv.n && b.n < META_MAX; i++) {
		if (i)
			va_bytes_add(&b, " ", 1);
		add_quoted(&b, c->o->job->argv.item[i]);
	}
	if (b.n > META_MAX)
		b.n = META_MAX;
	va_bytes_add(&b, "", 1);
	err = va_writer_meta(c->writer, "command", (char *)b.data);
	va_bytes_free(&b);
	return err ? err : va_writer_meta(c->writer, "cwd", c->o->job->cwd);
}

/* The last line of our own map shows how this kernel lists the gate page. */
static int tell_vsyscall(struct va_collect *c)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512];
	int err = 0;

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if (strstr(line, "[vsyscall]"))
			err = va_writer_meta(c->writer, "vsyscall", line);
	}
	if (f)
		fclose(f);
	return err;
}

static int tell_line(struct va_collect *c, const char *key, const char *file)
{
	FILE *f = fopen(file, "re");
	char line[4096] = "";
	int err = 0;

	if (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		err = va_writer_meta(c->writer, key, line);
	}
	if (f)
		fclose(f);
	return err;
}

int va_facts_header(struct va_collect *c)
{
	struct vmatlas_stream_header h = { 0 };
	int err;

	fill_header(c, &h);
	err = va_writer_header(c->writer, &h);
	if (!err && c->o->job)
		err = tell_command(c);
	if (!err && c->o->title)
		err = va_writer_meta(c->writer, "title", c->o->title);
	if (!err && c->o->loader)
		err = va_writer_meta(c->writer, "loader", c->o->loader);
	if (!err)
		err = tell_vsyscall(c);
	if (!err)
		err = tell_line(c, "hostname", "/proc/sys/kernel/hostname");
	if (!err)
		err = tell_line(c, "cmdline", "/proc/cmdline");
	return err;
}

uint64_t va_facts_lost(const struct va_module_stats *s, unsigned channel)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < s->total_count; i++)
		if (channel == VMATLAS_CHANNELS || s->totals[i].channel == channel)
			lost += s->totals[i].lost;
	return lost;
}

int va_facts_totals(struct va_collect *c)
{
	if (c->flight)
		va_flight_correct(c->flight, &c->stats);
	struct vmatlas_chunk chunk = { .kind = VMATLAS_CHUNK_TOTALS, .bytes = c->stats.total_count * sizeof(*c->stats.totals) };

	return va_writer_chunk(c->writer, &chunk, c->stats.totals);
}

/* Only hooks that really missed something or are not there are worth a word. */
int va_facts_hooks(struct va_collect *c)
{
	return c->stats.hooks.n > 1 ? va_writer_meta(c->writer, "lost-hooks", (char *)c->stats.hooks.data) : 0;
}
