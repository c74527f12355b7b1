/*
 * Threads share the page tables, processes do not: a thread and a child each write to the same page.
 *
 * One sees a box for the thread's stack, with a guard below. What the thread writes is there for all, in the same frame. What the child writes is copied first and
 * nobody else sees it.
 * Events: op: mmap 2 (the page; the thread's stack), mprotect 1 (its guard); fork 2 (1 thread, 1 process); fault on the page: 1 demand-zero (the thread's write), 1 cow (the child's).
 */
#include <pthread.h>

#include "lab.h"
#include "libmap.h"

static volatile int *p;

static void look(const char *who)
{
	lab_print("%s reads %d at ", who, *p);
	print_map((void *)p);
	lab_wait(lab_pace);
}

static void *thread_part(void *none)
{
	int own = 7;

	lab_say("The thread writes to the page: one fault, for all threads");
	*p = 1;
	look("thread");
	lab_print("thread: its own variable holds %d at ", own);
	print_map(&own);
	return NULL;
}

static void child_part(void)
{
	lab_say("The child process writes to it, too: but that is its own page by then");
	*p = 2;
	look("child");
	_exit(0);
}

int main(int argc, char **argv)
{
	pthread_t thread;
	pid_t child;

	lab_start_plain(argc, argv, "threads share page tables, processes do not: a thread and a child write to the same page");
	lab_say("A page, not touched yet; then a second thread");
	p = (volatile int *)lab_map(PAGE, RW);
	print_map((void *)p);
	if ((errno = pthread_create(&thread, NULL, thread_part, NULL)))
		lab_die("pthread_create");
	pthread_join(thread, NULL);
	lab_say("The first thread sees what the other one wrote: one process, one map, the same frame");
	look("parent");
	lab_say("fork: a process with a map of its own");
	child = lab_fork();
	if (!child)
		child_part();
	lab_join(child);
	lab_say("The parent's page is as it was: the child wrote to a copy");
	look("parent");
	return *p != 1;
}
