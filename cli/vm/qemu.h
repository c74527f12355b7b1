/* One QEMU process: the machine's description as an argument vector (no shell), started with one socket for each port. */
#ifndef VA_QEMU_H
#define VA_QEMU_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/control.h"
#include "options.h"
#include "vm/assets.h"

enum va_accel { VA_ACCEL_TCG, VA_ACCEL_KVM };

struct va_qemu {
	pid_t pid;
	int port[VA_PORT_LIMIT]; /* our ends, O_NONBLOCK; owned */
	int console;             /* the guest's kernel log, O_NONBLOCK; owned */
	int errors;              /* QEMU's own standard error, O_NONBLOCK; owned */
};

/* KVM is worth a try: the processor has virtualisation (with it, nested or not) and the device may be opened. */
bool va_kvm_plausible(unsigned levels);

/* 0 or -errno (-ENOENT: there is no qemu-system-x86_64). The process dies with its parent and has no terminal. */
int va_qemu_start(struct va_qemu *q, const struct va_options *o, const struct va_kernel *k, enum va_accel accel);
/* Ends it at once if it still runs and closes everything. */
void va_qemu_end(struct va_qemu *q);

#endif
