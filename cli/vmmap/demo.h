/* What the demonstrations share: headings, and a sentence where the system does not play along. */
#ifndef VM_DEMO_H
#define VM_DEMO_H

#include <stdio.h>

#include "modes.h"

void vm_demo_begin(const char *title); /* "=== TITLE ===" */
void vm_demo_end(void);                /* "=== END DEMO ===" */
int vm_demo_fails(const char *call);   /* says errno; VM_EXIT_FAILURE */

#endif
