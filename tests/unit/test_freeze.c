/* A tree that stands still: who is killed meanwhile is noticed, also where the rest is frozen again when he is gone. On real processes. */
#include "unit/build.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "decode.h"

#include "common/bytes.c"
#include "collect/freeze.c"

#define PATIENCE_MS 10000

/* Of collect/drain.c, which needs the module. */
uint64_t va_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static pid_t family[2];

static size_t list_family(void *ctx, pid_t **tgids)
{
	*tgids = malloc(sizeof(family));
	memcpy(*tgids, family, sizeof(family));
	return 2;
}

static void nothing(void *ctx)
{
}

static const struct va_freeze_help help = { list_family, nothing, NULL };

static pid_t member(const struct va_freeze *f)
{
	int ready[2];
	pid_t child;
	char byte;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (!child) {
		va_freeze_join(f);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_true(child > 0);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return child;
}

static struct va_freeze *by_signals(void)
{
	struct va_freeze *f = va_zalloc(sizeof(*f));

	f->events = f->freeze = -1;
	return f;
}

static void has_ended(pid_t child)
{
	siginfo_t info;

	assert_int_equal(waitid(P_PID, child, &info, WEXITED | WNOWAIT), 0);
}

/* Stops two, kills one of them by that signal. */
static void one_is_killed(struct va_freeze *f, int deadly)
{
	family[0] = member(f);
	family[1] = member(f);
	assert_int_equal(va_freeze_stop(f, PATIENCE_MS, &help), 0);
	assert_true(va_freeze_still(f));
	kill(family[0], deadly);
	has_ended(family[0]);
	assert_false(va_freeze_still(f));
	va_freeze_go(f);
	kill(family[1], SIGKILL);
	for (int i = 0; i < 2; i++)
		waitpid(family[i], NULL, 0);
	va_freeze_free(f);
}

static void killed_while_frozen(void **state)
{
	struct va_freeze *f = va_freeze_new();

	if (!va_freeze_by_cgroup(f)) {
		va_freeze_free(f);
		skip(); /* an ordinary user makes no cgroup; a guest's root does, see test_verify */
	}
	one_is_killed(f, SIGTERM);
}

static void killed_while_stopped(void **state)
{
	one_is_killed(by_signals(), SIGKILL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(killed_while_frozen), cmocka_unit_test(killed_while_stopped) };

	return RUN(tests);
}
