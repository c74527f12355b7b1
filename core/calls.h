/* Names of the x86-64 system calls that may change VMAs, or that make, replace or end a map (arch/x86/entry/syscalls/syscall_64.tbl). */
#ifndef VA_CALLS_H
#define VA_CALLS_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

/* "munmap"; "syscall_999" for those not in the table, then put together in buf. */
const char *va_call_name(__s32 nr, char *buf, size_t n);
unsigned va_call_args(__s32 nr); /* how many arguments it has; 6 where unknown */
bool va_call_returns_address(__s32 nr);

#endif
