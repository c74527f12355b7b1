/*
 * An application that does with its memory what it is told, by a menu, a script, or standard input:
 *
 *   app                                            the menu, where there is a terminal; else commands from standard input, or an example
 *   app -s "alloc 100k; free 1; recurse 1000; return; print; quit"
 *   app -d FILE …                                  and one line of figures into FILE for each step (make plots draws them)
 *
 * One sees the heap end move up by brk, 132 KiB at a time, while small blocks are taken; blocks of 128 KiB and more get mappings of their own; the end moves back only
 * when the top of the heap is free: not when blocks are freed last first, for malloc keeps the first seven of a size for who asks next. Recursion makes the stack grow by page faults, without any system call, and returning gives nothing back.
 * Events: each block of 128 KiB or more one mmap, freed one munmap; recurse N touches about N × 1.1 KiB of stack, a fault each page. Every command is a mark.
 * A script with a word that is no command is gone through to its end; the exit status is 2 then.
 * "print" lets the module print this very process to the kernel log (root, with the module loaded).
 */
#include "lab.h"

#include <fcntl.h>
#include <malloc.h>

#define BLOCKS 65536
#define FRAME_BYTES 1024
#define DEPTH_MOST 6000

static const char example[] = "alloc 1k 200; alloc 200k; print; free all; recurse 1000; return; quit";
static const char help[] =
	"  alloc SIZE [COUNT]   malloc COUNT blocks of SIZE bytes (100, 4k, 2m), and write to them\n"
	"  free N | last | all  free block N, the one taken last, or every one, oldest first\n"
	"  recurse DEPTH        call a function DEPTH deep (1 KiB of stack each) and stay there\n"
	"  return               come back from the last recursion\n"
	"  show                 the figures\n"
	"  print                let the vmatlas module print this process to the kernel log\n"
	"  help, quit\n";

static struct block {
	char *at;
	size_t size;
} blocks[BLOCKS];
static size_t block_count, taken; /* blocks ever taken; bytes malloc'd and not freed */
static char *heap_start;
static unsigned long depth;
static int figures = -1; /* file for the plots */
static bool quits;

static void tell_commands(void)
{
	if (write(STDOUT_FILENO, help, sizeof(help) - 1) < 0)
		_exit(1);
}

/* --- measured ------------------------------------------------------------------------------------------------------------------------ */

struct figures {
	size_t heap, mapped;      /* how far brk moved; what malloc got by mmap */
	size_t stack, stack_rss;  /* the stack's VMA; of it in memory */
};

static size_t kib_of(const char *smaps, const char *key)
{
	const char *at = strstr(smaps, key);

	return at ? strtoul(at + strlen(key), NULL, 10) : 0;
}

/* /proc/self/smaps without stdio; the stack is among its last mappings, and a part of the file is as good as all. */
static const char *read_stack(void)
{
	static char text[1 << 18];
	int fd = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n;

	if (fd < 0)
		lab_die("/proc/self/smaps");
	while (used < sizeof(text) - 1 && (n = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	close(fd);
	text[used] = 0;
	return strstr(text, "[stack]");
}

static struct figures measure(void)
{
	const char *stack = read_stack();
	struct mallinfo2 info = mallinfo2();

	return (struct figures){
		.heap = (size_t)((char *)sbrk(0) - heap_start), .mapped = info.hblkhd,
		.stack = stack ? kib_of(stack, "Size:") * KIB : 0, .stack_rss = stack ? kib_of(stack, "Rss:") * KIB : 0,
	};
}

static void note(void)
{
	struct figures f;

	if (figures < 0)
		return;
	f = measure();
	dprintf(figures, "%zu %zu %zu %lu %zu %zu\n", taken, f.heap, f.mapped, depth, f.stack, f.stack_rss);
}

static void show(void)
{
	struct figures f = measure();

	lab_print("malloc'd %zu bytes; heap extended by %zu, mapped by malloc %zu; depth %lu, stack %zu KiB, of it %zu KiB in memory\n", taken, f.heap, f.mapped, depth,
	    f.stack / KIB, f.stack_rss / KIB);
}

/* --- commands ---------------------------------------------------------------------------------------------------------------------------- */

static bool number(const char *text, size_t *out)
{
	char *end;
	double value = strtod(text, &end);
	double unit = *end == 'k' ? 1024 : *end == 'm' ? 1 << 20 : 1;

	end += unit > 1;
	*out = (size_t)(value * unit);
	return *text >= '0' && *text <= '9' && !*end && value * unit < 1e12;
}

static void take(size_t size)
{
	struct block *b = &blocks[block_count];

	b->at = malloc(size);
	if (!b->at) {
		lab_print("malloc(%zu) gave nothing: %s\n", size, strerror(errno));
		return;
	}
	memset(b->at, 1, size);
	b->size = size;
	block_count++;
	taken += size;
	note();
}

static void cmd_alloc(const char *size_text, const char *count_text)
{
	size_t size, count = 1;

	if (!number(size_text, &size) || !size || (*count_text && (!number(count_text, &count) || !count))) {
		lab_print("alloc SIZE [COUNT]: not '%s %s'\n", size_text, count_text);
		return;
	}
	if (count > BLOCKS - block_count) {
		lab_print("only %d blocks in all\n", BLOCKS);
		return;
	}
	for (size_t i = 0; i < count; i++)
		take(size);
	lab_print("block%s %zu", count > 1 ? "s" : "", block_count - count + 1);
	lab_print(count > 1 ? " to %zu: " : ": ", block_count);
	show();
}

static void give_back(size_t i)
{
	if (!blocks[i].at)
		return;
	free(blocks[i].at);
	taken -= blocks[i].size;
	blocks[i] = (struct block){ 0 };
	note();
}

static void cmd_free(const char *which)
{
	size_t n = block_count;

	if (!strcmp(which, "all")) {
		for (size_t i = 0; i < block_count; i++)
			give_back(i);
		block_count = 0;
	} else if ((strcmp(which, "last") && !number(which, &n)) || !n || n > block_count || !blocks[n - 1].at) {
		lab_print("there is no block '%s'\n", which);
		return;
	} else {
		give_back(n - 1);
		while (block_count && !blocks[block_count - 1].at)
			block_count--;
	}
	show();
}

static void cmd_print(void)
{
	static const char file[] = "/proc/vmatlas/print";
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		lab_print("print: %s: %s (it takes the module, and root)\n", file, strerror(errno));
	else if (dprintf(fd, "pid=%d tree=1", getpid()) < 0)
		lab_print("print: the module says: %s\n", strerror(errno));
	else
		lab_print("print: process %d is in the kernel log (dmesg)\n", getpid());
	if (fd >= 0)
		close(fd);
}

static bool run_line(void);

/* Stays at the bottom until "return". The frame is touched, so the stack has to be there. */
static __attribute__((noinline)) int descend(unsigned long levels)
{
	volatile char frame[FRAME_BYTES];
	int sum;

	memset((void *)frame, (int)levels, sizeof(frame));
	depth++;
	if (levels % 8 == 1)
		note();
	if (levels > 1) {
		sum = descend(levels - 1);
	} else {
		show();
		while (!quits && run_line())
			;
		sum = 0;
	}
	depth--;
	if (levels % 8 == 1)
		note();
	return sum + frame[levels % FRAME_BYTES];
}

static void cmd_recurse(const char *text)
{
	size_t levels;

	if (!number(text, &levels) || !levels || levels + depth > DEPTH_MOST) {
		lab_print("recurse DEPTH: at most %d in all, the stack ends there\n", DEPTH_MOST);
		return;
	}
	descend(levels);
	if (!quits)
		show();
}

/* --- where commands come from -------------------------------------------------------------------------------------------------------------- */

static const char *script; /* NULL: standard input */
static bool menu, heard, misspelt;

/* The next command, up to ';' or the end of the line; false: no more. */
static bool next_command(char *out, size_t room)
{
	size_t n = 0;
	char c = 0;

	if (menu)
		lab_print("app> ");
	if (script && !*script)
		return false;
	for (;;) {
		if (script)
			c = *script ? *script++ : 0;
		else if (read(STDIN_FILENO, &c, 1) <= 0)
			c = 0;
		if (!c || c == ';' || c == '\n')
			break;
		if (n + 1 < room)
			out[n++] = c;
	}
	out[n] = 0;
	return n || c;
}

static bool is(const char *word, const char *name)
{
	return !strcmp(word, name);
}

static void obey(const char *word, const char *first, const char *second)
{
	if (is(word, "alloc"))
		cmd_alloc(first, second);
	else if (is(word, "free"))
		cmd_free(first);
	else if (is(word, "recurse"))
		cmd_recurse(first);
	else if (is(word, "show"))
		show();
	else if (is(word, "print"))
		cmd_print();
	else if (is(word, "help"))
		tell_commands();
	else if (is(word, "return"))
		lab_print("there is nothing to return from\n");
	else {
		lab_print("'%s' is no command; help lists them\n", word);
		misspelt = true;
	}
}

/* False: the commands, or those of this recursion, are over. */
static bool run_line(void)
{
	char line[128], word[32] = "", first[32] = "", second[32] = "";

	if (!next_command(line, sizeof(line))) {
		quits = true;
		return false;
	}
	if (sscanf(line, "%31s %31s %31s", word, first, second) < 1)
		return true;
	heard = true;
	if (is(word, "quit")) {
		quits = true;
		return false;
	}
	if (is(word, "return") && depth)
		return false;
	vmatlas_mark(line);
	obey(word, first, second);
	lab_wait(lab_pace);
	return true;
}

static void arguments(int argc, char **argv)
{
	for (int i = lab_start(argc, argv, " [-s SCRIPT] [-d FILE]", "an application that allocates, frees and recurses as it is told"); i < argc; i += 2) {
		if (i + 1 < argc && is(argv[i], "-s")) {
			script = argv[i + 1];
		} else if (i + 1 < argc && is(argv[i], "-d")) {
			figures = open(argv[i + 1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
			if (figures < 0)
				lab_die(argv[i + 1]);
		} else {
			dprintf(STDERR_FILENO, "app: what is '%s'? --help tells\n", argv[i]);
			_exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	arguments(argc, argv);
	heap_start = sbrk(0);
	menu = !script && isatty(STDIN_FILENO);
	lab_print("app: process %d\n", getpid());
	if (menu)
		tell_commands();
	while (!quits && run_line())
		;
	/* Nobody said anything: an example. */
	if (!heard && !script && !menu) {
		quits = false;
		script = example;
		while (!quits && run_line())
			;
	}
	return misspelt && !menu ? 2 : 0;
}
