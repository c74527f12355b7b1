#include "flight.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kept.h"

#define CRASH_NS 2000000000ull /* how long a crashed process may take to end before what led to it is written without its end */
#define TELL_ROUNDS 500

struct va_flight {
	struct va_kept *kept;
	unsigned dumps;
	bool crashed;      /* a process has ended by a signal that dumps core */
	uint64_t deadline; /* of the crash the module has seen; 0 = none */
};

int va_flight_start(struct va_collect *c)
{
	int err = va_module_write("overwrite", c->o->flight ? "1" : "0");

	if (err || !c->o->flight)
		return c->o->flight ? err : 0;
	c->flight = va_zalloc(sizeof(*c->flight));
	c->flight->kept = va_kept_new((size_t)c->o->flight << 20, c->stats.cpus);
	return 0;
}

void va_flight_free(struct va_flight *f)
{
	if (f)
		va_kept_free(f->kept);
	free(f);
}

static bool dumps_core(int number)
{
	static const int numbers[] = { SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGSEGV, SIGBUS, SIGSYS, SIGXCPU, SIGXFSZ };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (numbers[i] == number)
			return true;
	return false;
}

static void see(void *ctx, unsigned cpu, const struct vmatlas_record *recs, size_t n)
{
	struct va_collect *c = ctx;

	va_kept_add(c->flight->kept, cpu, recs, n);
	va_mapped_see(c->mapped, recs, n);
	for (size_t i = 0; i < n; i++)
		if (recs[i].head.type == VMATLAS_EXIT && recs[i].head.flags & VMATLAS_F_GROUP && dumps_core(recs[i].head.aux & 0x7f))
			c->flight->crashed = true;
}

/* A place to begin at, before what is kept becomes too much. */
static void begin_anew(struct va_collect *c)
{
	const char *what = "all";
	int err = -EAGAIN;

	va_kept_begin(c->flight->kept);
	for (int i = 0; i < TELL_ROUNDS && err == -EAGAIN; i++) {
		err = va_module_write("snapshot", what);
		what = "torn";
		va_drain_truth(c->drain, see, c);
	}
	va_kept_begun(c->flight->kept, !err);
}

long va_flight_round(struct va_collect *c)
{
	long most = va_drain_truth(c->drain, see, c);

	if (va_kept_due(c->flight->kept) && !va_drain_dead(c->drain))
		begin_anew(c);
	return most;
}

void va_flight_look(struct va_collect *c)
{
	struct va_flight *f = c->flight;
	uint64_t now = va_clock();

	if (c->stats.overwrite != 2 && !f->crashed)
		return;
	if (!f->deadline)
		f->deadline = now + CRASH_NS;
	if (!f->crashed && now < f->deadline)
		return;
	va_flight_dump(c, "crash");
	f->crashed = false;
	f->deadline = 0;
	va_module_write("overwrite", "1");
}

void va_flight_correct(const struct va_flight *f, struct va_module_stats *stats)
{
	for (size_t i = 0; i < stats->total_count; i++) {
		struct vmatlas_totals *t = &stats->totals[i];
		uint64_t forgotten = t->channel == VMATLAS_CHANNEL_TRUTH ? va_kept_forgotten(f->kept, t->cpu) : 0;

		t->written -= forgotten;
		t->lost += forgotten;
	}
}

void va_flight_dump(struct va_collect *c, const char *why)
{
	struct va_flight *f = c->flight;
	char text[64];

	if (!c->error)
		c->error = va_kept_tell(f->kept, c->writer);
	if (!c->error) {
		long most = va_drain_round(c->drain, c->writer, va_mapped_see, c->mapped);

		c->error = most < 0 ? most : 0;
	}
	snprintf(text, sizeof(text), "%u, the last: %s", ++f->dumps, why);
	if (!c->error && !va_drain_dead(c->drain) && !va_module_stats(&c->stats))
		c->error = va_facts_totals(c);
	/* Last: what stands before it is to be on disk now. */
	if (!c->error)
		c->error = va_writer_meta(c->writer, "dumps", text);
}
