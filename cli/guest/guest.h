/*
 * The init of the throw-away guest, PID 1. In order:
 *   mounts.c   the kernel's file systems; then the host's / (9p, read-only) under an overlay in memory becomes the root
 *   modules.c  virtio, 9p, overlay from the initramfs; vmatlas.ko
 *   ports.c    the ports to the launcher: control, the command's standard input, output and error, the stream
 *   session.c  runs the collector (which runs the command) and moves bytes until it has ended
 *   init.c     wires them, reports the end, powers off
 * Whatever fails becomes one sentence to the launcher.
 */
#ifndef VA_GUEST_H
#define VA_GUEST_H

#include <stdbool.h>

#include "common/control.h"
#include "common/job.h"

struct va_guest {
	int port[VA_PORT_LIMIT]; /* O_NONBLOCK but for control and stream; -1 = none */
	int module, collector;   /* vmatlas.ko and vmatlas-collect of the initramfs, opened before the root changes */
	struct va_job *job;      /* owned */
};

/* Tells the launcher why and ends the guest. */
void va_guest_fail(struct va_guest *g, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));
void va_guest_power_off(void) __attribute__((noreturn));

/* 0 or -errno; *what names what failed. */
int va_mount_kernel(const char **what);
int va_mount_root(const struct va_job *job, const char **what); /* afterwards / is the host's, writable and volatile */
void va_sync_shares(const struct va_job *job);

/* Loads what /modules/order names, in that order. 0 or -errno, *what = the file. */
int va_modules_load(const char **what);
int va_module_load(int fd, const char *params);

/* Waits for the ports and opens them; all are connected to the launcher afterwards. 0 or -errno. */
int va_ports_open(struct va_guest *g);

/* Runs the job; fills in the exit. */
int va_session_run(struct va_guest *g, struct va_guest_exit *out, const char **what);

#endif
