#include "fire.h"
#include "modtest.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void bad(const char *fmt, ...)
{
	char line[256];
	va_list args;
	int fd = open("/tmp/bad", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600), n;

	va_start(args, fmt);
	n = vsnprintf(line, sizeof(line) - 1, fmt, args);
	va_end(args);
	n = n < (int)sizeof(line) - 1 ? n : (int)sizeof(line) - 2;
	line[n++] = '\n';
	if (write(fd, line, n) != n)
		abort();
	close(fd);
}

void check_bad(const char *what)
{
	char line[256];
	FILE *f = fopen("/tmp/bad", "re");
	int n = 0;

	while (f && fgets(line, sizeof(line), f))
		if (n++ < 10)
			printf("# %s", line);
	if (f)
		fclose(f);
	unlink("/tmp/bad");
	check(!n, "%s (%d)", what, n);
}

/*
 * Words of a payload that may hold any bits: page table entries (swap entries and the inverted ones of PROT_NONE set the upper bits), hashes of
 * texts, and what the program itself said: a faulting address, the arguments of a call.
 */
static unsigned free_words(unsigned type)
{
	switch (type) {
	case VMATLAS_FAULT:
		return 1 | 0xfc;
	case VMATLAS_PAGES:
		return 0xffc;
	case VMATLAS_VMA:
		return 1 << 5;
	case VMATLAS_RANGE:
		return 1 << 2; /* count and nr: two numbers, nr may be -1 */
	case VMATLAS_OP:
		return 0x3f;
	case VMATLAS_EXEC:
	case VMATLAS_MARK:
	case VMATLAS_TEXT:
		return 1;
	case VMATLAS_TASK:
		return 1 << 4;
	}
	return 0;
}

/* An address of the kernel: its half of the address space, without the small negative numbers that are errors. */
static bool kernel_address(__u64 v)
{
	return v >= 0xffff800000000000 && v < 0xfffffffffffff000;
}

static void look(const struct vmatlas_record *r, __u32 *next, bool *begun, const char *file)
{
	const __u64 *word = (const __u64 *)r->payload;
	unsigned spared = free_words(r->head.type);
	bool entries = r->head.type == VMATLAS_PAGES || r->head.type == VMATLAS_SWEEP;

	if (!r->head.type || r->head.type >= VMATLAS_TYPE_LIMIT || r->head.type == VMATLAS_LOSS || !r->head.ts || kernel_address(r->head.ts))
		bad("%s: no record: type %u ts %llx", file, r->head.type, r->head.ts);
	/* Entries go with the faults, those of a snapshot with the map. */
	if (entries ? ((r->head.flags & VMATLAS_F_SNAPSHOT) == 0) != (file[0] == 'f') : (r->head.type == VMATLAS_FAULT) != (file[0] == 'f'))
		bad("%s: type %u in the wrong file", file, r->head.type);
	if (*begun && (__s32)(r->head.seq - *next) < 0)
		bad("%s: sequence number %u after %u", file, r->head.seq, *next - 1);
	*begun = true;
	*next = r->head.seq + 1;
	for (unsigned i = 0; i < VMATLAS_PAYLOAD_SIZE / 8; i++)
		if (!(spared >> i & 1) && kernel_address(word[i]))
			bad("%s: type %u word %u is %llx", file, r->head.type, i, word[i]);
}

static void *volatile nowhere = (void *)8;

static void expect(const char *what, long got, int wanted)
{
	/* The module has gone. */
	if (got == -1 && errno == EIO)
		return;
	if (got != -1 || errno != wanted)
		bad("%s: %ld %s, not %s", what, got, strerror(errno), strerror(wanted));
}

/* What one does not do with such a file. */
static void misuse(int fd)
{
	static char page[4096];
	struct pollfd p = { fd, POLLIN, 0 };
	int pipes[2];
	void *map;

	switch (dice(8)) {
	case 0:
		expect("read of 127 bytes", read(fd, page, 127), EINVAL);
		break;
	case 1:
		expect("read of nothing", read(fd, page, 0), EINVAL);
		break;
	case 2:
		expect("pread", pread(fd, page, 128, dice(1 << 20)), ESPIPE);
		break;
	case 3:
		expect("lseek", lseek(fd, dice(4096), dice(3)), ESPIPE);
		break;
	case 4:
		expect("write", write(fd, page, 128), EBADF);
		break;
	case 5:
		map = mmap(NULL, 4096, PROT_READ, dice(2) ? MAP_SHARED : MAP_PRIVATE, fd, 0);
		if (map != MAP_FAILED)
			bad("mmap of a record file");
		break;
	case 6:
		if (pipe(pipes))
			break;
		if (splice(fd, NULL, pipes[1], NULL, 4096, SPLICE_F_NONBLOCK) > 0)
			bad("splice of a record file");
		close(pipes[0]);
		close(pipes[1]);
		break;
	default:
		if (poll(&p, 1, dice(3)) < 0)
			bad("poll: %s", strerror(errno));
	}
}

static int open_any(char *name)
{
	sprintf(name, "%s%u", dice(2) ? "faults" : "cpu", dice(2));
	return control_open(name, O_RDONLY);
}

/* Reads one file in pieces of any size until it is bored or the module has gone. */
static void sip_file(int fd, const char *name)
{
	static char buf[1 << 18];
	bool begun = false;
	__u32 next = 0;

	for (unsigned i = dice(200); i; i--) {
		size_t want = dice(4) ? VMATLAS_RECORD_SIZE * (1 + dice(2000)) + dice(VMATLAS_RECORD_SIZE) : VMATLAS_RECORD_SIZE + dice(200);
		ssize_t n;

		if (!dice(20)) {
			misuse(fd);
			continue;
		}
		n = read(fd, buf, want);
		if (n < 0 && errno == EIO)
			return;
		if (n < 0 || n > (ssize_t)want || n % VMATLAS_RECORD_SIZE)
			bad("%s: read of %zu gave %zd %s", name, want, n, n < 0 ? strerror(errno) : "");
		for (ssize_t at = 0; at < n; at += VMATLAS_RECORD_SIZE)
			look((void *)(buf + at), &next, &begun, name);
		if (!n || !dice(10))
			usleep(dice(3000));
		if (!dice(100)) {
			n = read(fd, nowhere, 4096);
			if (n > 0 || (n < 0 && errno != EFAULT && errno != EIO))
				bad("%s: read to a bad address gave %zd", name, n);
		}
	}
}

int sip(void)
{
	for (;;) {
		char name[16];
		int fd = open_any(name), other;

		if (fd < 0) {
			usleep(1000);
			continue;
		}
		other = dice(3) ? -1 : dup(fd);
		sip_file(fd, name);
		close(fd);
		if (other >= 0) {
			sip_file(other, name);
			close(other);
		}
	}
}
