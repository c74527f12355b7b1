/* The frame of the command line: finds the subcommand, everything else is its own. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "commands.h"

struct va_command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
};

static const struct va_command commands[] = {
#define X(name, help) { #name, cmd_##name, help },
	VA_COMMANDS(X)
#undef X
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static const struct va_command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static int help(void)
{
	puts("vmatlas shows what the Linux kernel does with a program's memory while the program runs.\n"
	     "\n"
	     "Examples:\n"
	     "  vmatlas -- ls -l                         watch ls in the window\n"
	     "  vmatlas --vm=6.1 -- make -j2             the same in a throw-away VM with Linux 6.1\n"
	     "  vmatlas record -o ls.vmatlas -- ls -l    record it instead\n"
	     "  vmatlas replay ls.vmatlas                watch the recording\n"
	     "  vmatlas dump ls.vmatlas --at end         its memory map, as /proc/PID/maps prints it\n"
	     "  sudo vmatlas attach 4711                 watch a process that already runs\n"
	     "\n"
	     "Usage: vmatlas [COMMAND] [OPTIONS] [ARGUMENTS]      without COMMAND: run\n"
	     "\n"
	     "Commands (each has its own --help):");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		printf("  %-9s %s\n", commands[i].name, commands[i].help);
	puts("\n"
	     "  -h, --help     this text\n"
	     "  -V, --version  the version\n"
	     "\n"
	     "Exit codes: 0 ok, 1 failure, 2 usage, 3 no permission, 4 no such process, 5 module not usable,\n"
	     "6 not a readable recording, 7 the VM failed. run, record and vm pass the command's own\n"
	     "status through (128 + signal when it was killed).");
	return va_end_output();
}

/* Whoever starts us with a standard descriptor closed must not find a recording in its place. */
static void fill_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	static char run_name[] = "run";

	fill_standard_descriptors();

	if (argc < 2) {
		fprintf(stderr, "vmatlas: what shall I watch? Try 'vmatlas -- ls', or 'vmatlas --help'\n");
		return VA_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return help();
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
		return puts("vmatlas " VA_VERSION), va_end_output();

	const struct va_command *command = find_command(argv[1]);

	if (command)
		return command->run(argc - 1, argv + 1);
	argv[0] = run_name;
	return cmd_run(argc, argv);
}
