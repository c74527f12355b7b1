#include "prover.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "around.h"
#include "collect.h"
#include "oracle.h"

#define PATIENCE_MS 250        /* until all stand still; twice as much each time it was not enough, up to … */
#define PATIENCE_MOST_MS 2000
#define REFRESH_ROUNDS 500
#define TGIDS_A_WRITE 32       /* the module takes 64 in 1,024 bytes */

struct va_prover {
	struct va_proving how;
	struct va_freeze *freeze;
	uint64_t random;
	uint64_t next;          /* when the next moment is due; 0 = nobody was watched yet */
	uint64_t looked;        /* when we last looked for somebody */
	uint64_t frozen_ns;     /* how long the last one took, or its failing */
	int patience;           /* ms */
	uint64_t base[2];       /* lost before this recording */
	bool have_base;
	uint32_t number;
};

struct va_prover *va_prover_new(const struct va_proving *how)
{
	struct va_prover *p;

	if (!how->interval_us)
		return NULL;
	p = va_zalloc(sizeof(*p));
	p->how = *how;
	p->random = how->seed;
	p->patience = PATIENCE_MS;
	p->freeze = va_freeze_new();
	return p;
}

void va_prover_free(struct va_prover *p)
{
	if (!p)
		return;
	va_freeze_free(p->freeze);
	free(p);
}

const struct va_freeze *va_prover_freeze(const struct va_prover *p)
{
	return p ? p->freeze : NULL;
}

int va_prover_wait(const struct va_prover *p, int most)
{
	uint64_t now = va_clock();

	if (!p || (p->how.count && p->number >= p->how.count))
		return most;
	if (!p->next)
		return most < 1 ? most : 1;
	if (p->next <= now)
		return 0;
	return (p->next - now) / 1000000 < (uint64_t)most ? (int)((p->next - now) / 1000000) : most;
}

/* Uniform between 0 and twice the mean; never less running than standing still, on the average. */
static void plan_next(struct va_prover *p, unsigned divide)
{
	uint64_t mean = p->how.interval_us * 1000ull / divide;

	if (mean < p->frozen_ns)
		mean = p->frozen_ns;
	p->next = va_clock() + va_random(&p->random) % (2 * mean + 1);
}

/* The processes watched, as the module says. */
static size_t list_targets(void *ctx, pid_t **tgids)
{
	struct va_bytes text = { 0 };
	int fd = va_module_open("target", O_RDONLY);
	size_t n = 0, room = 0;
	char *save = NULL;

	*tgids = NULL;
	if (fd >= 0) {
		va_read_whole(fd, &text, 1 << 20);
		close(fd);
	}
	va_bytes_add(&text, "", 1);
	for (char *line = strtok_r((char *)text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (n == room) {
			room = room ? room * 2 : 64;
			*tgids = realloc(*tgids, room * sizeof(**tgids));
			if (!*tgids)
				abort();
		}
		(*tgids)[n++] = atoi(line);
	}
	va_bytes_free(&text);
	return n;
}

static void skip(struct va_collect *c, uint32_t why)
{
	struct { struct vmatlas_proof head; struct vmatlas_proof_skipped skipped; } piece = {
		{ .kind = VMATLAS_PROOF_SKIPPED }, { .ts = va_clock(), .why = why },
	};
	struct vmatlas_chunk chunk = { .kind = VMATLAS_CHUNK_PROOF, .bytes = sizeof(piece) };

	if (!c->error)
		c->error = va_writer_chunk(c->writer, &chunk, &piece);
}

/* --- a fresh report of everything ------------------------------------------------------------------------------------------ */

static bool report_again(struct va_collect *c, const char *request)
{
	int err = va_module_write("snapshot", request);

	for (int i = 0; err == -EAGAIN && i < REFRESH_ROUNDS && !c->error; i++) {
		va_collect_round(c);
		err = va_module_write("snapshot", "torn");
	}
	return !err;
}

static bool refresh(struct va_prover *p, struct va_collect *c, const pid_t *tgids, size_t n)
{
	bool all = true;

	for (size_t i = 0; i < n && all; i += TGIDS_A_WRITE) {
		char text[1024];
		int at = snprintf(text, sizeof(text), "pid");

		for (size_t k = i; k < n && k < i + TGIDS_A_WRITE; k++)
			at += snprintf(text + at, sizeof(text) - at, " %d", tgids[k]);
		all = report_again(c, text);
	}
	return all;
}

/* --- one moment -------------------------------------------------------------------------------------------------------------- */

static void note_lost(struct va_prover *p, struct va_collect *c, struct vmatlas_proof_moment *m)
{
	if (va_module_stats(&c->stats))
		return;
	for (unsigned channel = 0; channel < 2; channel++)
		m->lost[channel] = va_facts_lost(&c->stats, channel) - p->base[channel];
}

static void write_pieces(struct va_collect *c, const struct va_pieces *pieces)
{
	size_t at = 0;

	for (size_t i = 0; i < pieces->n && !c->error; at = pieces->end[i++]) {
		struct vmatlas_chunk chunk = { .kind = VMATLAS_CHUNK_PROOF, .bytes = pieces->end[i] - at };

		c->error = va_writer_chunk(c->writer, &chunk, pieces->bytes.data + at);
	}
}

static void ask_all(struct va_prover *p, struct va_pieces *pieces, const pid_t *tgids, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t flags = va_freeze_holds(p->freeze, tgids[i]) ? 0 : VMATLAS_PROOF_OUTSIDE;

		va_oracle_ask(pieces, tgids[i], flags, p->how.pages, &p->random);
	}
}

/* All stand still. The MOMENT goes first in the stream, its end is known last. */
static void read_moment(struct va_prover *p, struct va_collect *c, struct va_pieces *pieces)
{
	struct vmatlas_proof_moment m = {
		.flags = va_freeze_by_cgroup(p->freeze) ? VMATLAS_PROOF_FREEZER : 0, .number = p->number + 1,
	};
	pid_t *tgids;
	size_t n = list_targets(NULL, &tgids);

	/* Where it was changed since we looked last, pages are due that were mapped around others. */
	va_around_look(&c->around);
	note_lost(p, c, &m);
	m.torn = c->stats.torn;
	m.processes = n;
	if (va_random(&p->random) % 100 < p->how.refresh && refresh(p, c, tgids, n))
		m.flags |= VMATLAS_PROOF_REFRESHED;
	if (m.torn)
		report_again(c, "torn");
	if (m.torn || m.flags & VMATLAS_PROOF_REFRESHED)
		note_lost(p, c, &m);
	m.begin = va_clock();
	va_pieces_add(pieces, VMATLAS_PROOF_MOMENT, 0, 0, &m, sizeof(m));
	ask_all(p, pieces, tgids, n);
	m.end = va_clock();
	memcpy(pieces->bytes.data + sizeof(struct vmatlas_proof), &m, sizeof(m));
	free(tgids);
}

static void note_frozen(struct va_pieces *pieces, uint32_t us)
{
	memcpy(pieces->bytes.data + sizeof(struct vmatlas_proof) + offsetof(struct vmatlas_proof_moment, frozen_us), &us, sizeof(us));
}

void va_prover_come_first(bool first)
{
	const struct sched_param least = { .sched_priority = first };

	sched_setscheduler(0, first ? SCHED_RR | SCHED_RESET_ON_FORK : SCHED_OTHER, &least);
}

/* Some wait for others in the kernel, and many share a CPU: what is enough for one program is not for another. */
static void learn_patience(struct va_prover *p, bool enough)
{
	p->patience = enough ? p->patience / 2 : p->patience * 2;
	if (p->patience < PATIENCE_MS)
		p->patience = PATIENCE_MS;
	if (p->patience > PATIENCE_MOST_MS)
		p->patience = PATIENCE_MOST_MS;
}

/* Who does not stand still yet goes on recording. */
static void read_on(void *ctx)
{
	struct va_collect *c = ctx;

	if (!c->error)
		va_collect_round(c);
}

static void moment(struct va_prover *p, struct va_collect *c)
{
	const struct va_freeze_help help = { list_targets, read_on, c };
	struct va_pieces pieces = { 0 };
	uint64_t begin = va_clock();
	int err = va_freeze_stop(p->freeze, p->patience, &help);
	bool still;

	if (err || c->error) {
		va_freeze_go(p->freeze);
		p->frozen_ns = va_clock() - begin;
		learn_patience(p, err != -EAGAIN);
		skip(c, err == -EAGAIN ? VMATLAS_SKIP_BUSY : VMATLAS_SKIP_FAILED);
		return;
	}
	learn_patience(p, true);
	/* Who competed with us stands still. What we read takes its time, and other programs of this machine may want the CPU. */
	va_prover_come_first(false);
	read_moment(p, c, &pieces);
	va_prover_come_first(true);
	/* Somebody may have been killed while he stood still. */
	still = va_freeze_still(p->freeze);
	va_freeze_go(p->freeze);
	p->frozen_ns = va_clock() - begin;
	if (still) {
		note_frozen(&pieces, p->frozen_ns / 1000);
		write_pieces(c, &pieces);
		p->number++;
	} else {
		skip(c, VMATLAS_SKIP_BUSY);
	}
	va_pieces_free(&pieces);
}

static bool somebody(void)
{
	pid_t *tgids;
	size_t n = list_targets(NULL, &tgids);

	free(tgids);
	return n;
}

static void note_base(struct va_prover *p, struct va_collect *c)
{
	struct vmatlas_proof_moment m = { 0 };

	if (p->have_base)
		return;
	note_lost(p, c, &m);
	p->base[0] = m.lost[0];
	p->base[1] = m.lost[1];
	p->have_base = true;
}

void va_prover_turn(struct va_prover *p, struct va_collect *c)
{
	if (!p || c->error || va_drain_dead(c->drain) || (p->how.count && p->number >= p->how.count))
		return;
	note_base(p, c);
	if (!p->next) {
		if (somebody())
			plan_next(p, 8);
		return;
	}
	if (va_clock() < p->next)
		return;
	if (somebody())
		moment(p, c);
	plan_next(p, 1);
}
