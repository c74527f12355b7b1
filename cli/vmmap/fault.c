/* vmmap --fault TYPE: in a child, with the handler on a stack of its own, and back from it. */
#include "fault.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "demo.h"
#include "output.h"
#include "self.h"
#include "units.h"

#define ALT_STACK 65536
#define STACK_LIMIT (1u << 20) /* of the child: an overflow in a moment, whatever ulimit says */

struct caught { /* written by the handler: async-signal-safe */
	volatile int signal, si_code;
	volatile uintptr_t address, ip;
	volatile long error, trap;
	bool seen; /* siginfo is there */
};

static struct caught caught;
static sigjmp_buf back;

static void handler(int number, siginfo_t *info, void *context)
{
	const ucontext_t *u = context;

	caught.signal = number;
	caught.si_code = info->si_code;
	caught.address = (uintptr_t)info->si_addr;
	caught.ip = (uintptr_t)u->uc_mcontext.gregs[REG_RIP];
	caught.error = (long)u->uc_mcontext.gregs[REG_ERR];
	caught.trap = (long)u->uc_mcontext.gregs[REG_TRAPNO];
	siglongjmp(back, 1);
}

static bool catch_signals(void)
{
	struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	stack_t stack = {.ss_sp = malloc(ALT_STACK), .ss_size = ALT_STACK};

	return stack.ss_sp && !sigaltstack(&stack, NULL) && !sigaction(SIGSEGV, &a, NULL) && !sigaction(SIGBUS, &a, NULL);
}

static const char *code_words(const struct caught *c)
{
	if (c->signal == SIGBUS)
		return c->si_code == BUS_ADRERR ? "BUS_ADRERR (nonexistent physical address: nothing behind the mapping)" : "another BUS_ code";
	if (c->si_code == SEGV_MAPERR)
		return "SEGV_MAPERR (address not mapped to object)";
	if (c->si_code == SEGV_ACCERR)
		return "SEGV_ACCERR (invalid permissions for mapped object)";
	if (c->si_code == SEGV_PKUERR)
		return "SEGV_PKUERR (forbidden by a protection key)";
	return c->si_code == SI_KERNEL ? "SI_KERNEL (the processor gave no address)" : "another SEGV_ code";
}

/* Bits of the error code: Intel SDM volume 3, 4.7. */
static void error_words(char *buf, size_t n, const struct caught *c)
{
	if (c->trap != 14)
		snprintf(buf, n, "none: this was no page fault (exception %ld)", c->trap);
	else
		snprintf(buf, n, "0x%lx: %s, %s mode, %s", c->error, c->error & 16 ? "instruction fetch" : c->error & 2 ? "write" : "read", c->error & 4 ? "user" : "kernel",
			 (intptr_t)c->address < 0 ? "kernel's half (all there is reported as present)" :
			 c->error & 1 ? "an entry is there and forbids it" : "no entry is present");
}

static void bit(const char *name, const char *value, const char *words, bool guilty)
{
	printf("    %-14s %s%s%s%s\n", name, value, *words ? "  " : "", words, guilty ? "   <-- this caused the fault" : "");
}

/* A line of maps, without the spaces that fill its columns. */
static void print_vma(const char *line)
{
	char words[4400];
	size_t n = 0;

	for (const char *p = line; *p && n + 1 < sizeof(words); p++)
		if (*p != ' ' || p[1] != ' ')
			words[n++] = *p;
	words[n] = '\0';
	vm_print_fact("VMA:", words);
}

/* What the VMA allows is the kernel's word; the entry's own bits only the module can show, but it never allows more. */
static void print_rights(const struct caught *c, const char *line, const struct vm_pagemap *page)
{
	const char *perms = *line ? strchr(line, ' ') : " ";
	bool present = page->known && page->present, denied = c->si_code == SEGV_ACCERR, write = c->error & 2, exec = c->error & 16;

	if (c->trap != 14)
		return;
	if ((intptr_t)c->address < 0) {
		puts("  VMA:            none: the address is of the kernel's half\n"
		     "  Page table entry (of the kernel's half nothing is told to programs):");
		bit("Present (P)", "not told", "", false);
		bit("User (U/S)", "NO", "(if there is an entry; if not, that)", true);
		return;
	}
	if (!*line) {
		puts("  VMA:            none covers this address   <-- this caused the fault");
	} else {
		print_vma(line);
		perms = perms ? perms + 1 : "----";
		puts("  VMA allows:");
		bit("read", perms[0] == 'r' ? "YES" : "NO", "", denied && !write && !exec && perms[0] != 'r');
		bit("write", perms[1] == 'w' ? "YES" : "NO", "", denied && write && perms[1] != 'w');
		bit("execute", perms[2] == 'x' ? "YES" : "NO", "", denied && exec && perms[2] != 'x');
	}
	puts("  Page table entry (P from pagemap; the rest follows from the VMA, which it never exceeds):");
	if (present && !strncmp(perms, "---", 3)) {
		bit("Present (P)", "NO", "(in RAM still; PROT_NONE clears the bit)", denied);
		return;
	}
	bit("Present (P)", present ? "YES" : "NO", present ? "(the demonstration touched the page before)" : "", !*line ? false : !present && !denied);
	if (!present)
		return;
	bit("Write (R/W)", *line && perms[1] == 'w' ? "may" : "NO", "", denied && write);
	bit("User (U/S)", "YES", "", false);
	bit("Execute (NX)", *line && perms[2] == 'x' ? "may" : "NO", "", denied && exec);
}

/* Its first bytes, where they can be read: of a jump that went wrong there are none. */
static void print_instruction(void)
{
	unsigned char bytes[6];

	printf("  Instruction at: 0x%lx", caught.ip);
	if (caught.ip == caught.address) {
		puts(" (the jump went there)");
		return;
	}
	memcpy(bytes, (const void *)caught.ip, sizeof(bytes));
	printf(" (bytes");
	for (size_t i = 0; i < sizeof(bytes); i++)
		printf(" %02x", bytes[i]);
	puts(" …)");
}

static void print_report(const struct vm_fault_type *t, const struct vm_scene *s, const char *line, const struct vm_pagemap *page)
{
	char words[160];

	printf("Step 2: the program %s\n\n", s->doing);
	printf("*** CAUGHT %s ***\n", caught.signal == SIGBUS ? "SIGBUS" : "SIGSEGV");
	printf("  Signal:         %d (%s)\n", caught.signal, strsignal(caught.signal));
	printf("  Fault address:  0x%lx%s\n", caught.address, caught.si_code == SI_KERNEL ? " (not told)" : "");
	print_instruction();
	printf("  Fault reason:   %s\n", code_words(&caught));
	error_words(words, sizeof(words), &caught);
	printf("  Error code:     %s\n\n", words);
	print_rights(&caught, line, page);
	puts("\nStep 3: why this happened");
	vm_print_paragraph(t->why);
	vm_print_paragraph(t->rule);
	printf("\nStep 4: in a real program\n  If this were a real bug, you'd see: %s\n  To fix: %s\n", caught.signal == SIGBUS ? "Bus error" : "Segmentation fault", t->fix);
}

static void json_report(const struct vm_fault_type *t, const char *line, const struct vm_pagemap *page)
{
	struct va_json j = {0};

	va_json_object(&j, NULL);
	va_json_string(&j, "type", t->name);
	va_json_string(&j, "signal", caught.signal == SIGBUS ? "SIGBUS" : "SIGSEGV");
	va_json_s64(&j, "si_code", caught.si_code);
	va_json_string(&j, "reason", code_words(&caught));
	va_json_hex(&j, "address", caught.address);
	va_json_hex(&j, "ip", caught.ip);
	va_json_s64(&j, "trap", caught.trap);
	va_json_s64(&j, "error", caught.error);
	va_json_string(&j, "vma", *line ? line : NULL);
	if ((intptr_t)caught.address < 0)
		va_json_null(&j, "present");
	else
		va_json_bool(&j, "present", page->known && page->present);
	va_json_string(&j, "why", t->why);
	va_json_string(&j, "fix", t->fix);
	va_json_end_object(&j);
	vm_json_end(&j);
}

/* In the child. */
static int provoke(const struct vm_fault_type *t, bool json)
{
	static struct vm_scene s;
	static struct vm_pagemap page;
	static char line[4400];
	struct rlimit limit = {STACK_LIMIT, STACK_LIMIT};

	setrlimit(RLIMIT_STACK, &limit);
	if (!catch_signals() || !t->set_up(&s))
		return vm_demo_fails("the demonstration could not be set up");
	if (s.at) {
		page = vm_pagemap_of(0, (const void *)(uintptr_t)s.at);
		vm_region_line(0, (const void *)(uintptr_t)s.at, line, sizeof(line));
	}
	if (!sigsetjmp(back, 1)) {
		t->run(&s);
		fprintf(stderr, "vmmap: nothing happened: the access was allowed\n");
		return VM_EXIT_FAILURE;
	}
	if (!s.at && caught.address)
		vm_region_line(0, (const void *)caught.address, line, sizeof(line));
	if (json)
		json_report(t, line, &page);
	else
		print_report(t, &s, line, &page);
	return fflush(stdout) ? VM_EXIT_FAILURE : VM_EXIT_OK;
}

static int one(const struct vm_fault_type *t, bool json)
{
	int status;
	pid_t pid;

	if (!json) {
		printf("=== PROTECTION FAULT DEMONSTRATION: %s ===\n\nStep 1: a child process is made for it; it catches the signal on a stack of its own\n", t->title);
		fflush(stdout);
	}
	pid = fork();
	if (pid < 0)
		return vm_demo_fails("fork");
	if (!pid)
		_exit(provoke(t, json));
	while (waitpid(pid, &status, 0) < 0)
		;
	if (WIFSIGNALED(status)) {
		if (WTERMSIG(status) == SIGPIPE)
			raise(SIGPIPE); /* nobody reads on: no failure of the demonstration */
		fprintf(stderr, "vmmap: the child was killed by signal %d: it could not catch it\n", WTERMSIG(status));
		return VM_EXIT_FAILURE;
	}
	if (!json && !WEXITSTATUS(status))
		puts("\nThe program recovered and goes on.\n\n=== END DEMO ===");
	return WEXITSTATUS(status);
}

int vm_mode_fault(const char *name, bool json)
{
	const struct vm_fault_type *t = vm_fault_find(name);
	int worst = VM_EXIT_OK;

	if (t)
		return one(t, json);
	if (strcmp(name, "all")) {
		fprintf(stderr, "vmmap: there is no fault type '%s'; there are: ", name);
		vm_fault_list();
		return VM_EXIT_USAGE;
	}
	for (unsigned i = 0; i < vm_fault_type_count; i++) {
		int code;

		if (i && !json)
			putchar('\n');
		code = one(&vm_fault_types[i], json);
		worst = code > worst ? code : worst;
	}
	return worst;
}
