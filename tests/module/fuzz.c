#include "fire.h"
#include "modtest.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LONGEST 65536

static const char *const files[] = { "target", "enable", "follow", "classes", "overwrite", "around", "snapshot", "marker", "stats" };
static const char *const seeds[] = {
	"pid 1", "pid 1 1 1 1", "pid 4194304", "pid -1", "none", "exec", "0", "1", "2", "fault op vma task mark", "+fault", "-vma", "+vma -op", "torn", "all",
	"a mark", "pid 99999999999999999999", " ", "\n", "%s%n%x", "../../etc", "\xff\xfe", "pid\t1", "pid 1\n2",
};

/* What the manual of the control files names, and what any file may say. */
static bool documented(int error)
{
	static const int errors[] = { EINVAL, ESRCH, EBUSY, EMSGSIZE, ENODEV, EAGAIN, EFAULT, EBADF, ESPIPE, EINTR, EOPNOTSUPP };

	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (errors[i] == error)
			return true;
	return false;
}

struct fuzzer {
	unsigned dice, rounds, id;
};

static __thread unsigned own;
static void *volatile nowhere = (void *)8;

static unsigned roll(unsigned below)
{
	own = own * 1664525 + 1013904223;
	return (own >> 8) % below;
}

/* Returns how long. */
static size_t compose(char *to)
{
	const char *seed = seeds[roll(sizeof(seeds) / sizeof(*seeds))];
	size_t n = strlen(seed);

	memcpy(to, seed, n);
	switch (roll(5)) {
	case 0:
		n = roll(4) ? roll(2000) : roll(LONGEST + 1);
		for (size_t i = 0; i < n; i++)
			to[i] = roll(256);
		break;
	case 1:
		to[roll(n)] = roll(256);
		break;
	case 2:
		n = roll(n + 1);
		break;
	case 3:
		while (n < 900 && roll(30)) {
			memcpy(to + n, seed, strlen(seed));
			n += strlen(seed);
		}
		break;
	}
	return n;
}

/* Text with a NUL in it must be refused, whatever stands before it. */
static void write_once(int fd, const char *file, const char *text, size_t n)
{
	ssize_t done = roll(8) ? write(fd, text, n) : pwrite(fd, text, n, roll(5000));

	if (done < 0 && !documented(errno))
		bad("%s: write of %zu bytes: %s", file, n, strerror(errno));
	if (done >= 0 && done != (ssize_t)n)
		bad("%s: write of %zu bytes took %zd", file, n, done);
	if (done > 0 && memchr(text, 0, n))
		bad("%s: took a text with a NUL in it", file);
	if (done > 4097)
		bad("%s: took %zd bytes", file, done);
}

static void write_badly(int fd, const char *file, char *edge)
{
	ssize_t done = roll(2) ? write(fd, nowhere, 1 + roll(5000)) : write(fd, edge - 3, 4 + roll(4000));

	if (done >= 0 || (errno != EFAULT && errno != EINVAL && errno != EMSGSIZE))
		bad("%s: write from a bad address: %zd %s", file, done, strerror(errno));
}

static void read_oddly(int fd, const char *file, char *buf)
{
	ssize_t n;

	if (roll(4))
		lseek(fd, roll(20000), roll(3));
	n = roll(3) ? read(fd, buf, roll(4096)) : pread(fd, buf, roll(4096), roll(100000));
	if (n < 0 && !documented(errno))
		bad("%s: read: %s", file, strerror(errno));
	n = read(fd, nowhere, 1 + roll(4096));
	if (n > 0)
		bad("%s: read to a bad address gave %zd", file, n);
}

static void *fuzz_one(void *arg)
{
	struct fuzzer *f = arg;
	char *buf = malloc(LONGEST), *edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	own = f->dice;
	munmap(edge + 4096, 4096);
	for (unsigned i = 0; i < f->rounds; i++) {
		const char *file = files[roll(sizeof(files) / sizeof(*files))];
		bool reads = !strcmp(file, "stats") || (roll(4) == 0 && strcmp(file, "marker") && strcmp(file, "snapshot"));
		int fd = control_open(file, reads ? O_RDONLY : roll(4) ? O_WRONLY : O_WRONLY | O_APPEND | O_TRUNC);

		if (fd < 0) {
			bad("%s: open: %s", file, strerror(errno));
			continue;
		}
		for (unsigned k = roll(3) + 1; k; k--) {
			if (reads)
				read_oddly(fd, file, buf);
			else if (!roll(10))
				write_badly(fd, file, edge + 4096);
			else
				write_once(fd, file, buf, compose(buf));
		}
		close(fd);
	}
	free(buf);
	return NULL;
}

int fuzz(unsigned rounds)
{
	struct fuzzer f[3];
	pthread_t thread[3];

	for (unsigned i = 0; i < 3; i++) {
		f[i] = (struct fuzzer){ dice_state + i * 7919, rounds / 3, i };
		if (pthread_create(&thread[i], NULL, fuzz_one, &f[i]))
			return 1;
	}
	for (unsigned i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	return 0;
}
