#include "module.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands.h"
#include "common/vermagic.h"
#include "vmatlas/control.h"

bool va_module_present(void)
{
	return !access(VMATLAS_CONTROL_DIR "/stats", F_OK);
}

static bool locked_down(void)
{
	char line[128] = "";
	FILE *f = fopen("/sys/kernel/security/lockdown", "re");
	bool locked = f && fgets(line, sizeof(line), f) && !strstr(line, "[none]");

	if (f)
		fclose(f);
	return locked;
}

/* With versions of symbols (Debian), a module of another kernel is refused as one with a wrong parameter is. */
static bool for_another_kernel(const char *file)
{
	struct utsname uts;

	return !uname(&uts) && !va_built_for(file, uts.release);
}

static void explain_load(const char *file, int error)
{
	const char *text = strerror(error);

	if (error == EINVAL && for_another_kernel(file))
		error = ENOEXEC;
	switch (error) {
	case EKEYREJECTED:
	case ENOKEY:
		text = "it is not signed with a key this kernel trusts (Secure Boot): sign it with a key enrolled by mokutil, or use --vm, which needs none";
		break;
	case EPERM:
		text = locked_down() ? "the kernel is locked down ([integrity], Secure Boot) and takes signed modules only: sign it, or use --vm, which needs none"
				     : "only root may load modules: use sudo, or --vm, which needs no root";
		break;
	case ENOEXEC:
		text = "it was built for another kernel: build it for this one with 'make module-local' (needs the kernel's headers), or use --vm";
		break;
	case EINVAL:
		text = "the module or its parameters do not fit this kernel (see dmesg)";
		break;
	case ENOENT:
		text = "a symbol it needs, or the file itself, is not there (see dmesg)";
		break;
	}
	fprintf(stderr, "vmatlas-collect: cannot load %s: %s\n", file, text);
}

static int exit_code_of(int error)
{
	return error == EPERM || error == EACCES ? VA_EXIT_PERMISSION : VA_EXIT_MODULE;
}

int va_module_load(const char *file, const char *params)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC), error = 0;

	if (fd < 0 || syscall(SYS_finit_module, fd, params, 0))
		error = errno;
	if (fd >= 0)
		close(fd);
	if (!error)
		return VA_EXIT_OK;
	if (error == EEXIST)
		fprintf(stderr, "vmatlas-collect: cannot load %s: a vmatlas module is loaded already; unload it first with 'rmmod vmatlas'\n", file);
	else
		explain_load(file, error);
	return error == EPERM && locked_down() ? VA_EXIT_MODULE : exit_code_of(error);
}

static int run_modprobe(const char *params)
{
	char *words = va_string("%s", params), *save = NULL;
	char *argv[32] = { va_string("%s", "modprobe"), va_string("%s", "vmatlas") };
	int status = -1, n = 2;
	pid_t pid;

	for (char *w = strtok_r(words, " ", &save); w && n < 31; w = strtok_r(NULL, " ", &save))
		argv[n++] = w;
	pid = fork();
	if (!pid) {
		execv("/sbin/modprobe", argv);
		execv("/usr/sbin/modprobe", argv);
		_exit(127);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
	free(argv[0]);
	free(argv[1]);
	free(words);
	return status;
}

int va_module_probe(const char *params)
{
	if (run_modprobe(params) == 0)
		return VA_EXIT_OK;
	fputs("vmatlas-collect: no vmatlas module is installed for this kernel: build one with 'make module-local', or use --vm\n", stderr);
	return VA_EXIT_MODULE;
}

int va_module_unload(void)
{
	if (!syscall(SYS_delete_module, "vmatlas", O_NONBLOCK) || errno == ENOENT)
		return VA_EXIT_OK;
	fprintf(stderr, "vmatlas-collect: cannot unload the module: %s\n",
		errno == EWOULDBLOCK || errno == EBUSY ? "it is in use" : strerror(errno));
	return exit_code_of(errno);
}

int va_module_open(const char *control, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), VMATLAS_CONTROL_DIR "/%s", control);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int va_module_write(const char *control, const char *text)
{
	int fd = va_module_open(control, O_WRONLY), err;

	if (fd < 0)
		return fd;
	err = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

static void add_total(struct va_module_stats *s, unsigned cpu, unsigned channel, uint64_t written, uint64_t lost)
{
	struct vmatlas_totals *more = realloc(s->totals, (s->total_count + 1) * sizeof(*more));

	if (!more)
		abort();
	s->totals = more;
	s->totals[s->total_count++] = (struct vmatlas_totals){ cpu, channel, written, lost };
}

static void take_cpu(struct va_module_stats *s, const char *line)
{
	unsigned cpu;
	unsigned long long v[4];

	if (sscanf(line, "cpu %u truth %llu %llu faults %llu %llu", &cpu, &v[0], &v[1], &v[2], &v[3]) != 5)
		return;
	add_total(s, cpu, VMATLAS_CHANNEL_TRUTH, v[0], v[1]);
	add_total(s, cpu, VMATLAS_CHANNEL_FAULTS, v[2], v[3]);
}

static void take_line(struct va_module_stats *s, const char *line)
{
	const struct {
		const char *name;
		unsigned *to;
	} numbers[] = { { "wire ", &s->wire }, { "levels ", &s->levels }, { "rules ", &s->rules }, { "cpus ", &s->cpus }, { "overwrite ", &s->overwrite } };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (!strncmp(line, numbers[i].name, strlen(numbers[i].name)))
			*numbers[i].to = strtoul(line + strlen(numbers[i].name), NULL, 10);
	if (!strncmp(line, "cpu ", 4))
		take_cpu(s, line);
	else if (!strncmp(line, "subbuf_size ", 12))
		s->subbuf_size = strtoull(line + 12, NULL, 10);
	else if (!strncmp(line, "subbuf_count ", 13))
		s->subbuf_count = strtoull(line + 13, NULL, 10);
	else if (!strncmp(line, "torn ", 5))
		s->torn = strtoull(line + 5, NULL, 10);
	else if (!strncmp(line, "enabled ", 8))
		s->enabled = line[8] == '1';
	else if (!strncmp(line, "release ", 8))
		snprintf(s->release, sizeof(s->release), "%.63s", line + 8);
	else if (!strncmp(line, "missed ", 7) || !strncmp(line, "absent ", 7)) {
		va_bytes_add(&s->hooks, line, strlen(line));
		va_bytes_add(&s->hooks, "\n", 1);
	}
}

int va_module_stats(struct va_module_stats *s)
{
	struct va_bytes text = { 0 };
	char *save = NULL;
	int fd = va_module_open("stats", O_RDONLY), err;

	va_module_stats_free(s);
	if (fd < 0)
		return fd;
	err = va_read_whole(fd, &text, 1 << 20);
	close(fd);
	va_bytes_add(&text, "", 1);
	for (char *line = strtok_r((char *)text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		take_line(s, line);
	va_bytes_add(&s->hooks, "", 1);
	va_bytes_free(&text);
	return err;
}

void va_module_stats_free(struct va_module_stats *s)
{
	free(s->totals);
	va_bytes_free(&s->hooks);
	memset(s, 0, sizeof(*s));
}
