/* See entry.h. */
#include "entry.h"

#include <stdio.h>
#include <string.h>

#include "walk.h"

#define SWAP_FILES_EVERYWHERE 22 /* no kernel has fewer: types below are swap files */
#define MARKER_TYPE 31           /* from 6.3 on, in every configuration */

/* Debian's kernels have migration, memory failure and markers, and no private device memory. */
static unsigned swap_files_of(const char *release, unsigned version)
{
	if (version == 601 && strstr(release, "-amd64") && !strncmp(release, "6.1.0-", 6))
		return 26;
	if (version == 612 && strstr(release, "+deb"))
		return 27;
	return 0;
}

struct va_entry_rules va_entry_rules(const struct vmatlas_stream_header *header)
{
	struct va_entry_rules rules = { .levels = header->levels };
	char release[sizeof(header->release) + 1] = "";
	unsigned major, minor;

	memcpy(release, header->release, sizeof(header->release));
	if (sscanf(release, "%3u.%2u", &major, &minor) == 2)
		rules.version = major * 100 + minor;
	rules.swap_files = swap_files_of(release, rules.version);
	return rules;
}

unsigned va_entry_swap_type(__u64 entry)
{
	return (unsigned)(entry >> 59);
}

__u64 va_entry_swap_offset(__u64 entry)
{
	return ~entry << 5 >> 14;
}

__u64 va_entry_swap_pfn(__u64 entry, const struct va_entry_rules *rules)
{
	return va_entry_swap_offset(entry) & ((1ull << (rules->levels == 5 ? 40 : 34)) - 1);
}

/* The order of types above the swap files: poison, migration (three), markers, and on 6.1 failed swap-ins. */
static enum va_entry_use use_of_type(unsigned type, const struct va_entry_rules *rules)
{
	unsigned above = type - rules->swap_files;

	if (type < SWAP_FILES_EVERYWHERE || type < rules->swap_files)
		return VA_ENTRY_SWAP;
	if (rules->version >= 603 && type == MARKER_TYPE)
		return VA_ENTRY_MARKER;
	if (!rules->swap_files)
		return VA_ENTRY_OTHER;
	if (above == 0)
		return VA_ENTRY_POISON;
	return above <= 3 ? VA_ENTRY_MIGRATION : above == 4 ? VA_ENTRY_MARKER : VA_ENTRY_ERROR;
}

enum va_entry_use va_entry_use(unsigned level, __u64 entry, const struct va_entry_rules *rules)
{
	if (!entry)
		return VA_ENTRY_EMPTY;
	if (!va_entry_present(entry))
		return use_of_type(va_entry_swap_type(entry), rules);
	if (entry & 1)
		return va_entry_leaf(level, entry) ? VA_ENTRY_PAGE : VA_ENTRY_TABLE;
	return entry & 1 << 8 ? VA_ENTRY_CLOSED : VA_ENTRY_SPLITTING;
}

const char *va_entry_use_name(enum va_entry_use use)
{
	static const char *const names[VA_ENTRY_USES] = {
		[VA_ENTRY_EMPTY] = "empty", [VA_ENTRY_TABLE] = "table", [VA_ENTRY_PAGE] = "page", [VA_ENTRY_CLOSED] = "prot-none",
		[VA_ENTRY_SPLITTING] = "splitting", [VA_ENTRY_SWAP] = "swap", [VA_ENTRY_MIGRATION] = "migration", [VA_ENTRY_POISON] = "poison",
		[VA_ENTRY_MARKER] = "marker", [VA_ENTRY_ERROR] = "swap-error", [VA_ENTRY_OTHER] = "other",
	};

	return (unsigned)use < VA_ENTRY_USES ? names[use] : "other";
}

struct bit_words {
	const char *name, *set, *clear;
};

static const struct bit_words low_bits[] = {
	{ "P", "present", "not present" },
	{ "RW", "writable", "read-only" },
	{ "US", "user mode may use it", "kernel only" },
	{ "PWT", "cache: write-through", "cache: write-back" },
	{ "PCD", "not cached", "cached" },
	{ "A", "accessed", "not accessed yet" },
	{ "D", "dirty: written to", "not written to" },
	{ "PS", "page size: the walk ends here", "leads to a table" },
	{ "G", "global: survives a change of CR3", "not global" },
	{ "special", "no page structure behind it: the zero page, device memory", "an ordinary page" },
	{ "uffd", "write-protected by userfaultfd", "not write-protected by userfaultfd" },
	{ "soft-dirty", "written to since soft-dirty was cleared", "soft-dirty: not written since it was cleared" },
};

struct fields {
	struct va_entry_field *out;
	size_t n;
	__u64 entry;
};

static void add(struct fields *f, unsigned width, enum va_field_kind kind, const char *name, const char *set, const char *clear)
{
	unsigned shift = f->n ? f->out[f->n - 1].shift + f->out[f->n - 1].width : 0;
	__u64 value = f->entry >> shift & (width < 64 ? (1ull << width) - 1 : ~0ull);

	f->out[f->n++] = (struct va_entry_field){ shift, width, kind, name, value, value ? set : clear };
}

static void unused(struct fields *f, unsigned width)
{
	add(f, width, VA_FIELD_UNUSED, "", "not used by the processor", "not used");
}

static void add_low(struct fields *f, unsigned bit)
{
	const struct bit_words *w = &low_bits[bit];

	add(f, 1, bit < 9 ? VA_FIELD_HARDWARE : VA_FIELD_KERNEL, w->name, w->set, w->clear);
}

/* Bits 52 to 63 of an entry that is there; 57 and 58 are the kernel's, and moved. */
static void add_high(struct fields *f, bool leaf, const struct va_entry_rules *rules)
{
	const char *device = "memory of a device, or of a DAX file";

	unused(f, 5);
	if (leaf && rules->version >= 606) {
		add(f, 1, VA_FIELD_KERNEL, "devmap", device, "not of a device");
		add(f, 1, VA_FIELD_KERNEL, "saved-dirty", "written to before it became read-only", "not saved as dirty");
	} else if (leaf && rules->version) {
		unused(f, 1);
		add(f, 1, VA_FIELD_KERNEL, "devmap", device, "not of a device");
	} else {
		unused(f, 2);
	}
	if (leaf)
		add(f, 4, VA_FIELD_HARDWARE, "key", "its protection key", "protection key 0: none");
	else
		unused(f, 4);
	add(f, 1, VA_FIELD_HARDWARE, "NX", "no instruction may be fetched from it", "instructions may be fetched from it");
}

static void fields_of_table(struct fields *f, const struct va_entry_rules *rules)
{
	for (unsigned bit = 0; bit < 6; bit++)
		add_low(f, bit);
	unused(f, 1);
	add_low(f, 7);
	unused(f, 4);
	add(f, 40, VA_FIELD_FRAME, "table", "the frame of the next table", "frame 0");
	add_high(f, false, rules);
}

/* Bit 12 of a huge page's entry is PAT; the bits from there up to the page's own alignment are not used. */
static void fields_of_page(struct fields *f, unsigned level, const struct va_entry_rules *rules)
{
	unsigned inside = va_level_shift(level) - 12;
	static const char pat[] = "memory type from the PAT's upper half", no_pat[] = "memory type from the PAT's lower half";

	for (unsigned bit = 0; bit < 12; bit++)
		if (bit == 7 && level == 4)
			add(f, 1, VA_FIELD_HARDWARE, "PAT", pat, no_pat);
		else
			add_low(f, bit);
	if (inside) {
		add(f, 1, VA_FIELD_HARDWARE, "PAT", pat, no_pat);
		unused(f, inside - 1);
	}
	add(f, 40 - inside, VA_FIELD_FRAME, "frame", "the page's frame", "frame 0");
	add_high(f, true, rules);
}

/* P = 0 and still a page to the kernel: the frame stands inverted, so that the processor cannot reach it by guessing (L1TF). */
static void fields_of_closed(struct fields *f, const struct va_entry_rules *rules)
{
	for (unsigned bit = 0; bit < 8; bit++)
		if (bit == 7)
			add(f, 1, VA_FIELD_HARDWARE, "PS", "a huge page", "a page of 4 KiB, or PAT");
		else
			add_low(f, bit);
	add(f, 1, VA_FIELD_KERNEL, "PROTNONE", "the kernel's page, closed to the processor", "for a moment not present");
	for (unsigned bit = 9; bit < 12; bit++)
		add_low(f, bit);
	add(f, 40, VA_FIELD_FRAME, "frame", "the page's frame, inverted", "the page's frame, inverted");
	f->out[f->n - 1].value ^= (1ull << 40) - 1;
	add_high(f, true, rules);
}

static void fields_of_swap(struct fields *f, enum va_entry_use use)
{
	static const char *const types[VA_ENTRY_USES] = {
		[VA_ENTRY_SWAP] = "number of the swap file", [VA_ENTRY_MIGRATION] = "the page is being moved", [VA_ENTRY_POISON] = "the frame is broken",
		[VA_ENTRY_MARKER] = "a marker, no page", [VA_ENTRY_ERROR] = "could not be read back",
	};
	const char *type = types[use] ? types[use] : "not a swap file";
	const char *offset = use == VA_ENTRY_SWAP ? "the place in the swap file, inverted" : use == VA_ENTRY_MARKER ? "the marker's bits, inverted" : "which frame, inverted";

	add_low(f, 0);
	add(f, 1, VA_FIELD_KERNEL, "soft-dirty", "was written to since soft-dirty was cleared", "not soft-dirty");
	add(f, 1, VA_FIELD_KERNEL, "uffd", "write-protected by userfaultfd", "not write-protected by userfaultfd");
	add(f, 1, VA_FIELD_KERNEL, "exclusive", "this process's alone", "may be shared");
	unused(f, 3);
	add(f, 1, VA_FIELD_HARDWARE, "PS", "a huge page", "must be 0: no huge page");
	add(f, 1, VA_FIELD_KERNEL, "PROTNONE", "closed", "must be 0: no page");
	add(f, 50, VA_FIELD_FRAME, use == VA_ENTRY_MARKER ? "marker" : "offset", offset, offset);
	f->out[f->n - 1].value ^= (1ull << 50) - 1;
	add(f, 5, VA_FIELD_KERNEL, "type", type, type);
}

size_t va_entry_fields(unsigned level, __u64 entry, const struct va_entry_rules *rules, struct va_entry_field out[VA_ENTRY_FIELDS])
{
	struct fields f = { .out = out, .entry = entry };
	enum va_entry_use use = va_entry_use(level, entry, rules);

	switch (use) {
	case VA_ENTRY_EMPTY:
		add_low(&f, 0);
		unused(&f, 63);
		break;
	case VA_ENTRY_TABLE:
		fields_of_table(&f, rules);
		break;
	case VA_ENTRY_PAGE:
		fields_of_page(&f, level, rules);
		break;
	case VA_ENTRY_CLOSED:
	case VA_ENTRY_SPLITTING:
		fields_of_closed(&f, rules);
		break;
	default:
		fields_of_swap(&f, use);
	}
	return f.n;
}

const char *va_entry_bits(char *buf, size_t n, unsigned level, __u64 entry, const struct va_entry_rules *rules)
{
	struct va_entry_field field[VA_ENTRY_FIELDS];
	size_t count = va_entry_fields(level, entry, rules, field), at = 0;

	*buf = '\0';
	for (size_t i = 0; i < count && at < n; i++)
		if (field[i].width == 1 && field[i].value && *field[i].name)
			at += (size_t)snprintf(buf + at, n - at, "%s%s", at ? " " : "", field[i].name);
	return buf;
}

static void marker_words(char *buf, size_t n, __u64 entry, const struct va_entry_rules *rules)
{
	__u64 bits = va_entry_swap_offset(entry);
	const char *what = bits & 1 ? "write-protected by userfaultfd, the page itself is gone" : NULL;

	if (!what && bits & 2 && rules->version >= 603)
		what = "poisoned: it could not be read back, or userfaultfd said so";
	if (!what && bits & 4 && rules->version >= 613)
		what = "a guard: whoever touches it gets SIGSEGV";
	snprintf(buf, n, "No page but a marker: %s.", what ? what : "which, this program does not know");
}

const char *va_entry_words(char *buf, size_t n, unsigned level, __u64 entry, const struct va_entry_rules *rules)
{
	unsigned long long pfn = va_entry_pfn(entry), offset = va_entry_swap_offset(entry);
	unsigned type = va_entry_swap_type(entry);

	switch (va_entry_use(level, entry, rules)) {
	case VA_ENTRY_EMPTY:
		snprintf(buf, n, "Empty: nothing is mapped here.");
		break;
	case VA_ENTRY_TABLE:
		snprintf(buf, n, "Leads to the next table, in frame 0x%llx.", pfn);
		break;
	case VA_ENTRY_PAGE:
		pfn = va_entry_pfn_at(level, entry, 0);
		snprintf(buf, n, "Maps %s in frame 0x%llx.", level == 4 ? "a page of 4 KiB" : level == 3 ? "a huge page of 2 MiB" : "a huge page of 1 GiB", pfn);
		break;
	case VA_ENTRY_CLOSED:
		snprintf(buf, n, "A page in frame 0x%llx that the processor may not use: PROT_NONE, or closed to see which NUMA node asks for it.", pfn);
		break;
	case VA_ENTRY_SPLITTING:
		snprintf(buf, n, "A huge page in frame 0x%llx, closed for the moment in which it is split.", pfn);
		break;
	case VA_ENTRY_SWAP:
		snprintf(buf, n, "Swapped out: swap file %u, page %llu in it.", type, offset);
		break;
	case VA_ENTRY_MIGRATION:
		snprintf(buf, n, "The kernel is moving its frame 0x%llx: whoever comes waits.", va_entry_swap_pfn(entry, rules));
		break;
	case VA_ENTRY_POISON:
		snprintf(buf, n, "Its frame 0x%llx is broken (hwpoison): whoever touches it gets SIGBUS.", va_entry_swap_pfn(entry, rules));
		break;
	case VA_ENTRY_MARKER:
		marker_words(buf, n, entry, rules);
		break;
	case VA_ENTRY_ERROR:
		snprintf(buf, n, "It could not be read back from swap: whoever touches it gets SIGBUS.");
		break;
	default:
		snprintf(buf, n, "No page (type %u): migration, poison, device memory or a marker; which, only this kernel's configuration tells.", type);
	}
	return buf;
}
