/* See symbols.h. A queue of questions, a thread that answers them, a table of answers that only grows. */
#include "symbols.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "file.h"

#define FILES_MAX 4096
#define ANSWERS_MAX (1u << 18) /* then a question is answered "none": nobody reads so many */

struct file {
	char *path;
	__u8 build_id[20];
	size_t build_id_len;
	bool tried;
	enum va_symbol_state state;
	struct va_symbol_file *elf; /* the thread's */
};

struct answer {
	__u32 file;
	__u64 linked;
	struct va_symbol symbol;
};

struct va_symbols {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t asked, answered;
	bool quit;
	void (*wake)(void *ctx);
	void *ctx;
	struct file *file[FILES_MAX];
	size_t files;
	struct answer **answer; /* each owned, at a site that stays */
	size_t answers, answer_room, done; /* from `done` on they wait */
	__u32 *table;           /* hash → index + 1; a power of two */
	size_t table_size;
};

/* --- the thread ------------------------------------------------------------------------------------------------------- */

static struct va_symbol look_up(struct file *f, __u64 linked)
{
	if (!f->tried) {
		f->elf = va_symbol_file_open(f->path, f->build_id, f->build_id_len, &f->state);
		f->tried = true;
	}
	return f->elf ? va_symbol_file_ask(f->elf, linked) : (struct va_symbol){.state = f->state};
}

static void *work(void *arg)
{
	struct va_symbols *s = arg;

	pthread_mutex_lock(&s->lock);
	while (!s->quit) {
		if (s->done == s->answers) {
			pthread_cond_wait(&s->asked, &s->lock);
			continue;
		}
		struct answer *a = s->answer[s->done];
		struct file *f = s->file[a->file];

		pthread_mutex_unlock(&s->lock);
		struct va_symbol symbol = look_up(f, a->linked);

		pthread_mutex_lock(&s->lock);
		a->symbol = symbol;
		s->done++;
		pthread_cond_broadcast(&s->answered);
		if (s->wake)
			s->wake(s->ctx);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

struct va_symbols *va_symbols_new(void (*wake)(void *ctx), void *ctx)
{
	struct va_symbols *s = va_alloc(sizeof(*s));

	s->wake = wake;
	s->ctx = ctx;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->asked, NULL);
	pthread_cond_init(&s->answered, NULL);
	if (!pthread_create(&s->thread, NULL, work, s))
		return s;
	free(s);
	return NULL;
}

void va_symbols_free(struct va_symbols *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->quit = true;
	pthread_cond_broadcast(&s->asked);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	for (size_t i = 0; i < s->files; i++) {
		va_symbol_file_close(s->file[i]->elf);
		free(s->file[i]->path);
		free(s->file[i]);
	}
	for (size_t i = 0; i < s->answers; i++)
		free(s->answer[i]);
	free(s->answer);
	free(s->table);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->asked);
	pthread_cond_destroy(&s->answered);
	free(s);
}

/* --- who asks; the lock is held ------------------------------------------------------------------------------------- */

static size_t slot_of(__u32 file, __u64 linked)
{
	return (size_t)(((linked ^ (__u64)file << 48) * 0x9e3779b97f4a7c15ull) >> 20);
}

static void enter(struct va_symbols *s, size_t index)
{
	const struct answer *a = s->answer[index];
	size_t at = slot_of(a->file, a->linked) & (s->table_size - 1);

	while (s->table[at])
		at = (at + 1) & (s->table_size - 1);
	s->table[at] = (__u32)index + 1;
}

static void grow_table(struct va_symbols *s)
{
	if (s->answers * 2 < s->table_size)
		return;
	free(s->table);
	s->table_size = s->table_size ? s->table_size * 2 : 1024;
	s->table = va_alloc(s->table_size * sizeof(*s->table));
	for (size_t i = 0; i < s->answers; i++)
		enter(s, i);
}

static struct answer *find(const struct va_symbols *s, __u32 file, __u64 linked)
{
	if (!s->table_size)
		return NULL;
	for (size_t at = slot_of(file, linked) & (s->table_size - 1); s->table[at]; at = (at + 1) & (s->table_size - 1)) {
		struct answer *a = s->answer[s->table[at] - 1];

		if (a->file == file && a->linked == linked)
			return a;
	}
	return NULL;
}

static struct answer *ask(struct va_symbols *s, __u32 file, __u64 linked)
{
	struct answer *a = find(s, file, linked);

	if (a || s->answers >= ANSWERS_MAX)
		return a;
	grow_table(s);
	s->answer = va_grow(s->answer, &s->answer_room, s->answers + 1, sizeof(*s->answer));
	a = s->answer[s->answers] = va_alloc(sizeof(*a));
	a->file = file;
	a->linked = linked;
	enter(s, s->answers++);
	pthread_cond_signal(&s->asked);
	return a;
}

/* -1: too many */
static long file_of(struct va_symbols *s, const struct va_site *site)
{
	const struct vmatlas_object *o = site->object;

	for (size_t i = 0; i < s->files; i++) {
		const struct file *f = s->file[i];

		if (f->build_id_len == o->build_id_len && !memcmp(f->build_id, o->build_id, o->build_id_len) && !strcmp(f->path, site->path))
			return (long)i;
	}
	if (s->files == FILES_MAX)
		return -1;
	struct file *f = s->file[s->files] = va_alloc(sizeof(*f));

	f->path = strcpy(va_alloc_raw(strlen(site->path) + 1), site->path);
	f->build_id_len = o->build_id_len;
	memcpy(f->build_id, o->build_id, o->build_id_len);
	return (long)s->files++;
}

struct va_symbol va_symbols_ask(struct va_symbols *s, const struct va_site *site, bool wait)
{
	struct va_symbol out = {.state = VA_SYMBOL_NONE};
	struct answer *a;
	long file;

	if (!site->path || site->special || !site->object)
		return (struct va_symbol){.state = VA_SYMBOL_NOT_ELF};
	if (!site->object->build_id_len)
		return (struct va_symbol){.state = VA_SYMBOL_NO_BUILD_ID};
	pthread_mutex_lock(&s->lock);
	file = file_of(s, site);
	a = file < 0 ? NULL : ask(s, (__u32)file, site->linked);
	while (a && wait && a->symbol.state == VA_SYMBOL_PENDING)
		pthread_cond_wait(&s->answered, &s->lock);
	if (a)
		out = a->symbol;
	pthread_mutex_unlock(&s->lock);
	return out;
}
