#include "common/job.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[8] = "VAJOB1\n";

enum tag { ARG = 1, ENV, CWD, PARAMS, CLASSES, HOSTNAME, SHARE, GROUP, LIMITS, NUMBERS, PROVE, TITLE };

struct numbers {
	uint32_t flags, uid, gid, mask, persona;
	uint16_t rows, columns;
	uint32_t flight;
};

extern char **environ;

void va_strings_add(struct va_strings *s, const char *item)
{
	if (s->n + 2 > s->room) {
		s->room = s->n * 2 + 16;
		s->item = realloc(s->item, s->room * sizeof(*s->item));
		if (!s->item)
			abort();
	}
	s->item[s->n++] = va_string("%s", item);
	s->item[s->n] = NULL;
}

void va_strings_free(struct va_strings *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->item[i]);
	free(s->item);
	memset(s, 0, sizeof(*s));
}

static void add_all(struct va_strings *s, char *const items[])
{
	for (; *items; items++)
		va_strings_add(s, *items);
}

static void read_groups(struct va_job *job)
{
	gid_t list[65536];
	int n = getgroups(65536, list);

	job->group_count = n > 0 ? n : 0;
	job->groups = va_zalloc(job->group_count * sizeof(*job->groups));
	for (size_t i = 0; i < job->group_count; i++)
		job->groups[i] = list[i];
}

struct va_job *va_job_here(char *const argv[])
{
	char *cwd = getcwd(NULL, 0);
	struct va_job *job;
	char name[256] = "";

	if (!cwd) {
		fprintf(stderr, "vmatlas: the directory you are in cannot be used any more: %s\n", strerror(errno));
		return NULL;
	}
	job = va_zalloc(sizeof(*job));
	add_all(&job->argv, argv);
	add_all(&job->env, environ);
	job->cwd = cwd;
	gethostname(name, sizeof(name) - 1);
	job->hostname = va_string("%s", name);
	job->params = va_string("%s", "");
	job->classes = va_string("%s", "");
	job->title = va_string("%s", "");
	job->uid = getuid();
	job->gid = getgid();
	read_groups(job);
	job->mask = umask(0);
	umask(job->mask);
	job->persona = personality(0xffffffff);
	for (int i = 0; i < RLIM_NLIMITS; i++)
		getrlimit(i, &job->limits[i]);
	return job;
}

void va_job_free(struct va_job *job)
{
	if (!job)
		return;
	va_strings_free(&job->argv);
	va_strings_free(&job->env);
	va_strings_free(&job->shares);
	free(job->cwd);
	free(job->params);
	free(job->classes);
	free(job->hostname);
	free(job->title);
	free(job->groups);
	free(job);
}

static void put(struct va_bytes *out, uint32_t tag, const void *data, uint32_t n)
{
	uint32_t head[2] = { tag, n };

	va_bytes_add(out, head, sizeof(head));
	va_bytes_add(out, data, n);
}

static void put_strings(struct va_bytes *out, uint32_t tag, const struct va_strings *s)
{
	for (size_t i = 0; i < s->n; i++)
		put(out, tag, s->item[i], strlen(s->item[i]));
}

void va_job_encode(const struct va_job *job, struct va_bytes *out)
{
	struct numbers numbers = { job->flags, job->uid, job->gid, job->mask, job->persona, job->rows, job->columns, job->flight };

	va_bytes_add(out, magic, sizeof(magic));
	put(out, NUMBERS, &numbers, sizeof(numbers));
	put_strings(out, ARG, &job->argv);
	put_strings(out, ENV, &job->env);
	put_strings(out, SHARE, &job->shares);
	put(out, CWD, job->cwd, strlen(job->cwd));
	put(out, PARAMS, job->params, strlen(job->params));
	put(out, CLASSES, job->classes, strlen(job->classes));
	put(out, HOSTNAME, job->hostname, strlen(job->hostname));
	put(out, TITLE, job->title, strlen(job->title));
	put(out, GROUP, job->groups, job->group_count * sizeof(*job->groups));
	put(out, LIMITS, job->limits, sizeof(job->limits));
	put(out, PROVE, &job->prove, sizeof(job->prove));
}

static bool get_string(char **to, const void *data, size_t n)
{
	free(*to);
	*to = va_zalloc(n + 1);
	memcpy(*to, data, n);
	return !memchr(data, 0, n);
}

static bool get_item(struct va_strings *s, const void *data, size_t n)
{
	char *item = NULL;
	bool fine = get_string(&item, data, n);

	if (fine)
		va_strings_add(s, item);
	free(item);
	return fine;
}

static bool get_numbers(struct va_job *job, const void *data, size_t n)
{
	struct numbers v;

	if (n != sizeof(v))
		return false;
	memcpy(&v, data, n);
	job->flags = v.flags;
	job->uid = v.uid;
	job->gid = v.gid;
	job->mask = v.mask & 0777;
	job->persona = v.persona;
	job->rows = v.rows;
	job->columns = v.columns;
	job->flight = v.flight <= VA_FLIGHT_MAX ? v.flight : VA_FLIGHT_MAX;
	return true;
}

static bool get_groups(struct va_job *job, const void *data, size_t n)
{
	if (n % sizeof(*job->groups) || n / sizeof(*job->groups) > 65536 || job->groups)
		return false;
	job->group_count = n / sizeof(*job->groups);
	job->groups = va_zalloc(n);
	memcpy(job->groups, data, n);
	return true;
}

static bool get_field(struct va_job *job, uint32_t tag, const void *data, size_t n)
{
	switch (tag) {
	case ARG:
		return get_item(&job->argv, data, n);
	case ENV:
		return get_item(&job->env, data, n);
	case SHARE:
		return get_item(&job->shares, data, n);
	case CWD:
		return get_string(&job->cwd, data, n);
	case PARAMS:
		return get_string(&job->params, data, n);
	case CLASSES:
		return get_string(&job->classes, data, n);
	case HOSTNAME:
		return get_string(&job->hostname, data, n);
	case TITLE:
		return get_string(&job->title, data, n);
	case GROUP:
		return get_groups(job, data, n);
	case NUMBERS:
		return get_numbers(job, data, n);
	case LIMITS:
		if (n != sizeof(job->limits))
			return false;
		memcpy(job->limits, data, n);
		return true;
	case PROVE:
		if (n != sizeof(job->prove))
			return false;
		memcpy(&job->prove, data, n);
		return true;
	}
	return false;
}

static bool get_fields(struct va_job *job, const unsigned char *p, size_t n)
{
	while (n) {
		uint32_t head[2];

		if (n < sizeof(head))
			return false;
		memcpy(head, p, sizeof(head));
		p += sizeof(head);
		n -= sizeof(head);
		if (head[1] > n || !get_field(job, head[0], p, head[1]))
			return false;
		p += head[1];
		n -= head[1];
	}
	return job->argv.n && job->cwd && job->params && job->classes && job->hostname && job->title;
}

struct va_job *va_job_decode(const void *data, size_t n)
{
	struct va_job *job;

	if (n < sizeof(magic) || memcmp(data, magic, sizeof(magic)))
		return NULL;
	job = va_zalloc(sizeof(*job));
	if (!get_fields(job, (const unsigned char *)data + sizeof(magic), n - sizeof(magic))) {
		va_job_free(job);
		return NULL;
	}
	if (!job->env.item)
		job->env.item = va_zalloc(sizeof(*job->env.item));
	return job;
}

static int become_user(const struct va_job *job)
{
	gid_t list[65536];

	for (size_t i = 0; i < job->group_count; i++)
		list[i] = job->groups[i];
	if (setgroups(job->group_count, list) || setresgid(job->gid, job->gid, job->gid) ||
	    setresuid(job->uid, job->uid, job->uid))
		return -errno;
	return 0;
}

int va_job_become(const struct va_job *job, const char **what)
{
	/* A limit that cannot be set (raised above the hard one) is no reason not to run. */
	for (int i = 0; i < RLIM_NLIMITS; i++)
		setrlimit(i, &job->limits[i]);
	if (personality(job->persona) < 0 && job->persona & ADDR_NO_RANDOMIZE) {
		*what = "it without random addresses: personality(2)";
		return -errno;
	}
	umask(job->mask);
	if (job->flags & VA_JOB_USER) {
		int err = become_user(job);

		if (err) {
			*what = "cannot become the user";
			return err;
		}
	}
	if (chdir(job->cwd)) {
		*what = job->cwd;
		return -errno;
	}
	return 0;
}
