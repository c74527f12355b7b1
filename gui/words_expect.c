/* What an access would do, in words. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "words.h"

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

const char *va_words_expect(char *buf, size_t n, const struct va_expect *e)
{
	if (e->outcome == VA_WILL_SIGNAL)
		snprintf(buf, n, "%s: %s%s", signal_words(e), va_words_bad(e->reason), e->fault_first ? " (after a fault that brings the page)" : "");
	else
		snprintf(buf, n, "%s%s", outcome_words(e->outcome), e->maybe_huge ? "; or a huge page (2 MiB) at once" : "");
	if (e->unsure & VA_UNSURE_PAGE) {
		add(buf, n, ". Not known whether the page is there: if so, ");
		add(buf, n, outcome_words(e->present));
	}
	if (e->unsure & VA_UNSURE_ENTRY)
		add(buf, n, ". Its entry follows from events, it was not read since");
	if (e->unsure & VA_UNSURE_LIMIT)
		add(buf, n, ". The stack's limit is not recorded: 8 MiB are taken for it");
	if (e->unsure & VA_UNSURE_KEY)
		add(buf, n, ". A protection key may forbid it");
	if (e->unsure & VA_UNSURE_SIZE)
		add(buf, n, ". By the file's size as last told");
	if (e->unsure & VA_UNSURE_MAP)
		add(buf, n, ". Records were lost: the map may differ");
	return buf;
}
