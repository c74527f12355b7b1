/* Operations that make and end processes and threads. All that begins here has ended when the operation returns. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ops.h"

#define CHILD_OPERATIONS 12
#define STACK (64 * 1024)

/* In a child: it is alone, and makes no processes of its own. */
static void play(struct ops *o, unsigned count)
{
	static const struct ops_kind *const parts[] = {ops_maps, ops_advice, ops_touches};

	o->uffd = o->ring = o->perf = -1;
	o->aio = 0;
	for (unsigned i = 0; i < count; i++) {
		const struct ops_kind *part = parts[ops_rnd(o, 3)];
		unsigned n = 0;

		while (part[n].name)
			n++;
		part[ops_rnd(o, n)].run(o);
	}
}

/* None outlives whoever waits for it. */
static pid_t fork_bound(void)
{
	pid_t pid = fork();

	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* Who waited for a stop may have got the end: then there is nobody any more. */
static void await(pid_t pid)
{
	if (pid > 0)
		while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
			;
}

static void fork_and_play(struct ops *o)
{
	pid_t pid = fork_bound();

	if (!pid) {
		play(o, CHILD_OPERATIONS);
		_exit(0);
	}
	/* Now the parent's pages are copied for it, or are its own again. */
	ops_touch(o, ops_addr(o), true);
	await(pid);
	ops_touch(o, ops_addr(o), true);
}

static void killed_while_playing(struct ops *o)
{
	struct timespec rest = {0, (long)ops_rnd(o, 3000000)};
	pid_t pid = fork_bound();

	if (!pid)
		for (;;)
			play(o, 100);
	nanosleep(&rest, NULL);
	if (pid > 0)
		kill(pid, SIGKILL);
	await(pid);
}

static void *play_for_ever(void *arg)
{
	struct ops o = *(struct ops *)arg;

	ops_self = &o;
	o.thread += 1;
	memset(o.recent, 0, sizeof(o.recent));
	for (;;)
		play(&o, 100);
	return NULL;
}

/* One of several threads ends the process while the others change the map. */
static void group_exit(struct ops *o)
{
	struct timespec rest = {0, (long)ops_rnd(o, 3000000)};
	pid_t pid = fork_bound();

	if (!pid) {
		pthread_t thread;

		memset(o->recent, 0, sizeof(o->recent));
		for (unsigned i = 0; i < 2; i++) {
			o->state += i;
			pthread_create(&thread, NULL, play_for_ever, o);
			sched_yield();
		}
		nanosleep(&rest, NULL);
		_exit(3);
	}
	await(pid);
}

static void exec_program(struct ops *o)
{
	static const char *const programs[] = {"still-pie", "still-fixed", "still-static", "still-32", "still-x32"};
	static char path[512];
	static char variable[] = "A=B";
	char *argv[] = {path, NULL}, *env[] = {variable, NULL};
	pid_t pid;

	if (!ops_still)
		return;
	snprintf(path, sizeof(path), "%s/%s", ops_still, programs[ops_rnd(o, 5)]);
	pid = ops_chance(o, 2) ? vfork() : fork();
	if (!pid) {
		execve(path, argv, env);
		_exit(127);
	}
	await(pid);
}

static int share_map(void *arg)
{
	struct ops *o = arg;

	/* Not the main thread: its stack is small and does not grow. */
	o->thread += 64;
	play(o, 4);
	return 0;
}

/* Another process in the same map. Its thread area is ours: we wait meanwhile. */
static void clone_vm(struct ops *o)
{
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	struct ops copy = *o;

	if (stack == MAP_FAILED)
		return;
	await(clone(share_map, stack + STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, o));
	*o = copy;
	/* It has moved some of them. */
	memset(o->recent, 0, sizeof(o->recent));
	ops_rnd(o, 2);
	ops_self = o;
	munmap(stack, STACK);
}

static void *short_thread(void *arg)
{
	struct ops o = *(struct ops *)arg;

	ops_self = &o;
	o.thread += 1;
	o.uffd = o.ring = o.perf = -1;
	o.aio = o.shm = 0;
	for (unsigned i = 0; i < 3; i++)
		ops_touch(&o, ops_addr(&o), true);
	return NULL;
}

static void thread(struct ops *o)
{
	pthread_t id;

	if (!pthread_create(&id, NULL, short_thread, o))
		pthread_join(id, NULL);
}

/* The kernel writes into another's read-only page: its own copy. */
static void poke(struct ops *o)
{
	unsigned long addr = ops_addr(o);
	pid_t pid = fork_bound();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(0);
	}
	if (pid < 0)
		return;
	waitpid(pid, NULL, __WALL);
	ptrace(PTRACE_POKEDATA, pid, addr, 42);
	ptrace(PTRACE_POKEDATA, pid, (unsigned long)&poke & ~7ul, 0x9090909090909090ul);
	ptrace(PTRACE_DETACH, pid, 0, 0);
	await(pid);
}

const struct ops_kind ops_processes[] = {
	{"fork", fork_and_play, 3}, {"kill", killed_while_playing, 1}, {"group-exit", group_exit, 1}, {"exec", exec_program, 2},
	{"clone-vm", clone_vm, 1},  {"thread", thread, 2},	       {"poke", poke, 1},	      {0},
};
