#include "vm/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vm/ticks.h"

#define PROGRAM "qemu-system-x86_64"

static bool cpu_has(const char *flag)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[8192], word[32];
	bool found = false;

	snprintf(word, sizeof(word), " %s ", flag);
	while (f && !found && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "flags", 5))
			continue;
		line[strcspn(line, "\n")] = ' ';
		found = strstr(line, word);
	}
	if (f)
		fclose(f);
	return found;
}

bool va_kvm_plausible(unsigned levels)
{
	return (cpu_has("vmx") || cpu_has("svm")) && (levels == 4 || cpu_has("la57")) && !access("/dev/kvm", R_OK | W_OK);
}

/* QEMU splits at commas; a doubled one stands for itself. */
static char *quote(const char *s)
{
	char *out = va_zalloc(strlen(s) * 2 + 1), *p = out;

	for (; *s; s++) {
		*p++ = *s;
		if (*s == ',')
			*p++ = ',';
	}
	return out;
}

static void add(struct va_strings *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct va_strings *v, const char *format, ...)
{
	char text[16384];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	va_strings_add(v, text);
}

/*
 * Several processors emulated in parallel lose track of code that one of them rewrites while another runs it, before QEMU 8.1 (its commit
 * "accel/tcg: Always lock pages before translation"): the kernel patches itself, and dies of it now and then. In turn is safe.
 */
static bool parallel_emulation_safe(void)
{
	char *const argv[] = { va_string("%s", PROGRAM), va_string("%s", "--version"), NULL };
	unsigned major = 0, minor = 0;
	struct va_bytes said = { 0 };
	int fd[2];
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC))
		return false;
	pid = fork();
	if (!pid) {
		dup2(fd[1], 1);
		execvp(PROGRAM, argv);
		_exit(127);
	}
	close(fd[1]);
	va_read_whole(fd[0], &said, 65536);
	close(fd[0]);
	waitpid(pid, NULL, 0);
	va_bytes_add(&said, "", 1);
	if (sscanf((char *)said.data, "QEMU emulator version %u.%u", &major, &minor) != 2)
		major = 0;
	va_bytes_free(&said);
	free(argv[0]);
	free(argv[1]);
	return major > 8 || (major == 8 && minor >= 1);
}

/* Each node is a socket: processors that share a cache are of one node, or the guest's kernel complains. */
static void add_nodes(struct va_strings *v, const struct va_options *o)
{
	unsigned each = o->cpus / o->nodes;
	unsigned long mib = strtoul(o->memory, NULL, 10) * (strchr(o->memory, 'G') ? 1024 : 1) / o->nodes;

	for (unsigned i = 0; i < o->nodes; i++) {
		add(v, "-object");
		add(v, "memory-backend-ram,id=node%u,size=%luM", i, mib);
		add(v, "-numa");
		add(v, "node,nodeid=%u,memdev=node%u,cpus=%u-%u", i, i, i * each, (i + 1) * each - 1);
	}
}

/* Copying and clearing byte by byte, as these promise to be fast, is what an emulator does byte by byte: eight at once are. */
#define EMULATED_CPU ",erms=off,fsrm=off"

static void add_machine(struct va_strings *v, const struct va_options *o, enum va_accel accel)
{
	static const char *const fixed[] = { PROGRAM, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-machine",
					     "q35,usb=off,vmport=off,smbus=off,sata=off", NULL };

	for (int i = 0; fixed[i]; i++)
		add(v, "%s", fixed[i]);
	add(v, "-accel");
	add(v, "%s", accel == VA_ACCEL_KVM ? "kvm" : parallel_emulation_safe() ? "tcg,thread=multi" : "tcg,thread=single");
	add(v, "-cpu");
	add(v, "max%s%s", o->levels == 5 ? "" : ",la57=off", accel == VA_ACCEL_KVM ? "" : EMULATED_CPU);
	add(v, "-smp");
	if (o->nodes > 1)
		add(v, "%u,sockets=%u,cores=%u,threads=1", o->cpus, o->nodes, o->cpus / o->nodes);
	else
		add(v, "%u", o->cpus);
	add(v, "-m");
	add(v, "%s", o->memory);
	if (o->nodes > 1)
		add_nodes(v, o);
}

/*
 * panic=-1: reboot at once, which -no-reboot turns into the end. With KVM the guest's kernel is told how fast its counter runs. no_timer_check: else the kernel panics
 * where the timer does not tick five times within some 50 ms, and an emulator that waits for a processor may be late. The rest: what ciphers and random numbers
 * do to test themselves is a third of the instructions of a boot, and nobody here asks for their words.
 */
#define EVERY_KERNEL "console=ttyS0 loglevel=7 panic=-1 tsc=reliable no_timer_check cryptomgr.notests initcall_blacklist=jent_mod_init"

static void add_kernel(struct va_strings *v, const struct va_kernel *k, enum va_accel accel)
{
	unsigned long khz = accel == VA_ACCEL_KVM ? 0 : va_ticks_khz();

	add(v, "-kernel");
	add(v, "%s", k->image);
	add(v, "-initrd");
	add(v, "%s", k->initramfs);
	add(v, "-append");
	if (khz)
		add(v, EVERY_KERNEL " tsc_early_khz=%lu", khz);
	else
		add(v, EVERY_KERNEL);
}

static void add_directory(struct va_strings *v, const char *id, const char *path, bool writable)
{
	char *quoted = quote(path);

	add(v, "-fsdev");
	add(v, "local,id=%s,path=%s,security_model=none,multidevs=remap%s", id, quoted, writable ? "" : ",readonly=on");
	add(v, "-device");
	add(v, "virtio-9p-pci,fsdev=%s,mount_tag=%s", id, id);
	free(quoted);
}

static void add_port(struct va_strings *v, int number, int fd)
{
	add(v, "-chardev");
	add(v, "socket,id=port%d,fd=%d", number, fd);
	add(v, "-device");
	add(v, "virtserialport,chardev=port%d,nr=%d,name=vmatlas.%d", number, number, number);
}

static void add_console(struct va_strings *v, int fd)
{
	add(v, "-chardev");
	add(v, "socket,id=console,fd=%d", fd);
	add(v, "-serial");
	add(v, "chardev:console");
}

static void describe(struct va_strings *v, const struct va_options *o, const struct va_kernel *k, enum va_accel accel, const int port[],
		     int console)
{
	add_machine(v, o, accel);
	add_kernel(v, k, accel);
	add_directory(v, "root", "/", false);
	for (size_t i = 0; i < o->shares.n; i++) {
		char id[32];

		snprintf(id, sizeof(id), "share%zu", i);
		add_directory(v, id, o->shares.item[i], true);
	}
	add(v, "-device");
	add(v, "virtio-serial-pci,max_ports=%d", VA_PORT_LIMIT);
	for (int i = 1; i < VA_PORT_LIMIT; i++)
		add_port(v, i, port[i]);
	add_console(v, console);
}

/* ours: close-on-exec and O_NONBLOCK; theirs: inherited. */
static int open_pair(int *ours, int *theirs)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd))
		return -errno;
	*ours = fd[0];
	*theirs = fd[1];
	if (fcntl(fd[0], F_SETFD, FD_CLOEXEC) || fcntl(fd[0], F_SETFL, O_NONBLOCK))
		return -errno;
	return 0;
}

static void become_qemu(struct va_strings *v, pid_t parent, int errors, int report)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t none;
	int err;

	/* A session of its own: the terminal's Ctrl-C is ours to handle. */
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(null, 0);
	dup2(null, 1);
	dup2(errors, 2);
	execvp(PROGRAM, v->item);
	err = errno;
	if (write(report, &err, sizeof(err)) < 0)
		_exit(2);
	_exit(1);
}

static int spawn(struct va_qemu *q, struct va_strings *v, int errors)
{
	pid_t parent = getpid();
	int report[2], err = 0;

	if (pipe2(report, O_CLOEXEC))
		return -errno;
	q->pid = fork();
	if (!q->pid)
		become_qemu(v, parent, errors, report[1]);
	if (q->pid < 0)
		err = errno;
	close(report[1]);
	if (!err && read(report[0], &err, sizeof(err)) != sizeof(err))
		err = 0;
	close(report[0]);
	return -err;
}

int va_qemu_start(struct va_qemu *q, const struct va_options *o, const struct va_kernel *k, enum va_accel accel)
{
	int theirs[VA_PORT_LIMIT + 2], err = 0;
	struct va_strings v = { 0 };

	memset(theirs, -1, sizeof(theirs));
	memset(q, -1, sizeof(*q));
	q->pid = 0;
	for (int i = 1; !err && i < VA_PORT_LIMIT; i++)
		err = open_pair(&q->port[i], &theirs[i]);
	if (!err)
		err = open_pair(&q->console, &theirs[VA_PORT_LIMIT]);
	if (!err)
		err = open_pair(&q->errors, &theirs[VA_PORT_LIMIT + 1]);
	if (!err) {
		describe(&v, o, k, accel, theirs, theirs[VA_PORT_LIMIT]);
		err = spawn(q, &v, theirs[VA_PORT_LIMIT + 1]);
	}
	for (int i = 1; i < VA_PORT_LIMIT + 2; i++)
		if (theirs[i] >= 0)
			close(theirs[i]);
	va_strings_free(&v);
	if (err)
		va_qemu_end(q);
	return err;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void va_qemu_end(struct va_qemu *q)
{
	if (q->pid > 0) {
		kill(q->pid, SIGKILL);
		waitpid(q->pid, NULL, 0);
	}
	q->pid = 0;
	for (int i = 1; i < VA_PORT_LIMIT; i++)
		close_fd(&q->port[i]);
	close_fd(&q->console);
	close_fd(&q->errors);
}
