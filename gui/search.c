#include "search.h"

#include <ctype.h>

#include <stdlib.h>
#include <string.h>

#include "maps.h"
#include "vmflags.h"

struct query {
	const char *text;
	bool is_address, is_number, is_perms, is_size, is_all;
	__u64 address, number, size, need; /* need: bits of `w+x` */
	bool larger;
};

static bool only(const char *text, const char *set)
{
	return *text && strspn(text, set) == strlen(text);
}

static bool parse_size(const char *text, __u64 *out)
{
	static const char units[] = "kmgt";
	const char *unit;
	char *end;
	double v = strtod(text, &end);

	if (end == text || v < 0)
		return false;
	unit = *end ? strchr(units, tolower((unsigned char)*end)) : NULL;
	if (*end && !unit)
		return false;
	if (*end && end[1] && strcasecmp(end + 1, "b") && strcasecmp(end + 1, "ib"))
		return false;
	for (long i = unit ? unit - units + 1 : 0; i > 0; i--)
		v *= 1024;
	*out = v < 1.8e19 ? (__u64)v : ~0ull;
	return true;
}

static __u64 bit_of(char c)
{
	return c == 'r' ? VA_VM_READ : c == 'w' ? VA_VM_WRITE : c == 'x' ? VA_VM_EXEC : c == 's' ? VA_VM_MAYSHARE : 0;
}

static bool looks_like_perms(const char *t)
{
	return strlen(t) == 4 && strchr("r-?", t[0]) && strchr("w-?", t[1]) && strchr("x-?", t[2]) && strchr("sp?", t[3]);
}

static bool parse_all(const char *t, __u64 *need)
{
	*need = 0;
	for (size_t i = 0; t[i]; i++) {
		if (i % 2 ? t[i] != '+' : !bit_of(t[i]))
			return false;
		*need |= i % 2 ? 0 : bit_of(t[i]);
	}
	return strlen(t) >= 3 && strlen(t) % 2;
}

static void parse(struct query *q, const char *text)
{
	bool prefix = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	size_t n = strlen(text);

	*q = (struct query){.text = text};
	if (prefix ? only(text + 2, "0123456789abcdefABCDEF") && n <= 18 : only(text, "0123456789abcdefABCDEF") && n >= 5 && n <= 16) {
		q->is_address = true;
		q->address = strtoull(text, NULL, 16);
	}
	if (only(text, "0123456789") && n <= 7) {
		q->is_number = true;
		q->number = strtoull(text, NULL, 10);
	}
	q->is_perms = looks_like_perms(text);
	q->is_all = parse_all(text, &q->need);
	q->is_size = (*text == '>' || *text == '<') && parse_size(text + 1 + strspn(text + 1, " ="), &q->size);
	q->larger = *text == '>';
}

static bool perms_fit(const char *want, __u64 flags)
{
	char have[5];

	va_vma_perms(flags, have);
	for (int i = 0; i < 4; i++)
		if (want[i] != '?' && want[i] != have[i])
			return false;
	return true;
}

struct place {
	const struct va_mm *mm;
	const struct va_texts *texts;
	const struct va_objects *objects;
	__u32 rules;
};

static bool fits(const struct query *q, const struct va_vma *vma, const struct place *p)
{
	char store[VMATLAS_TEXT_MAX + 32];

	if (q->is_size)
		return q->larger ? vma->end - vma->start > q->size : vma->end - vma->start < q->size;
	if (q->is_perms)
		return perms_fit(q->text, vma->vm_flags);
	if (q->is_all)
		return (vma->vm_flags & q->need) == q->need;
	if (q->is_number)
		return false;
	if (strcasestr(va_vma_name(p->mm, vma, p->texts, p->rules, store, sizeof(store)), q->text))
		return true;
	return !strncasecmp(va_zone_name(va_zone_of(p->mm, vma, p->texts, p->objects, p->rules, NULL)), q->text, strlen(q->text));
}

static void add(struct va_search *s, enum va_result_kind kind, __u64 addr, __u32 tgid)
{
	if (s->count < VA_RESULTS)
		s->result[s->count++] = (struct va_result){kind, addr, tgid};
	s->total++;
}

static void find_processes(struct va_search *s, const struct query *q, const struct va_model *model)
{
	for (size_t i = 0; i < va_model_task_count(model); i++) {
		const struct va_task *task = va_model_task(model, i);
		bool number = q->is_number && task->tid == q->number, name = !q->is_number && task->tid == task->tgid && strcasestr(task->comm, q->text);

		if ((number || name) && !q->is_size && !q->is_perms && !q->is_all)
			add(s, VA_RESULT_PROCESS, 0, task->tgid);
	}
}

bool va_search_update(struct va_search *s, const char *text, const struct va_model *model, const struct va_mm *mm, __u32 tgid, size_t pos,
		      const struct va_texts *texts, const struct va_objects *objects, __u32 rules)
{
	struct place p = {mm, texts, objects, rules};
	struct query q;

	if (s->valid && s->pos == pos && s->tgid == tgid && !strcmp(s->text, text))
		return false;
	strncpy(s->text, text, sizeof(s->text) - 1);
	s->pos = pos;
	s->tgid = tgid;
	s->valid = true;
	s->count = s->total = 0;
	while (*text == ' ')
		text++;
	if (!*text)
		return true;
	parse(&q, text);
	if (q.is_address && mm)
		add(s, VA_RESULT_ADDRESS, q.address, tgid);
	for (size_t i = 0; mm && i < va_mm_vma_count(mm); i++)
		if (fits(&q, va_mm_vma(mm, i), &p))
			add(s, VA_RESULT_VMA, va_mm_vma(mm, i)->start, tgid);
	find_processes(s, &q, model);
	return true;
}
