/*
 * The subcommands of vmatlas: one file each (cli/NAME.c), one line each in VA_COMMANDS.
 * argv[0] is the subcommand's name; the result is the exit code of the program. To add one: its file and a line below.
 */
#ifndef VA_COMMANDS_H
#define VA_COMMANDS_H

/* Documented in --help and the manual. `run` and `record` pass the command's own status through (128 + signal when killed). */
enum va_exit {
	VA_EXIT_OK = 0,
	VA_EXIT_FAILURE = 1,
	VA_EXIT_USAGE = 2,
	VA_EXIT_PERMISSION = 3,
	VA_EXIT_NO_PROCESS = 4,
	VA_EXIT_MODULE = 5,
	VA_EXIT_NOT_A_RECORDING = 6,
	VA_EXIT_VM = 7,
};

/* X(name, one line of help), in the order --help shows them */
#define VA_COMMANDS(X)                                                                                                 \
	X(run, "run a command and watch its memory in the window")                                                         \
	X(record, "run a command and write a recording")                                                                   \
	X(replay, "watch a recording in the window")                                                                       \
	X(render, "a picture or a film of a recording, without a window")                                                  \
	X(dump, "a process's map at a moment, as /proc/PID/maps prints it")                                                \
	X(diff, "what differs in a map between two moments: mappings and pages")                                             \
	X(events, "what a recording holds, one event a line")                                                              \
	X(stats, "counts of a recording: events, processes, losses")                                                       \
	X(notices, "what is worth a look: leaks, a stack that grows, fault storms …")                                        \
	X(verify, "run a command and compare the picture with what the kernel itself says")                                   \
	X(redact, "a recording for sharing: without page frames and the names of files")                                      \
	X(print, "the address space of a process, as the module prints it to the kernel log")                                  \
	X(vm, "run a command in the VM and record nothing: to try a kernel module")                                            \
	X(attach, "watch a process that already runs (this machine's kernel only)")

#define X(name, help) int cmd_##name(int argc, char **argv);
VA_COMMANDS(X)
#undef X

#endif
