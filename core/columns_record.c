/* See columns_record.h. Wrong expectations cost bytes, never truth: any record goes in and comes out as it was. */
#include "columns_record.h"

#include <stdlib.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

#define MAPS 64        /* maps are told apart by the low bits of their numbers */
#define SLOTS 16       /* VMAs of one map that were hit last */
#define IPS 32         /* instructions of one map that faulted last */
#define TABLES 1024    /* entries above the leaves, by place */
#define FILE_PAGES 4096
#define VMAS 512
#define CALLS 64
#define KINDS 256      /* faults with the same flags and error code */
#define MISS 255
#define SLOT_CHANGED 0x40 /* one of the slots, and its VMA ends elsewhere now */

enum fault_column {
	F_SLOT, F_VMA_START, F_VMA_END, F_PAGE, F_OFFSET, F_IP_SLOT, F_IP, F_ENTRY0, F_ENTRY1, F_ENTRY2, F_ENTRY3, F_LOW, F_PFN, F_HIGH,
	F_BEFORE_LOW, F_BEFORE_PFN, F_BEFORE_HIGH, F_ERROR, F_RESULT, F_DEPTHS, F_AROUND, F_SIGNAL, F_COUNTED
};

enum head_column { H_TS, H_SEQ, H_FLAGS, H_MM, H_TGID, H_TID, H_AUX, H_TYPE };

struct slot {
	__u64 start, end, page, entry;
	__u32 error, result;
	__u32 depths, spare;
};

struct map {
	struct slot slot[SLOTS];
	__u64 ip[IPS];
	__u8 next_slot, next_ip, last_ip;
	struct vmatlas_range range;
	__u64 pages_end, swept;
};

struct file_page {
	__u64 key, pfn;
	__u32 around, spare;
};

struct kind {
	__u32 error, depths, result;
	__u16 low, high;
};

struct cpu {
	__u32 mm, tgid, tid, range_seq;
	__u64 pfn;
	struct { __u64 ts; __u32 seq; } stream[VMATLAS_CHANNELS];
};

struct va_expected {
	struct map map[MAPS];
	__u64 table[TABLES];
	struct file_page page[FILE_PAGES];
	struct vmatlas_vma vma[VMAS];
	struct vmatlas_op op[CALLS];
	struct kind kind[KINDS];
	__u64 words[VMATLAS_TYPE_LIMIT][VA_WORDS]; /* the last of each type */
	__u64 vma_end;
	__u32 vma_index;
	__u32 cpus;                                /* of those below, how many are not as at the beginning */
	struct cpu cpu[VMATLAS_CPUS_MAX];
};

bool va_coder_init(struct va_coder *c)
{
	memset(c, 0, sizeof(*c));
	c->seen = calloc(1, sizeof(*c->seen));
	return c->seen;
}

void va_coder_free(struct va_coder *c)
{
	for (size_t i = 0; i < VA_COLUMNS; i++)
		free(c->column[i].value);
	free(c->seen);
}

void va_coder_begin(struct va_coder *c, unsigned version)
{
	static const __u8 zeros[8];

	memset(c->seen, 0, offsetof(struct va_expected, cpu) + c->seen->cpus * sizeof(struct cpu));
	for (size_t i = 0; i < VA_COLUMNS; i++) {
		struct va_column_data *d = &c->column[i];

		d->count = 0;
		d->any = 0;
		d->next = zeros;
		d->stride = 0;
		d->end = NULL;
		d->mask = 0;
	}
	c->version = version;
	c->failed = false;
}

/* --- one value ------------------------------------------------------------------------------------------------------------ */

static __attribute__((noinline)) void enlarge(struct va_coder *c, struct va_column_data *d)
{
	size_t room = d->room ? d->room * 2 : 1024;
	__u64 *value = realloc(d->value, room * sizeof(*value));

	if (!value) {
		c->failed = true;
		d->count = 0;
		return;
	}
	d->value = value;
	d->room = room;
}

INLINE void push(struct va_coder *c, unsigned column, __u64 value)
{
	struct va_column_data *d = &c->column[column];

	if (d->count == d->room)
		enlarge(c, d);
	if (d->count < d->room)
		d->value[d->count++] = value;
	d->any |= value;
}

INLINE __u64 pull(struct va_coder *c, unsigned column)
{
	struct va_column_data *d = &c->column[column];
	__u64 value;

	if (__builtin_expect(d->next == d->end, 0)) {
		c->failed = true;
		return 0;
	}
	memcpy(&value, d->next, sizeof(value));
	d->next += d->stride;
	return value & d->mask;
}

/* Columns of which each fault has one value, and no other record: their place is the fault's number, and whether there is one is asked once for all of them. */
INLINE bool of_each_fault(unsigned column)
{
	switch (column) {
	case VA_COLUMN_FAULT + F_VMA_START:
	case VA_COLUMN_FAULT + F_VMA_END:
	case VA_COLUMN_FAULT + F_IP:
	case VA_COLUMN_FAULT + F_BEFORE_PFN:
	case VA_COLUMN_FAULT + F_BEFORE_HIGH:
	case VA_COLUMN_FAULT + F_AROUND:
	case VA_COLUMN_HEAD + H_TYPE:
		return false;
	}
	return (column >= VA_COLUMN_HEAD && column < VA_COLUMN_HEAD + 8) || (column >= VA_COLUMN_FAULT && column <= VA_COLUMN_FAULT + F_COUNTED);
}

void va_coder_ready(struct va_coder *c)
{
	c->fault = 0;
	c->faults = ~(size_t)0;
	for (unsigned i = 0; i < VA_COLUMN_WORDS; i++) {
		const struct va_column_data *d = &c->column[i];
		size_t n = d->stride ? (size_t)(d->end - d->next) / d->stride : c->faults;

		if (of_each_fault(i) && n < c->faults)
			c->faults = n;
	}
}

/* False: a value is missing. */
INLINE bool begin_fault(struct va_coder *c)
{
	if (c->fault == c->faults)
		c->failed = true;
	return c->fault++ < c->faults;
}

/* The same as pull() of such a column. */
INLINE __u64 pull_fault(const struct va_coder *c, unsigned column)
{
	const struct va_column_data *d = &c->column[column];
	__u64 value;

	memcpy(&value, d->next + (c->fault - 1) * d->stride, sizeof(value));
	return value & d->mask;
}

INLINE __u64 next_of(struct va_coder *c, unsigned column)
{
	return of_each_fault(column) ? pull_fault(c, column) : pull(c, column);
}

/* Small differences of either sign become small numbers. */
INLINE __u64 fold(__u64 x, unsigned bits)
{
	__s64 s = (__s64)(x << (64 - bits));

	return ((__u64)(s >> (64 - bits)) << 1 ^ (__u64)(s >> 63)) & (bits == 64 ? ~0ull : (1ull << bits) - 1);
}

INLINE __u64 unfold(__u64 x)
{
	return x >> 1 ^ -(x & 1);
}

/* `value`, bits wide, where `expected` would be no news. Returned is what it is, either way. */
INLINE __u64 differ(struct va_coder *c, bool packing, unsigned column, __u64 value, __u64 expected, unsigned bits)
{
	if (packing) {
		push(c, column, fold(value - expected, bits));
		return value;
	}
	value = expected + unfold(next_of(c, column));
	return bits == 64 ? value : value & ((1ull << bits) - 1);
}

/* The same where a difference means nothing. */
INLINE __u64 flip(struct va_coder *c, bool packing, unsigned column, __u64 value, __u64 expected)
{
	if (!packing)
		return next_of(c, column) ^ expected;
	push(c, column, value ^ expected);
	return value;
}

INLINE size_t scatter(__u64 key, size_t n)
{
	key *= 0x9e3779b97f4a7c15ull;
	return (size_t)(key >> 40) & (n - 1);
}

/* --- head ----------------------------------------------------------------------------------------------------------------- */

INLINE void head(struct va_coder *c, bool packing, unsigned column, struct cpu *cpu, __u32 channel, struct vmatlas_head *h)
{
	__u64 busy = column == VA_COLUMN_HEAD && c->version > 1 ? h->aux : 0; /* a fault began behind the one before and took that long */

	h->ts = differ(c, packing, column + H_TS, h->ts, cpu->stream[channel].ts + busy, 64);
	h->seq = (__u32)differ(c, packing, column + H_SEQ, h->seq, cpu->stream[channel].seq + 1, 32);
	h->flags = (__u16)flip(c, packing, column + H_FLAGS, h->flags, 0);
	h->mm = (__u32)differ(c, packing, column + H_MM, h->mm, cpu->mm, 32);
	h->tgid = (__u32)differ(c, packing, column + H_TGID, h->tgid, cpu->tgid, 32);
	h->tid = (__u32)differ(c, packing, column + H_TID, h->tid, cpu->tid, 32);
	cpu->stream[channel].ts = h->ts;
	cpu->stream[channel].seq = h->seq;
	cpu->mm = h->mm;
	cpu->tgid = h->tgid;
	cpu->tid = h->tid;
}

/* --- fault ---------------------------------------------------------------------------------------------------------------- */

#define F(name) (VA_COLUMN_FAULT + F_##name)
#define LOW_BITS 0xfffull
#define AROUND 0x10000u /* above the depths: pages around it were mapped */
#define ANY 0x1000ull /* above them: it is not 0 */
#define PFN_OF(entry) ((entry) >> 12 & 0xffffffffffull)

/* The VMA that was hit: one that was hit before, which may have grown; else a new one takes the oldest's place. */
INLINE struct slot *fault_vma(struct va_coder *c, bool packing, struct map *map, struct vmatlas_fault *f)
{
	unsigned i = MISS;

	for (unsigned k = 0; packing && k < SLOTS; k++)
		if (map->slot[k].start == f->vma_start)
			i = k;
	bool changed = packing && (i == MISS || map->slot[i].end != f->vma_end);

	if (packing && c->version > 1 && i != MISS)
		i |= changed ? SLOT_CHANGED : 0;
	i = (unsigned)flip(c, packing, F(SLOT), i, 0);
	changed = c->version == 1 || i >= SLOTS;
	if (c->version > 1 && i != MISS)
		i &= ~SLOT_CHANGED;
	if (i >= SLOTS) {
		i = map->next_slot++ % SLOTS;
		f->vma_start = differ(c, packing, F(VMA_START), f->vma_start, map->slot[(i - 1) % SLOTS].start, 64);
		map->slot[i] = (struct slot){ .start = f->vma_start, .end = f->vma_start, .page = f->vma_start >> 12 };
	} else {
		f->vma_start = map->slot[i].start;
	}
	f->vma_end = changed ? differ(c, packing, F(VMA_END), f->vma_end, map->slot[i].end, 64) : map->slot[i].end;
	map->slot[i].end = f->vma_end;
	return &map->slot[i];
}

INLINE void fault_ip(struct va_coder *c, bool packing, struct map *map, struct vmatlas_record *rec)
{
	struct vmatlas_fault *f = &rec->fault;
	unsigned i = MISS;

	if (packing && f->ip == f->addr)
		i = IPS;
	for (unsigned k = 0; packing && i == MISS && k < IPS; k++)
		if (map->ip[k] == f->ip)
			i = k;
	i = (unsigned)flip(c, packing, F(IP_SLOT), i, 0);
	if (i == IPS) {
		f->ip = f->addr;
	} else if (i < IPS) {
		f->ip = map->ip[i];
	} else {
		f->ip = differ(c, packing, F(IP), f->ip, map->ip[map->last_ip], 64);
		map->last_ip = map->next_ip++ % IPS;
		map->ip[map->last_ip] = f->ip;
	}
}

INLINE void fault_tables(struct va_coder *c, bool packing, struct va_expected *seen, struct vmatlas_record *rec)
{
	static const unsigned shift[] = { 48, 39, 30, 21 };

	for (unsigned level = 0; level < 4; level++) {
		/* With four levels the PGD is indexed by the bits the P4D has with five. */
		__u64 place = (rec->fault.addr >> shift[level || c->version == 1 ? level : 1]) << 2 | level;
		__u64 *known = &seen->table[scatter(place ^ (__u64)rec->head.mm << 44, TABLES)];

		rec->fault.entry[level] = *known = flip(c, packing, F(ENTRY0) + level, rec->fault.entry[level], *known);
	}
}

/* An entry in three parts: bits below the frame, frame, bits above. */
INLINE __u64 entry(struct va_coder *c, bool packing, unsigned column, __u64 e, __u64 expected, __u64 pfn)
{
	__u64 low = flip(c, packing, column, e & LOW_BITS, expected & LOW_BITS);
	__u64 frame = differ(c, packing, column + 1, PFN_OF(e), pfn, 40);
	__u64 high = flip(c, packing, column + 2, e >> 52, expected >> 52);

	return low | frame << 12 | high << 52;
}

/* The same, knowing what kind of fault it is; and an entry that was empty is told as that, at once. */
INLINE void entries(struct va_coder *c, bool packing, struct vmatlas_record *rec, __u64 pfn)
{
	struct va_expected *seen = c->seen;
	struct vmatlas_fault *f = &rec->fault;
	__u32 *error = &seen->kind[scatter(rec->head.flags, KINDS)].error;

	f->error = *error = (__u32)flip(c, packing, F(ERROR), f->error, *error);
	__u64 kind = (__u64)rec->head.flags << 32 | f->error;
	__u16 *low = &seen->kind[scatter(kind, KINDS)].low;

	*low = (__u16)flip(c, packing, F(LOW), f->entry[4] & LOW_BITS, *low);
	__u16 *high = &seen->kind[scatter(kind ^ (__u64)*low << 48, KINDS)].high;
	__u64 frame = differ(c, packing, F(PFN), PFN_OF(f->entry[4]), pfn, 40);

	*high = (__u16)flip(c, packing, F(HIGH), f->entry[4] >> 52, *high);
	f->entry[4] = (*low & LOW_BITS) | frame << 12 | (__u64)*high << 52;
	__u64 before = flip(c, packing, F(BEFORE_LOW), (f->before & LOW_BITS) | (f->before ? ANY : 0), 0);

	if (before & ANY)
		before = (before & LOW_BITS) | differ(c, packing, F(BEFORE_PFN), PFN_OF(f->before), 0, 40) << 12 | flip(c, packing, F(BEFORE_HIGH), f->before >> 52, 0) << 52;
	f->before = before;
}

INLINE void fault(struct va_coder *c, bool packing, struct cpu *cpu, struct vmatlas_record *rec)
{
	struct va_expected *seen = c->seen;
	struct map *map = &seen->map[rec->head.mm % MAPS];
	struct vmatlas_fault *f = &rec->fault;
	struct slot *slot = fault_vma(c, packing, map, f);
	__u64 page = differ(c, packing, F(PAGE), f->addr >> 12, slot->page, 52);
	bool newer = c->version > 1, own = rec->head.flags & (VMATLAS_F_ANON | VMATLAS_F_WRITE);
	__u64 key = ((f->vma_end - f->vma_start) << 20) + page - (f->vma_start >> 12);
	struct file_page *known = &seen->page[scatter(key, FILE_PAGES)];
	bool found = !own && known->key == key;

	f->addr = page << 12 | flip(c, packing, F(OFFSET), f->addr & LOW_BITS, 0);
	slot->page = page;
	fault_ip(c, packing, map, rec);
	fault_tables(c, packing, seen, rec);
	__u64 pfn = own ? cpu->pfn + 1 : found ? known->pfn : PFN_OF(slot->entry) + 1;

	if (newer) {
		entries(c, packing, rec, pfn);
	} else {
		f->entry[4] = entry(c, packing, F(LOW), f->entry[4], slot->entry, pfn);
		f->before = entry(c, packing, F(BEFORE_LOW), f->before, 0, 0);
		f->error = slot->error = (__u32)flip(c, packing, F(ERROR), f->error, slot->error);
	}
	struct kind *kind = &seen->kind[scatter((__u64)rec->head.flags << 32 | f->error, KINDS)];
	__u32 *result = newer ? &kind->result : &slot->result, *was = newer ? &kind->depths : &slot->depths;

	f->result = *result = (__u32)flip(c, packing, F(RESULT), f->result, *result);
	__u32 depths = *was = (__u32)flip(c, packing, F(DEPTHS), f->depth_before | f->depth_after << 8 | (newer && f->around ? AROUND : 0), *was);

	f->depth_before = (__u8)depths;
	f->depth_after = (__u8)(depths >> 8);
	f->around = newer && !(depths & AROUND) ? 0 : (__u16)flip(c, packing, F(AROUND), f->around, found ? known->around : 0);
	__u64 signal = flip(c, packing, F(SIGNAL), f->signal | (__u64)f->si_code << 8 | (__u64)f->pad << 16, 0);

	f->signal = (__u8)signal;
	f->si_code = (__u8)(signal >> 8);
	f->pad = (__u8)(signal >> 16);
	f->counted = (__u8)flip(c, packing, F(COUNTED), f->counted, 0);
	slot->entry = f->entry[4];
	if (own)
		cpu->pfn = PFN_OF(f->entry[4]);
	else
		*known = (struct file_page){ .key = key, .pfn = PFN_OF(f->entry[4]), .around = f->around };
}

/* --- all others ------------------------------------------------------------------------------------------------------------ */

#define W(type, n) (VA_COLUMN_WORDS + (type) * VA_WORDS + (n))

/* Word by word, against another record's payload. */
INLINE void words(struct va_coder *c, bool packing, unsigned type, __u8 *payload, const void *expected, unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i++) {
		__u64 value, was;

		memcpy(&value, payload + i * 8, 8);
		memcpy(&was, (const __u8 *)expected + i * 8, 8);
		value = differ(c, packing, W(type, i), value, was, 64);
		memcpy(payload + i * 8, &value, 8);
	}
}

INLINE void vma(struct va_coder *c, bool packing, struct va_expected *seen, struct vmatlas_record *rec)
{
	struct vmatlas_vma *v = &rec->vma, like;

	v->start = differ(c, packing, W(VMATLAS_VMA, 0), v->start, seen->vma_end, 64);
	__u64 bytes = differ(c, packing, W(VMATLAS_VMA, 1), v->end - v->start, 4096, 64);

	v->vm_flags = flip(c, packing, W(VMATLAS_VMA, 2), v->vm_flags, 0);
	__u64 key = bytes ^ v->vm_flags << 40 ^ (__u64)rec->head.flags << 20;
	struct vmatlas_vma *known = &seen->vma[scatter(key, VMAS)];

	v->end = v->start + bytes;
	like = *known;
	like.index = seen->vma_index;
	words(c, packing, VMATLAS_VMA, rec->payload, &like, 3, VA_WORDS);
	*known = *v;
	seen->vma_end = v->end;
	seen->vma_index = v->index + 1;
}

INLINE void range(struct va_coder *c, bool packing, struct va_expected *seen, struct vmatlas_record *rec)
{
	struct map *map = &seen->map[rec->head.mm % MAPS];

	words(c, packing, VMATLAS_RANGE, rec->payload, &map->range, 0, VA_WORDS);
	map->range = rec->range;
	seen->vma_end = rec->range.lo;
	seen->vma_index = 0;
}

INLINE void op(struct va_coder *c, bool packing, struct va_expected *seen, struct vmatlas_record *rec)
{
	struct vmatlas_op *o = &rec->op, like;
	__u64 nr = differ(c, packing, W(VMATLAS_OP, 8), (__u32)o->nr | (__u64)o->peer_mm << 32, 0, 64);
	struct vmatlas_op *known = &seen->op[nr % CALLS];

	o->nr = (__s32)nr;
	o->peer_mm = (__u32)(nr >> 32);
	like = *known;
	like.begin = rec->head.ts - rec->head.aux;
	words(c, packing, VMATLAS_OP, rec->payload, &like, 0, 8);
	words(c, packing, VMATLAS_OP, rec->payload, &like, 9, VA_WORDS);
	*known = *o;
}

INLINE void pages(struct va_coder *c, bool packing, struct va_expected *seen, struct vmatlas_record *rec)
{
	struct vmatlas_pages *p = &rec->pages;
	struct map *map = &seen->map[rec->head.mm % MAPS];
	__u64 shape, before = 0;

	p->addr = differ(c, packing, W(VMATLAS_PAGES, 0), p->addr, map->pages_end, 64);
	memcpy(&shape, &p->level, 8);
	shape = flip(c, packing, W(VMATLAS_PAGES, 1), shape, 4);
	memcpy(&p->level, &shape, 8);
	for (unsigned i = 0; i < VMATLAS_PAGES_PER_RECORD; i++) {
		__u64 expected = i < p->count && before ? before + 4096 : 0;

		p->entry[i] = differ(c, packing, W(VMATLAS_PAGES, 2 + i), p->entry[i], expected, 64);
		before = p->entry[i] ? p->entry[i] : before;
	}
	map->pages_end = p->addr + ((__u64)p->count << 12);
}

INLINE void sweep(struct va_coder *c, bool packing, struct va_expected *seen, struct vmatlas_record *rec)
{
	struct map *map = &seen->map[rec->head.mm % MAPS];
	struct vmatlas_sweep *s = &rec->sweep, like = { .kind = VMATLAS_SWEEP_TOLD };

	s->lo = differ(c, packing, W(VMATLAS_SWEEP, 0), s->lo, map->swept, 64);
	s->hi = s->lo + differ(c, packing, W(VMATLAS_SWEEP, 1), s->hi - s->lo, 0, 64);
	s->since = differ(c, packing, W(VMATLAS_SWEEP, 2), s->since, rec->head.ts, 64);
	words(c, packing, VMATLAS_SWEEP, rec->payload, &like, 3, VA_WORDS);
	map->swept = s->lo;
}

INLINE void aux(struct va_coder *c, bool packing, unsigned column, struct cpu *cpu, struct vmatlas_head *h)
{
	bool numbered = h->type == VMATLAS_VMA || h->type == VMATLAS_RANGE;

	h->aux = (__u32)differ(c, packing, column + H_AUX, h->aux, numbered ? cpu->range_seq : 0, 32);
	if (numbered)
		cpu->range_seq = h->aux;
}

INLINE void record(struct va_coder *c, bool packing, __u32 cpu_id, __u32 channel, struct vmatlas_record *rec)
{
	struct va_expected *seen = c->seen;
	struct cpu *cpu = &seen->cpu[cpu_id];
	__u64 type = flip(c, packing, VA_COLUMN_TYPE, rec->head.type < VMATLAS_TYPE_LIMIT ? rec->head.type : 0, 0);
	unsigned column = VA_COLUMN_HEAD + (type == VMATLAS_FAULT ? 0 : 8);

	if (cpu_id >= seen->cpus)
		seen->cpus = cpu_id + 1;
	if (type >= VMATLAS_TYPE_LIMIT) {
		c->failed = true;
		type = 0;
	}
	if (type == VMATLAS_FAULT && !packing && !begin_fault(c))
		return;
	if (type == VMATLAS_FAULT)
		rec->head.aux = (__u32)flip(c, packing, column + H_AUX, rec->head.aux, 0);
	rec->head.type = (__u16)(type ? type : flip(c, packing, column + H_TYPE, rec->head.type, 0));
	head(c, packing, column, cpu, channel, &rec->head);
	if (type == VMATLAS_FAULT) {
		fault(c, packing, cpu, rec);
		return;
	}
	aux(c, packing, column, cpu, &rec->head);
	switch (type) {
	case VMATLAS_VMA:
		vma(c, packing, seen, rec);
		break;
	case VMATLAS_RANGE:
		range(c, packing, seen, rec);
		break;
	case VMATLAS_OP:
		op(c, packing, seen, rec);
		break;
	case VMATLAS_PAGES:
		pages(c, packing, seen, rec);
		break;
	case VMATLAS_SWEEP:
		sweep(c, packing, seen, rec);
		break;
	default:
		words(c, packing, (unsigned)type, rec->payload, seen->words[type], 0, VA_WORDS);
		memcpy(seen->words[type], rec->payload, VMATLAS_PAYLOAD_SIZE);
	}
}

void va_coder_pack(struct va_coder *c, __u32 cpu, __u32 channel, const void *rec)
{
	struct vmatlas_record copy;

	memcpy(&copy, rec, sizeof(copy));
	record(c, true, cpu, channel, &copy);
}

void va_coder_unpack(struct va_coder *c, __u32 cpu, __u32 channel, struct vmatlas_record *rec)
{
	record(c, false, cpu, channel, rec);
}

void va_coder_pack_cpu(struct va_coder *c, __u32 place)
{
	push(c, VA_COLUMN_CPU, place);
}

__u32 va_coder_unpack_cpu(struct va_coder *c)
{
	return (__u32)pull(c, VA_COLUMN_CPU) % (VMATLAS_CPUS_MAX * VMATLAS_CHANNELS);
}
