#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "units.h"

static FILE *open_proc(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return fopen(path, "re");
}

static const struct {
	const char *name;
	size_t at;
} status_names[] = {
#define X(field, name) {name, offsetof(struct vm_status, field)},
	VM_STATUS(X)
#undef X
};

void vm_status_line(struct vm_status *s, const char *line)
{
	size_t n = strcspn(line, ":");

	for (size_t i = 0; i < sizeof(status_names) / sizeof(status_names[0]); i++)
		if (line[n] && strlen(status_names[i].name) == n && !strncmp(line, status_names[i].name, n)) {
			*(__u64 *)((char *)s + status_names[i].at) = strtoull(line + n + 1, NULL, 10);
			s->known = true;
		}
}

static int read_status(struct vm_process *p)
{
	FILE *f = open_proc(p->pid, "status");
	char line[512];

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		const char *last = strrchr(line, '\t');

		vm_status_line(&p->status, line);
		if (last && !strncmp(line, "NSpid:", 6))
			p->ns_pid = atoi(last);
	}
	fclose(f);
	return 0;
}

#define STAT_FIELDS 52
#define PF_KTHREAD 0x00200000u

/* Field n of proc(5), 3 on, is what stands behind the name, which may hold anything. */
bool vm_stat_text(struct vm_process *p, const char *text)
{
	const char *open = strchr(text, '('), *at = strrchr(text, ')');
	__u64 field[STAT_FIELDS + 1] = {0};
	char *behind, harmless[sizeof(p->name)];

	if (!open || !at || at < open)
		return false;
	snprintf(p->comm, sizeof(p->comm), "%.*s", (int)(at - open - 1), open + 1);
	snprintf(p->name, sizeof(p->name), "%s", vm_harmless(p->comm, harmless, sizeof(harmless)));
	p->state = at[1] && at[2] ? at[2] : '?';
	at += at[1] ? at[2] ? 3 : 2 : 1;
	for (int i = 4; i <= STAT_FIELDS && *at; i++, at = behind)
		field[i] = strtoull(at, &behind, 10);
	p->kernel_thread = field[9] & PF_KTHREAD;
	p->minor = field[10];
	p->major = field[12];
	p->layout = (struct vm_layout){field[26], field[27], field[45], field[46], field[47], field[28], field[48], field[49], field[50], field[51]};
	return true;
}

static int read_stat(struct vm_process *p)
{
	FILE *f = open_proc(p->pid, "stat");
	char text[2048];
	size_t n;

	if (!f)
		return -errno;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	return vm_stat_text(p, text) ? 0 : -ESRCH;
}

static void read_exe(struct vm_process *p)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)p->pid);
	n = readlink(path, p->exe, sizeof(p->exe) - 1);
	p->exe[n > 0 ? n : 0] = '\0';
}

static int open_regions(struct vm_process *p, enum vm_want want)
{
	char path[64];
	int fd = -1;

	if (want == VM_WANT_SMAPS) {
		snprintf(path, sizeof(path), "/proc/%d/smaps", (int)p->pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		p->smaps_hidden = fd < 0 && errno == EACCES;
	}
	if (fd < 0) {
		snprintf(path, sizeof(path), "/proc/%d/maps", (int)p->pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	return fd;
}

/*
 * The file stays with the address space it was opened for. When that goes (the process ends, or calls execve) in the middle, it ends there without a word: then it
 * has no first byte any more, either. -EAGAIN.
 */
static int read_regions(struct vm_process *p, enum vm_want want)
{
	int fd = open_regions(p, want), error;
	char first;

	if (fd < 0)
		return -errno;
	error = vm_regions_read(&p->regions, fd);
	if (!error && p->regions.count && pread(fd, &first, 1, 0) != 1)
		error = -EAGAIN;
	close(fd);
	return error;
}

static int read_whole(struct vm_process *p, enum vm_want want)
{
	int error = -EAGAIN;

	for (int tries = 0; tries < 5 && error == -EAGAIN; tries++) {
		vm_regions_free(&p->regions);
		error = read_stat(p);
		if (!error)
			error = read_regions(p, want);
	}
	return error == -EAGAIN ? -ESRCH : error;
}

static int complain(const struct vm_process *p, int error)
{
	const char *name = *p->name ? p->name : "?";

	if (error == -ENODATA && p->kernel_thread)
		fprintf(stderr, "vmmap: %d (%s) is a thread of the kernel: it has no address space of its own\n", (int)p->pid, name);
	else if (error == -ENODATA && p->state == 'Z')
		fprintf(stderr, "vmmap: %d (%s) is a zombie: it has ended, its memory is gone, only its status waits to be read\n", (int)p->pid, name);
	else if (error == -ENODATA)
		fprintf(stderr, "vmmap: %d (%s) has no address space any more: it is ending\n", (int)p->pid, name);
	else if (error == -EACCES || error == -EPERM)
		fprintf(stderr, "vmmap: the map of %d (%s) is hidden from you: only its owner, or root, may see it\n", (int)p->pid, name);
	else if (error == -ESRCH || error == -ENOENT)
		fprintf(stderr, "vmmap: there is no process %d%s\n", (int)p->pid, *p->comm ? " any more: it ended while it was read" : "");
	else
		fprintf(stderr, "vmmap: process %d: %s\n", (int)p->pid, strerror(-error));
	return error == -ENOENT ? -ESRCH : error == -EPERM ? -EACCES : error;
}

int vm_process_read(struct vm_process *p, pid_t pid, enum vm_want want)
{
	int error;

	*p = (struct vm_process){.pid = pid, .state = '?'};
	error = read_whole(p, want);
	if (!error)
		error = read_status(p);
	if (!error && !p->regions.count)
		error = p->kernel_thread || p->state == 'Z' || p->state == 'X' || !p->status.known ? -ENODATA : -EACCES;
	if (error) {
		error = complain(p, error);
		vm_process_free(p);
		return error;
	}
	read_exe(p);
	vm_classify(p);
	return 0;
}

bool vm_process_peek(struct vm_process *p, pid_t pid)
{
	*p = (struct vm_process){.pid = pid, .state = '?'};
	if (!read_whole(p, VM_WANT_MAPS) && p->regions.count)
		return true;
	vm_process_free(p);
	return false;
}

int vm_process_read_file(struct vm_process *p, const char *path)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO, error;

	*p = (struct vm_process){.source = path, .state = '?'};
	if (fd < 0) {
		error = -errno;
		fprintf(stderr, "vmmap: %s: %s\n", path, strerror(-error));
		return error;
	}
	error = vm_regions_read(&p->regions, fd);
	if (fd != STDIN_FILENO)
		close(fd);
	if (!error && !p->regions.count)
		error = -EINVAL;
	if (error == -EINVAL)
		fprintf(stderr, "vmmap: %s: no line of /proc/PID/maps or smaps in it\n", path);
	else if (error)
		fprintf(stderr, "vmmap: %s: %s\n", path, strerror(-error));
	else if (p->regions.malformed)
		fprintf(stderr, "vmmap: %s: %u lines make no sense and are left out\n", path, p->regions.malformed);
	if (error)
		vm_process_free(p);
	else
		vm_classify(p);
	return error;
}

void vm_process_free(struct vm_process *p)
{
	vm_regions_free(&p->regions);
	va_model_free(p->model);
	va_objects_free(p->objects);
	va_texts_free(p->texts);
	p->model = NULL;
	p->objects = NULL;
	p->texts = NULL;
}
