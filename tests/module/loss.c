#include "modtest.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void check_totals(void)
{
	unsigned long given = 0, lost = 0, written = 0, read_back = 0;
	char line[16];

	for (int cpu = 0; cpu < CPUS; cpu++) {
		snprintf(line, sizeof(line), "cpu %d", cpu);
		for (int ch = 0; ch < VMATLAS_CHANNELS; ch++) {
			const struct records *r = &stream[cpu][ch];

			if (stat_of(line, ch * 3 + 1) < 0)
				continue;
			written += stat_of(line, ch * 3 + 1);
			lost += stat_of(line, ch * 3 + 2);
			read_back += r->n;
			given += r->n ? r->rec[r->n - 1].head.seq + 1 : 0;
		}
	}
	check(lost > 100, "loss: %lu records lost on purpose", lost);
	check(written == read_back, "loss: %lu written, %lu read", written, read_back);
	check(given <= written + lost && given >= written, "loss: sequence numbers %lu of %lu", given, written + lost);
}

static pid_t start_target(const char *name, const char *arg)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (control("target", "exec"))
		_exit(98);
	execl("/proc/self/exe", "modtest", "work", name, arg, NULL);
	_exit(97);
}

/* Drains seldom at first, so that tiny buffers overflow, then heals as a collector does. */
static void ride_storm(pid_t pid)
{
	int status;

	for (int i = 0; !waitpid(pid, &status, WNOHANG | WUNTRACED); i++) {
		usleep(i < 40 ? 10000 : 1000);
		drain();
		if (i >= 40)
			control("snapshot", "torn");
	}
	check(WIFSTOPPED(status), "loss: the storm is over");
}

static __u32 target_mm(void)
{
	for (size_t i = 0; i < all.n; i++)
		if (all.rec[i].head.type == VMATLAS_EXEC && all.rec[i].head.flags & VMATLAS_F_TARGET)
			return all.rec[i].head.mm;
	return 0;
}

/* The module was loaded with tiny buffers. */
void test_loss(void)
{
	pid_t pid;

	record_begin();
	pid = start_target("storm", "3000");
	ride_storm(pid);
	merge();
	map_may_have_holes = true;
	check_healed(pid, target_mm(), "loss");
	check_totals();
	check_streams("loss", false);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	record_end();
	check(count(VMATLAS_FORK, 0) >= 3 && count(VMATLAS_EXEC, 0) == 1, "loss: no FORK or EXEC is missing");
}

/* Records that nothing repeats: those that find even the keep full leave gaps, and what one recording kept is not the next one's. */
void test_kept(void)
{
	long dropped = stat_of("missed kept-records", 0), lost = stat_of("cpu 0", 2) + stat_of("cpu 1", 2);
	int status, waiting;

	record_begin();
	waitpid(start_target("rename", "4000"), &status, 0);
	control("target", "none");
	dropped = stat_of("missed kept-records", 0) - dropped;
	lost = stat_of("cpu 0", 2) + stat_of("cpu 1", 2) - lost;
	check(!status && dropped > 1000 && lost >= dropped, "kept: %ld found no place, %ld counted as lost", dropped, lost);
	waiting = stat_of("torn", 0);
	control("enable", "0");
	control("enable", "1");
	check(waiting == 1 && !stat_of("torn", 0), "kept: %d before, %ld after a new start", waiting, stat_of("torn", 0));
	record_end();
}
