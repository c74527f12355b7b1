/* CPUs that come and go while the module records. It was loaded while CPU 1 was off: there is no buffer for it yet. */
#include "modtest.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

static bool write_online(const char *text)
{
	int fd = open("/sys/devices/system/cpu/cpu1/online", O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, 1) == 1;

	close(fd);
	return ok;
}

bool cpu1_online(bool on)
{
	return write_online(on ? "1" : "0");
}

static void run_on(int cpu, const char *work, const char *arg, const char *what)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	check(!sched_setaffinity(0, sizeof(set), &set), "hotplug: %s runs on CPU %d", what, cpu);
	check(watch(work, arg) == 0, "hotplug: %s: ran", what);
	drain();
}

void test_hotplug(void)
{
	size_t before, first;

	record_begin();
	run_on(0, "pages", "300", "with one CPU");
	check(!stream[1][VMATLAS_CHANNEL_TRUTH].n && !access(VMATLAS_CONTROL_DIR "/cpu1", F_OK), "hotplug: the file of a CPU that was never there is empty");
	check(cpu1_online(true), "hotplug: the CPU comes up while recording");
	run_on(1, "pages", "300", "on the new one");
	first = stream[1][VMATLAS_CHANNEL_TRUTH].n;
	check(first > 30 && stream[1][VMATLAS_CHANNEL_FAULTS].n >= 300, "hotplug: its records come (%zu, %zu)", first,
	      stream[1][VMATLAS_CHANNEL_FAULTS].n);
	check(cpu1_online(false), "hotplug: it goes while recording");
	before = stream[0][VMATLAS_CHANNEL_TRUTH].n;
	run_on(0, "pages", "300", "on the one left");
	check(stream[0][VMATLAS_CHANNEL_TRUTH].n > before, "hotplug: the other one's records come");
	check(cpu1_online(true), "hotplug: it comes back");
	run_on(1, "maps", "8", "on the one that came back");
	check(stream[1][VMATLAS_CHANNEL_TRUTH].n > first, "hotplug: its records come again");
	record_end();
	check_streams("hotplug", true);
	compare_maps("hotplug");
}
