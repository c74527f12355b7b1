/* See maps.h. The rules are those of fs/proc/task_mmu.c, 6.1 and 6.12: show_map_vma(), get_vma_name(), show_vma_header_prefix(). */
#include "maps.h"

#include <stdio.h>
#include <string.h>

#define VM_READ 1ull
#define VM_WRITE 2ull
#define VM_EXEC 4ull
#define VM_MAYSHARE 0x80ull

#define NAME_COLUMN 72 /* seq_setwidth(m, 25 + sizeof(void *) * 6 - 1); seq_pad() adds one space behind it */

static bool has_file(const struct va_vma *vma)
{
	return vma->name_kind == VMATLAS_NAME_PATH || vma->name_kind == VMATLAS_NAME_SHMEM;
}

bool va_vma_has_file(const struct va_vma *vma)
{
	return has_file(vma);
}

/* brk and start_brk also come with each RANGE, so they may be known where the rest of the layout is not. */
static bool is_heap(const struct va_mm *mm, const struct va_vma *vma, __u32 rules)
{
	__u64 start_brk, brk;

	if (!va_mm_brk(mm, &start_brk, &brk))
		return false;
	if (rules & VMATLAS_RULE_HEAP_TOUCH)
		return vma->start <= brk && vma->end >= start_brk;
	return vma->start < brk && vma->end > start_brk;
}

static bool is_stack(const struct va_mm *mm, const struct va_vma *vma)
{
	const struct vmatlas_mm_layout *layout = va_mm_layout(mm);

	return layout && vma->start <= layout->start_stack && vma->end >= layout->start_stack;
}

static const char *text(const struct va_texts *texts, __u64 id, char *buf, size_t n)
{
	const char *name = id && texts ? va_texts_get(texts, id) : NULL;

	if (name || !id)
		return name ? name : "";
	snprintf(buf, n, "?%llx", id);
	return buf;
}

static const char *wrap(const char *before, __u64 id, const struct va_texts *texts, char *buf, size_t n)
{
	char lost[24];

	snprintf(buf, n, "[%s:%s]", before, text(texts, id, lost, sizeof(lost)));
	return buf;
}

const char *va_vma_name(const struct va_mm *mm, const struct va_vma *vma, const struct va_texts *texts, __u32 rules, char *buf, size_t n)
{
	switch (vma->name_kind) {
	case VMATLAS_NAME_PATH:
	case VMATLAS_NAME_SPECIAL:
		return text(texts, vma->name_text, buf, n);
	case VMATLAS_NAME_SHMEM:
		return wrap("anon_shmem", vma->name_text, texts, buf, n);
	}
	if (is_heap(mm, vma, rules))
		return "[heap]";
	if (is_stack(mm, vma))
		return "[stack]";
	return vma->name_kind == VMATLAS_NAME_ANON ? wrap("anon", vma->name_text, texts, buf, n) : "";
}

void va_vma_perms(__u64 vm_flags, char out[5])
{
	out[0] = vm_flags & VM_READ ? 'r' : '-';
	out[1] = vm_flags & VM_WRITE ? 'w' : '-';
	out[2] = vm_flags & VM_EXEC ? 'x' : '-';
	out[3] = vm_flags & VM_MAYSHARE ? 's' : 'p';
	out[4] = 0;
}

static void put(char *buf, size_t n, size_t *at, char c)
{
	if (*at + 1 < n)
		buf[(*at)++] = c;
}

/* seq_path(m, path, "\n"): what would end the line becomes \012. */
static void put_path(char *buf, size_t n, size_t *at, const char *path)
{
	for (; *path; path++) {
		if (*path != '\n') {
			put(buf, n, at, *path);
			continue;
		}
		for (const char *esc = "\\012"; *esc; esc++)
			put(buf, n, at, *esc);
	}
}

size_t va_maps_line(const struct va_mm *mm, const struct va_vma *vma, const struct va_texts *texts, __u32 rules, char *buf, size_t n)
{
	char perms[5], store[VMATLAS_TEXT_MAX + 32];
	const char *name = va_vma_name(mm, vma, texts, rules, store, sizeof(store));
	__u64 offset = has_file(vma) ? vma->pgoff << 12 : 0;

	va_vma_perms(vma->vm_flags, perms);
	int head = snprintf(buf, n, "%08llx-%08llx %s %08llx %02x:%02x %llu ", vma->start, vma->end, perms, offset, vma->dev_major,
			    vma->dev_minor, vma->inode);
	size_t at = head < 0 ? 0 : (size_t)head < n ? (size_t)head : n - 1;

	if (*name) {
		while (at < NAME_COLUMN && at + 1 < n)
			buf[at++] = ' ';
		put(buf, n, &at, ' ');
		put_path(buf, n, &at, name);
	}
	if (at + 1 >= n)
		at = n - 2;
	buf[at++] = '\n';
	buf[at] = 0;
	return at;
}
