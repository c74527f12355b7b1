/* The kernel module as the collector sees it: loading, its control files and what its `stats` say. See <vmatlas/control.h>. */
#ifndef VA_MODULE_H
#define VA_MODULE_H

#include <stdbool.h>
#include <stdint.h>

#include "vmatlas/stream.h"
#include "common/bytes.h"

struct va_module_stats {
	unsigned wire, levels, rules, cpus;
	char release[64];
	uint64_t subbuf_size, subbuf_count;
	uint64_t torn;
	bool enabled;
	unsigned overwrite; /* as the control file says */
	struct vmatlas_totals *totals; /* owned: two for each CPU the module knows */
	size_t total_count;
	struct va_bytes hooks;         /* the lines about missed and absent hooks; NUL-terminated */
};

/* These print one sentence and return an exit code (enum va_exit), 0 = fine. */
int va_module_load(const char *file, const char *params);
int va_module_probe(const char *params); /* the installed one, by modprobe */
int va_module_unload(void);
bool va_module_present(void); /* its control files are there */

/* 0 or -errno, no message. */
int va_module_write(const char *control, const char *text);
int va_module_open(const char *control, int flags); /* a descriptor, close-on-exec */
int va_module_stats(struct va_module_stats *stats); /* fills anew */
void va_module_stats_free(struct va_module_stats *stats);

#endif
