/* Processes in words. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "words.h"

const char *va_words_ended(char *buf, size_t n, __u32 exit_code)
{
	int status = (int)exit_code;
	const char *name = WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : NULL;

	if (WIFSIGNALED(status) && name)
		snprintf(buf, n, "killed by SIG%s%s", name, WCOREDUMP(status) ? ", core" : "");
	else if (WIFSIGNALED(status))
		snprintf(buf, n, "killed by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status))
		snprintf(buf, n, "failed: %d", WEXITSTATUS(status));
	else
		snprintf(buf, n, "ended well");
	return buf;
}
