/*
 * Colour on a terminal. The modes print plain text; what stands out is painted here, line by line, on its way out: so the words are the same with and without, and a
 * script that greps them never meets an escape sequence.
 */
#ifndef VM_COLOUR_H
#define VM_COLOUR_H

#include <stdbool.h>

enum vm_colour { VM_COLOUR_AUTO, VM_COLOUR_NEVER, VM_COLOUR_ALWAYS };

/* From now on. AUTO: where the output is a terminal, NO_COLOR is not set and TERM is not "dumb". */
void vm_colour_begin(enum vm_colour when);

#endif
