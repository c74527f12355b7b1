/* The user's terminal while a program in the guest has it. */
#ifndef VA_TERMINAL_H
#define VA_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

/* Standard input and output are a terminal and we are in its foreground: the command gets a terminal of its own. */
bool va_terminal_usable(void);
void va_terminal_size(uint16_t *rows, uint16_t *columns);
/* Keys go through byte by byte; _restore undoes it, may be called at any time and in a signal handler. */
void va_terminal_raw(void);
void va_terminal_restore(void);

#endif
