#include "sampled.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "maps_of.h"

#define PAGE 4096u
#define RING_PAGES 128u /* what perf_event_mlock_kb lets everybody have */
#define CPUS 1024

struct ring { /* of one CPU */
	int fd;
	struct perf_event_mmap_page *page;
};

struct event { /* waits for its turn: records of all CPUs are taken in the order of time */
	__u64 ts;
	size_t at; /* of its bytes in `bytes` */
};

struct vm_sampled {
	struct ring ring[CPUS];
	unsigned cpus;
	bool user_only;
	pthread_t thread;
	volatile bool stop;
	unsigned char *bytes;   /* owned: records that wait */
	size_t used, room;
	struct event *event;    /* owned */
	size_t events, event_room;
	__u64 lost, faults;
	struct vm_maps_of *maps;
};

/* --- taking records out of the rings -------------------------------------------------------------------------------------- */

struct sample { /* PERF_SAMPLE_IP | TID | TIME | ADDR */
	struct perf_event_header head;
	__u64 ip;
	__u32 pid, tid;
	__u64 ts, addr;
};

/* Every record but samples ends with {pid, tid, ts} (sample_id_all). */
static __u64 time_of(const struct perf_event_header *h)
{
	__u64 ts;

	if (h->type == PERF_RECORD_SAMPLE)
		memcpy(&ts, (const char *)h + offsetof(struct sample, ts), sizeof(ts));
	else
		memcpy(&ts, (const char *)h + h->size - sizeof(ts), sizeof(ts));
	return ts;
}

static void copy_out(const struct ring *r, __u64 from, void *to, size_t n)
{
	const unsigned char *data = (const unsigned char *)r->page + PAGE;
	size_t size = RING_PAGES * PAGE, at = (size_t)(from % size), first = size - at < n ? size - at : n;

	memcpy(to, data + at, first);
	memcpy((char *)to + first, data, n - first);
}

static void drain(struct vm_sampled *s, struct ring *r)
{
	__u64 head = __atomic_load_n(&r->page->data_head, __ATOMIC_ACQUIRE), tail = r->page->data_tail;

	while (tail < head) {
		struct perf_event_header h;

		copy_out(r, tail, &h, sizeof(h));
		if (h.size < sizeof(h) + 8)
			break;
		s->bytes = va_grow(s->bytes, &s->room, s->used + h.size + 8, 1);
		copy_out(r, tail, s->bytes + s->used, h.size);
		s->event = va_grow(s->event, &s->event_room, s->events + 1, sizeof(*s->event));
		s->event[s->events++] = (struct event){time_of((struct perf_event_header *)(s->bytes + s->used)), s->used};
		s->used += (h.size + 7u) & ~7u;
		tail += h.size;
	}
	__atomic_store_n(&r->page->data_tail, head, __ATOMIC_RELEASE);
}

static int by_time(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->ts != y->ts)
		return x->ts < y->ts ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static void take(struct vm_sampled *s, const struct perf_event_header *h)
{
	const char *p = (const char *)h;

	if (h->type == PERF_RECORD_SAMPLE) {
		const struct sample *x = (const struct sample *)p;

		s->faults++;
		vm_maps_of_fault(s->maps, (pid_t)x->pid, x->addr, x->ip);
	} else if (h->type == PERF_RECORD_MMAP2 && h->size > 72) {
		__u32 pid;
		__u64 v[3]; /* addr, len, pgoff */

		memcpy(&pid, p + 8, sizeof(pid));
		memcpy(v, p + 16, sizeof(v));
		vm_maps_of_mapped(s->maps, (pid_t)pid, v[0], v[0] + v[1], v[2], p + 72);
	} else if (h->type == PERF_RECORD_FORK) {
		__u32 v[2]; /* pid, ppid */

		memcpy(v, p + 8, sizeof(v));
		if (v[0] != v[1])
			vm_maps_of_forked(s->maps, (pid_t)v[0], (pid_t)v[1]);
	} else if (h->type == PERF_RECORD_COMM && h->misc & PERF_RECORD_MISC_COMM_EXEC) {
		__u32 pid;

		memcpy(&pid, p + 8, sizeof(pid));
		vm_maps_of_exec(s->maps, (pid_t)pid);
	} else if (h->type == PERF_RECORD_LOST) {
		__u64 lost;

		memcpy(&lost, p + 16, sizeof(lost));
		s->lost += lost;
	}
}

static __u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (__u64)t.tv_sec * 1000000000u + (__u64)t.tv_nsec;
}

/* What is older than `until` has come from every CPU: it is taken, in order; the rest waits. */
static void take_until(struct vm_sampled *s, __u64 until)
{
	size_t done = 0, kept = 0;
	unsigned char *old = s->bytes;

	qsort(s->event, s->events, sizeof(*s->event), by_time);
	while (done < s->events && s->event[done].ts <= until)
		take(s, (const struct perf_event_header *)(old + s->event[done++].at));
	s->bytes = malloc(s->room + 1);
	if (!s->bytes)
		abort();
	s->used = 0;
	for (size_t i = done; i < s->events; i++) {
		const struct perf_event_header *h = (const struct perf_event_header *)(old + s->event[i].at);

		memcpy(s->bytes + s->used, h, h->size);
		s->event[kept++] = (struct event){s->event[i].ts, s->used};
		s->used += (h->size + 7u) & ~7u;
	}
	s->events = kept;
	free(old);
}

static void *work(void *arg)
{
	struct vm_sampled *s = arg;
	for (bool last = false; !last;) {
		__u64 began = now();

		last = s->stop;
		for (unsigned i = 0; i < s->cpus; i++)
			drain(s, &s->ring[i]);
		take_until(s, last ? ~0ull : began);
		if (!last)
			usleep(3000);
	}
	return NULL;
}

/* --- the events ---------------------------------------------------------------------------------------------------------------- */

static int open_event(pid_t pid, int cpu, bool user_only)
{
	struct perf_event_attr a = {.size = sizeof(a), .type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_PAGE_FAULTS, .sample_period = 1,
				    .sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR, .disabled = 1, .enable_on_exec = 1, .inherit = 1,
				    .mmap = 1, .mmap_data = 1, .mmap2 = 1, .comm = 1, .comm_exec = 1, .task = 1, .sample_id_all = 1, .use_clockid = 1,
				    .clockid = CLOCK_MONOTONIC, .exclude_kernel = user_only, .exclude_hv = 1};

	return (int)syscall(SYS_perf_event_open, &a, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

static bool open_ring(struct vm_sampled *s, pid_t pid, int cpu)
{
	struct ring *r = &s->ring[s->cpus];

	r->fd = open_event(pid, cpu, s->user_only);
	if (r->fd < 0 && (errno == EACCES || errno == EPERM) && !s->user_only) {
		s->user_only = true;
		r->fd = open_event(pid, cpu, true);
	}
	if (r->fd < 0)
		return errno == ENODEV; /* this CPU is off */
	r->page = mmap(NULL, (RING_PAGES + 1) * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
	if (r->page == MAP_FAILED) {
		close(r->fd);
		return false;
	}
	s->cpus++;
	return true;
}

static void close_rings(struct vm_sampled *s)
{
	for (unsigned i = 0; i < s->cpus; i++) {
		munmap(s->ring[i].page, (RING_PAGES + 1) * PAGE);
		close(s->ring[i].fd);
	}
	s->cpus = 0;
}

struct vm_sampled *vm_sampled_begin(pid_t pid)
{
	struct vm_sampled *s = calloc(1, sizeof(*s));
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	int error = 0;

	if (!s)
		abort();
	s->maps = vm_maps_of_new();
	for (int cpu = 0; cpu < cpus && cpu < CPUS && !error; cpu++)
		error = open_ring(s, pid, cpu) ? 0 : errno;
	if (!error && s->cpus)
		error = pthread_create(&s->thread, NULL, work, s);
	if (!error && s->cpus)
		return s;
	vm_sampled_free(s);
	errno = error ? error : ENODEV;
	return NULL;
}

void vm_sampled_end(struct vm_sampled *s)
{
	s->stop = true;
	pthread_join(s->thread, NULL);
	vm_maps_of_finish(s->maps);
}

void vm_sampled_free(struct vm_sampled *s)
{
	if (!s)
		return;
	close_rings(s);
	vm_maps_of_free(s->maps);
	free(s->bytes);
	free(s->event);
	free(s);
}

const struct vm_place_count *vm_sampled_regions(const struct vm_sampled *s, size_t *n)
{
	return vm_maps_of_regions(s->maps, n);
}

const struct vm_place_count *vm_sampled_functions(const struct vm_sampled *s, size_t *n)
{
	return vm_maps_of_functions(s->maps, n);
}

__u64 vm_sampled_faults(const struct vm_sampled *s)
{
	return s->faults;
}

__u64 vm_sampled_lost(const struct vm_sampled *s)
{
	return s->lost;
}

bool vm_sampled_user_only(const struct vm_sampled *s)
{
	return s->user_only;
}
