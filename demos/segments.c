/*
 * Where does a variable live? One in each segment, with its address and the zone in which vmatlas shows it.
 *
 * usage: segments [--pace SECONDS] [--hold]     (--hold: waits for Enter at the end, so that another program can look: `vmmap --flat PID`)
 *
 * One sees the usual boxes of a program, each with what it holds: "WHAT ADDRESS ZONE" a line. A variable of a thread (TLS) has no zone of its own: the loader puts
 * that of the first thread into anonymous memory, the C library that of others at the top of their stack. argv and the environment lie above the stack's first frame.
 * Events: op: mmap 4 (anonymous, shared, a file; the thread's stack), mprotect 1 (its guard).
 */
#include <pthread.h>
#include <sys/auxv.h>

#include "lab.h"

#define THREAD_STACK (64 * KIB)

extern char **environ;

static const char in_rodata[] = "a constant";
static int in_data = 1;
/* A page of its own: the first bytes of bss share the last page of data, which is the file's. */
static _Alignas(4096) int in_bss[2 * PAGE / sizeof(int)];
static __thread int in_tls = 1;

static void tell(const char *what, const void *address, const char *zone)
{
	lab_print("%-16s %p %s\n", what, address, zone);
	lab_wait(lab_pace / 4);
}

static void the_program(void)
{
	lab_say("From the program's file: code, constants, variables with a value, and (bss) without");
	tell("text", (const void *)(uintptr_t)the_program, "text");
	tell("rodata", in_rodata, "rodata");
	tell("data", &in_data, "data");
	in_bss[0] = 1;
	tell("bss", in_bss, "bss");
	tell("library-code", (const void *)(uintptr_t)write, "text");
	tell("vdso", (const void *)getauxval(AT_SYSINFO_EHDR), "vdso");
}

static char *file_page(void)
{
	char name[] = "/tmp/segments.XXXXXX", *p;
	int fd = mkstemp(name);

	if (fd < 0 || unlink(name) || write(fd, "text", 4) != 4)
		lab_die(name);
	p = lab_map_file(PAGE, PROT_READ, MAP_PRIVATE, fd);
	close(fd);
	return p;
}

static void asked_for(void)
{
	char *small = malloc(100), *page = lab_map(PAGE, RW), *shared = lab_map_file(PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1), *file = file_page();

	if (!small)
		lab_die("malloc");
	lab_say("Asked for while it runs: the heap, and mappings");
	small[0] = page[0] = shared[0] = file[0] ? 1 : 2;
	tell("heap", small, "heap");
	tell("mmap", page, "anon");
	tell("shared", shared, "shared");
	tell("file", file, "file");
}

static void *thread_part(void *none)
{
	int on_stack = 1;

	tell("thread-stack", &on_stack, "thread-stack");
	tell("thread-tls", &in_tls, "thread-stack");
	return NULL;
}

/*
 * At a place of its own: right below the first thread's TLS, where the C library may put it, both would be one box. The guard
 * is made here, too.
 */
static void give_stack(pthread_attr_t *attr)
{
	char *p = lab_map(PAGE + THREAD_STACK, RW);

	if (mprotect(p, PAGE, PROT_NONE))
		lab_die("mprotect");
	pthread_attr_init(attr);
	pthread_attr_setstack(attr, p + PAGE, THREAD_STACK);
}

static void stacks(char **argv)
{
	int on_stack = 1;
	pthread_attr_t attr;
	pthread_t thread;

	lab_say("Stacks: the first thread's, which the kernel made, with the arguments above; and what each thread has for itself (TLS)");
	tell("stack", &on_stack, "stack");
	tell("argv", argv[0], "stack");
	tell("environment", environ[0] ? (const void *)environ[0] : (const void *)environ, "stack");
	tell("tls", &in_tls, "anon");
	give_stack(&attr);
	if ((errno = pthread_create(&thread, &attr, thread_part, NULL)))
		lab_die("pthread_create");
	pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	int at = lab_start(argc, argv, " [--hold]", "one variable in each of text, rodata, data, bss, heap, mmap, stack, TLS, argv, environment: addresses and zones");
	bool hold = at + 1 == argc && !strcmp(argv[at], "--hold");
	char c;

	if (at < argc && !hold) {
		dprintf(STDERR_FILENO, "segments: what is '%s'? --help tells\n", argv[at]);
		return 2;
	}
	the_program();
	asked_for();
	stacks(argv);
	lab_say("These are all");
	if (hold) {
		lab_print("process %d waits for Enter: vmmap --flat %d\n", getpid(), getpid());
		while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
			;
	}
	return 0;
}
