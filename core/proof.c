/* See proof.h. */
#include "proof.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "limits.h"
#include "record.h"

static void free_process(struct va_proof_process *p)
{
	free(p->maps);
	free(p->vmas);
	free(p->windows);
	free(p->entries);
}

static void free_proof(struct va_proof *p)
{
	for (size_t i = 0; i < p->count; i++)
		free_process(&p->processes[i]);
	free(p->processes);
}

void va_proofs_free(struct va_proofs *p)
{
	while (va_proofs_first(p))
		va_proofs_drop_first(p);
	free(p->queue);
	memset(p, 0, sizeof(*p));
}

const struct va_proof *va_proofs_first(const struct va_proofs *p)
{
	return p->head < p->tail ? &p->queue[p->head] : NULL;
}

void va_proofs_drop_first(struct va_proofs *p)
{
	free_proof(&p->queue[p->head++]);
	if (p->head == p->tail)
		p->head = p->tail = p->bytes = 0;
}

static bool add_moment(struct va_proofs *p, const char *data, size_t n)
{
	struct vmatlas_proof_moment m;

	if (n != sizeof(m))
		return false;
	memcpy(&m, data, n);
	if (m.begin > m.end || m.begin < p->end)
		return false;
	p->end = m.end;
	p->queue = va_grow(p->queue, &p->room, p->tail + 1, sizeof(*p->queue));
	p->queue[p->tail++] = (struct va_proof){ .moment = m };
	return true;
}

static bool add_skipped(struct va_proofs *p, const char *data, size_t n)
{
	struct vmatlas_proof_skipped s;

	if (n != sizeof(s))
		return false;
	memcpy(&s, data, n);
	p->skipped[s.why < sizeof(p->skipped) / sizeof(*p->skipped) ? s.why : 0]++;
	return true;
}

static bool add_process(struct va_proof *proof, __u32 tgid, const char *data, size_t n)
{
	struct va_proof_process *new;

	if (n != sizeof(new->told) || !tgid || proof->count >= VA_LIMIT_TASKS)
		return false;
	proof->processes = va_grow(proof->processes, &proof->room, proof->count + 1, sizeof(*proof->processes));
	new = &proof->processes[proof->count++];
	*new = (struct va_proof_process){ .tgid = tgid };
	memcpy(&new->told, data, n);
	return true;
}

static bool add_maps(struct va_proof_process *p, const char *data, size_t n)
{
	p->maps = va_grow(p->maps, &p->maps_room, p->maps_bytes + n + 1, 1);
	memcpy(p->maps + p->maps_bytes, data, n);
	p->maps_bytes += n;
	p->maps[p->maps_bytes] = 0;
	return true;
}

static bool add_vmas(struct va_proof_process *p, const char *data, size_t n)
{
	size_t count = n / sizeof(*p->vmas);

	if (n % sizeof(*p->vmas))
		return false;
	p->vmas = va_grow(p->vmas, &p->vma_room, p->vma_count + count + 1, sizeof(*p->vmas));
	memcpy(p->vmas + p->vma_count, data, n);
	p->vma_count += count;
	return true;
}

static bool add_pages(struct va_proof_process *p, __u64 addr, const char *data, size_t n)
{
	size_t count = n / sizeof(__u64);

	if (n % sizeof(__u64) || addr & 4095 || addr >= VA_USER_TOP || addr + ((__u64)count << 12) > VA_USER_TOP)
		return false;
	p->entries = va_grow(p->entries, &p->entry_room, p->entry_count + count + 1, sizeof(*p->entries));
	p->windows = va_grow(p->windows, &p->window_room, p->window_count + 1, sizeof(*p->windows));
	memcpy(p->entries + p->entry_count, data, n);
	p->windows[p->window_count++] = (struct va_proof_window){ addr, p->entry_count, count };
	p->entry_count += count;
	return true;
}

/* Pieces of a process follow its PROCESS, and that its MOMENT. */
static bool add_to_moment(struct va_proof *proof, const struct vmatlas_proof *head, const char *data, size_t n)
{
	struct va_proof_process *p = proof->count ? &proof->processes[proof->count - 1] : NULL;

	if (head->kind == VMATLAS_PROOF_PROCESS)
		return add_process(proof, head->tgid, data, n);
	if (!p || p->tgid != head->tgid)
		return false;
	switch (head->kind) {
	case VMATLAS_PROOF_MAPS:
		return add_maps(p, data, n);
	case VMATLAS_PROOF_VMAS:
		return add_vmas(p, data, n);
	case VMATLAS_PROOF_PAGES:
		return add_pages(p, head->addr, data, n);
	}
	return false;
}

bool va_proofs_add(struct va_proofs *p, const void *payload, size_t bytes)
{
	struct vmatlas_proof head;
	const char *data = (const char *)payload + sizeof(head);
	size_t n = bytes - sizeof(head);

	if (bytes < sizeof(head) || p->bytes + bytes > VA_LIMIT_PROOF_BYTES)
		return false;
	memcpy(&head, payload, sizeof(head));
	if (head.kind == VMATLAS_PROOF_SKIPPED)
		return add_skipped(p, data, n);
	p->bytes += bytes;
	if (head.kind == VMATLAS_PROOF_MOMENT)
		return add_moment(p, data, n);
	return p->head < p->tail && add_to_moment(&p->queue[p->tail - 1], &head, data, n);
}
