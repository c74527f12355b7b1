/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The print mode: one process's address space, once, as lines of the kernel log. No hook is needed, nothing is recorded.
 *
 *   insmod vmatlas.ko pid=N [addr=0x…] [tree=1] [phys=1]
 *   echo "pid=N [addr=0x…] [tree=1] [phys=1]" >/proc/vmatlas/print
 *
 * What is printed and in which order: see <vmatlas/control.h>.
 *
 * Errors, each with one line in the log: -EINVAL (not understood, a kernel thread, an address no program can have), -ESRCH (no such process, or it has ended),
 * -ENOMEM, -EINTR (killed while printing: what was printed says that it is not all).
 */
#ifndef VA_PRINT_H
#define VA_PRINT_H

/* What insmod was told. 0 where that was nothing. */
int va_print_parameters(void);

/* A line of the control file. Changes text. May sleep, and take as long as printing takes; prints come one after the other. */
int va_print_command(char *text);

#endif
