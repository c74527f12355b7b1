/*
 * Runs one command in one guest from start to end, in a process of its own: QEMU dies with it, and it ends with the program that
 * started it. It moves the command's bytes and the stream, passes signals on, and ends the guest when all has arrived.
 */
#ifndef VA_SUPERVISOR_H
#define VA_SUPERVISOR_H

#include "options.h"
#include "vm/assets.h"

/*
 * stream: where the guest's stream goes; commands: lines for the collector, its end stops the guest (both owned). why: a clause for the sentence that says where the command runs, or NULL. Returns the exit
 * code to pass on: the command's own, or VA_EXIT_VM after a sentence on stderr.
 */
int va_vm_supervise(const struct va_options *o, const struct va_kernel *k, int stream, int commands, const char *why);

#endif
