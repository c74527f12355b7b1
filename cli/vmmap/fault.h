/* Faults that end programs, provoked on purpose in a child, caught, and explained. */
#ifndef VM_FAULT_H
#define VM_FAULT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct vm_scene { /* where it happens; made in the child */
	volatile char *at;      /* the address that will be accessed */
	const char *doing;      /* in words */
};

struct vm_fault_type {
	const char *name, *title;
	bool (*set_up)(struct vm_scene *s);
	void (*run)(struct vm_scene *s);
	const char *why, *rule, *fix;
	int signal, si_code; /* what Linux answers: a test holds it against what happens */
};

extern const struct vm_fault_type vm_fault_types[];
extern const unsigned vm_fault_type_count;

const struct vm_fault_type *vm_fault_find(const char *name); /* NULL = unknown */
void vm_fault_list(void);                                    /* on stderr */

#endif
