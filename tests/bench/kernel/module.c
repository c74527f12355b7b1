/* The module by its control files: what is recorded is read and dropped, so that no collector's work is in the figures. */
#include "work.h"

#include "vmatlas/control.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int control_open(const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), VMATLAS_CONTROL_DIR "/%s", name);
	return open(path, flags | O_CLOEXEC);
}

void control(const char *file, const char *text)
{
	int fd = control_open(file, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		fail(file);
	close(fd);
}

static void drain_file(const char *kind, int cpu)
{
	static char sink[1 << 20];
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "%s%d", kind, cpu);
	fd = control_open(name, O_RDONLY);
	while (fd >= 0 && read(fd, sink, sizeof(sink)) > 0)
		;
	if (fd >= 0)
		close(fd);
}

void drain(void)
{
	for (int cpu = 0; cpu < sysconf(_SC_NPROCESSORS_CONF); cpu++) {
		drain_file("cpu", cpu);
		drain_file("faults", cpu);
	}
}

unsigned long lost(void)
{
	unsigned long truth, faults, sum = 0;
	char line[256];
	FILE *f = fopen(VMATLAS_CONTROL_DIR "/stats", "re");

	if (!f)
		fail("stats");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "cpu %*u truth %*u %lu faults %*u %lu", &truth, &faults) == 2)
			sum += truth + faults;
	fclose(f);
	return sum;
}
