/*
 * user_mark DIR [NAME]: becomes an ordinary user (65534), cannot open the marker file any more, and still can mark: through the descriptor it was
 * handed.
 *
 * Marks user-1, user-2. NAME.facts: pid N, uid N, open ERRNO (of an attempt to open the marker), marked 0|-1 (of the marks).
 */
#include "workload.h"

#include <grp.h>

int main(int argc, char **argv)
{
	int fd, error, one, two;

	wl_begin(argc, argv);
	if (getuid() == 0 && (setgroups(0, NULL) || setgid(65534) || setuid(65534)))
		wl_die("setuid");
	errno = 0;
	fd = open(VMATLAS_CONTROL_DIR "/marker", O_WRONLY);
	error = fd < 0 ? errno : 0;
	one = vmatlas_mark("user-1");
	two = vmatlas_mark("user-2");
	wl_fact("pid %d\nuid %d\nopen %d\nmarked %d", getpid(), (int)getuid(), error, one || two ? -1 : 0);
	wl_save_facts("facts");
	return 0;
}
