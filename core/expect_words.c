/* What an access would do, in words: the same in the window and on the command line. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "expect.h"

const char *va_outcome_name(enum va_outcome outcome)
{
	static const char *const names[VA_OUTCOMES] = {
		[VA_WILL_NOTHING] = "nothing", [VA_WILL_ZERO_PAGE] = "zero-page", [VA_WILL_DEMAND_ZERO] = "demand-zero", [VA_WILL_FILE] = "file",
		[VA_WILL_FILE_COPY] = "file-copy", [VA_WILL_COW] = "cow", [VA_WILL_NOTIFY] = "notify", [VA_WILL_SWAP_IN] = "swap-in", [VA_WILL_HUGE] = "huge",
		[VA_WILL_USERFAULT] = "userfaultfd", [VA_WILL_NUMA] = "numa-hint", [VA_WILL_WAIT] = "wait", [VA_WILL_GROW] = "grow", [VA_WILL_DRIVER] = "driver",
		[VA_WILL_SIGNAL] = "signal",
	};

	return names[outcome];
}

static const char *outcome_words(enum va_outcome o)
{
	switch (o) {
	case VA_WILL_NOTHING:
		return "no fault: the entry allows it, the kernel is not asked";
	case VA_WILL_ZERO_PAGE:
		return "minor fault: the shared page of zeros, read-only";
	case VA_WILL_DEMAND_ZERO:
		return "minor fault, demand-zero: a fresh frame full of zeros";
	case VA_WILL_FILE:
		return "fault: the file's page is entered; minor where it is in the page cache, major where it must be read";
	case VA_WILL_FILE_COPY:
		return "fault: the file's page is copied into a frame of its own (private)";
	case VA_WILL_COW:
		return "minor fault, copy-on-write: copied, or made writable if nobody else has the frame";
	case VA_WILL_NOTIFY:
		return "minor fault: the file system is told, the entry made writable";
	case VA_WILL_SWAP_IN:
		return "fault, swap-in: major, or minor while still in the swap cache";
	case VA_WILL_HUGE:
		return "fault: a huge page of the reserve; SIGBUS if the reserve is empty";
	case VA_WILL_USERFAULT:
		return "waits until the program itself answers (userfaultfd)";
	case VA_WILL_NUMA:
		return "minor fault, NUMA hint: the entry is opened again";
	case VA_WILL_WAIT:
		return "fault: waits for a page on its way (migration), or finds it broken";
	case VA_WILL_GROW:
		return "minor fault: the stack grows down to here";
	case VA_WILL_DRIVER:
		return "who made this mapping decides (a driver, the kernel)";
	default:
		return "a signal";
	}
}

const char *va_bad_reason_words(enum va_bad_reason reason)
{
	switch (reason) {
	case VA_BAD_UNMAPPED:
		return "no mapping holds this address";
	case VA_BAD_PROTECTION:
		return "the mapping does not allow it";
	case VA_BAD_BEYOND_EOF:
		return "behind the end of the file";
	case VA_BAD_NON_CANONICAL:
		return "not a canonical address";
	case VA_BAD_KERNEL:
		return "this half belongs to the kernel";
	case VA_BAD_POISON:
		return "the memory behind it is broken (hwpoison)";
	case VA_BAD_NO_PAGE:
		return "there is no page to give";
	case VA_BAD_NONE:
		break;
	}
	return "the kernel could not resolve it";
}

static const char *signal_words(const struct va_expect *e)
{
	if (e->signal == SIGBUS)
		return "SIGBUS, BUS_ADRERR";
	return e->si_code == SEGV_MAPERR ? "SIGSEGV, SEGV_MAPERR" : e->si_code == SEGV_ACCERR ? "SIGSEGV, SEGV_ACCERR" : "SIGSEGV, SI_KERNEL";
}

static void add(char *buf, size_t n, const char *text)
{
	size_t at = strlen(buf);

	snprintf(buf + at, n - at, "%s", text);
}

/* Why it may come differently. */
static void add_doubts(char *buf, size_t n, unsigned unsure, enum va_expect_source source)
{
	bool records = source == VA_EXPECT_RECORDS;

	if (unsure & VA_UNSURE_ENTRY)
		add(buf, n, records ? ". Its entry follows from events, it was not read since"
				    : "; no fault where the entry lets write already: pagemap does not show that bit");
	if (unsure & VA_UNSURE_LIMIT)
		add(buf, n, records ? ". The stack's limit is not recorded: 8 MiB are taken for it" : ". The stack's limit is hidden: 8 MiB are taken for it");
	if (unsure & VA_UNSURE_KEY)
		add(buf, n, ". A protection key may forbid it");
	if (unsure & VA_UNSURE_SIZE && records)
		add(buf, n, ". By the file's size as last told");
	if (unsure & VA_UNSURE_MAP)
		add(buf, n, ". Records were lost: the map may differ");
}

const char *va_expect_words(char *buf, size_t n, const struct va_expect *e, enum va_expect_source source)
{
	if (e->outcome == VA_WILL_SIGNAL)
		snprintf(buf, n, "%s: %s%s", signal_words(e), va_bad_reason_words(e->reason), e->fault_first ? " (after a fault that brings the page)" : "");
	else
		snprintf(buf, n, "%s%s", outcome_words(e->outcome), e->maybe_huge ? "; or a huge page (2 MiB) at once" : "");
	if (e->unsure & VA_UNSURE_PAGE) {
		add(buf, n, ". Not known whether the page is there: if so, ");
		add(buf, n, outcome_words(e->present));
	}
	add_doubts(buf, n, e->unsure, source);
	return buf;
}
