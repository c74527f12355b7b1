/* Reading a subcommand's own command line, and ending its standard output: in one sentence each where something is wrong. */
#ifndef VA_ARGUMENTS_H
#define VA_ARGUMENTS_H

#include <getopt.h>
#include <stdbool.h>

/* As getopt_long(); '?' for whatever is no option or lacks its value, after a sentence that names it. Set optind to 0 before the first call. */
int va_next_option(int argc, char **argv, const char *letters, const struct option *options, const char *command);

/* A process number. False after a sentence. */
bool va_take_pid(const char *command, const char *text, unsigned *pid);

/* Says what is wrong with the command line, and where there is help. VA_EXIT_USAGE. */
int va_usage(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* All that was printed is out: VA_EXIT_OK, else a sentence and VA_EXIT_FAILURE. */
int va_end_output(void);

#endif
