/* Recording on this machine's own kernel: the module there, the collector as root. */
#ifndef VA_LOCAL_H
#define VA_LOCAL_H

#include <stdbool.h>

#include "launch.h"

/* What to do for --local with the module: nothing, load a file, or ask modprobe. Strings owned by the caller. */
struct va_local {
	char *load;  /* file to load, or NULL */
	bool probe;
	int code;    /* exit code where it cannot be used: VA_EXIT_MODULE, or VA_EXIT_PERMISSION */
};

/* False: *why says (as a clause, owned by the caller) why the module cannot be used here, how->code is set. */
bool va_local_usable(const struct va_options *o, struct va_local *how, char **why);

/* Forks the collector (as root by sudo or pkexec where we are not). 0, or an exit code after one sentence. */
int va_local_start(struct va_launch *l, const struct va_options *o, const struct va_local *how);

#endif
