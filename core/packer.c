#include "packer.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "columns.h"

struct va_packer {
	pthread_t thread;
	pthread_mutex_t lock; /* protects what follows, and `done` of every job */
	pthread_cond_t work, done;
	struct va_packer_job *first, **last; /* waiting */
	bool leaving;
};

static void pack(struct va_columns_writer *writer, struct va_packer_job *job)
{
	const void *packed;

	job->bytes = writer ? va_columns_pack_records(writer, job->recs, job->cpus, job->n, &packed) : 0;
	if (job->bytes)
		job->packed = memcpy(va_alloc_raw(job->bytes), packed, job->bytes);
}

static struct va_packer_job *next_job(struct va_packer *p)
{
	struct va_packer_job *job = p->first;

	if (job)
		p->first = job->next;
	if (!p->first)
		p->last = &p->first;
	return job;
}

static void *run(void *arg)
{
	struct va_packer *p = arg;
	struct va_columns_writer *writer = va_columns_writer_new();
	struct va_packer_job *job;

	pthread_mutex_lock(&p->lock);
	while ((job = next_job(p)) || !p->leaving) {
		if (!job) {
			pthread_cond_wait(&p->work, &p->lock);
			continue;
		}
		pthread_mutex_unlock(&p->lock);
		pack(writer, job);
		pthread_mutex_lock(&p->lock);
		job->done = true;
		pthread_cond_signal(&p->done);
	}
	pthread_mutex_unlock(&p->lock);
	va_columns_writer_free(writer);
	return NULL;
}

/* Signals are for the threads that know of them. */
static int start(struct va_packer *p)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&p->thread, NULL, run, p);

	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

struct va_packer *va_packer_new(void)
{
	struct va_packer *p = va_alloc(sizeof(*p));

	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->done, NULL);
	p->last = &p->first;
	if (!start(p))
		return p;
	free(p);
	return NULL;
}

void va_packer_free(struct va_packer *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->leaving = true;
	pthread_cond_signal(&p->work);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	pthread_cond_destroy(&p->done);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void va_packer_give(struct va_packer *p, struct va_packer_job *job)
{
	job->next = NULL;
	job->done = false;
	pthread_mutex_lock(&p->lock);
	*p->last = job;
	p->last = &job->next;
	pthread_cond_signal(&p->work);
	pthread_mutex_unlock(&p->lock);
}

bool va_packer_done(struct va_packer *p, const struct va_packer_job *job)
{
	pthread_mutex_lock(&p->lock);
	bool done = job->done;

	pthread_mutex_unlock(&p->lock);
	return done;
}

void va_packer_wait(struct va_packer *p, const struct va_packer_job *job)
{
	pthread_mutex_lock(&p->lock);
	while (!job->done)
		pthread_cond_wait(&p->done, &p->lock);
	pthread_mutex_unlock(&p->lock);
}
