/*
 * vmatlas-collect: the small part that needs root. It starts or finds the process to watch, drains the module's per-CPU files and
 * writes the one stream. main.c reads the options; facts.c writes the stream's head and the facts about the recording; collect.c is the loop.
 */
#ifndef VA_COLLECT_H
#define VA_COLLECT_H

#include "command.h"
#include "drain.h"
#include "module.h"
#include "objects.h"
#include "prover.h"

#define VA_COLLECT_PIDS 64 /* what the module's `target` takes at once */

struct va_collect_options {
	int out;               /* where the stream goes */
	int commands;          /* lines from the launcher: "mark TEXT" puts a mark into the stream; "stop", or their end, stops us; -1 = none */
	int report;            /* where struct va_report goes at the end; -1 = nowhere */
	struct va_job *job;    /* the command, or NULL */
	pid_t pid[VA_COLLECT_PIDS]; /* to attach to */
	unsigned pids;
	unsigned flight;       /* MiB of truth a flight recorder keeps; 0 = all is written as it comes */
	const char *title;
	const char *loader;    /* how the module came to be loaded: META "loader" */
};

struct va_collect {
	const struct va_collect_options *o;
	struct va_writer *writer;
	struct va_drain *drain;
	struct va_mapped *mapped;
	struct va_flight *flight; /* NULL = none */
	struct va_prover *prover; /* NULL = nothing is to be proved */
	struct va_module_stats stats;
	struct va_child child;
	int lock;              /* the control directory, locked: one collector at a time */
	int signals;           /* signalfd */
	int watched[VA_COLLECT_PIDS]; /* pidfds of the attached processes */
	unsigned gone;         /* so many of them, from the first on, have ended */
	bool stopped, ended;   /* by the user; the command or process is over */
	int status;            /* of the command, wait(2) */
	int error;             /* of the stream's other side, -errno */
	struct va_bytes line;  /* of commands, in the making */
	unsigned patience;     /* ms until the next round */
	uint64_t told_lost, next_look;
	unsigned long around;  /* fault_around_bytes, as the module was told */
};

/* Exit code: the command's own, or an enum va_exit after a sentence. */
int va_collect_run(const struct va_collect_options *o);

/* Drains everything once. */
void va_collect_round(struct va_collect *c);

/* 0 or -errno of the writer. */
int va_facts_header(struct va_collect *c);
int va_facts_totals(struct va_collect *c);
int va_facts_hooks(struct va_collect *c);
uint64_t va_facts_lost(const struct va_module_stats *s, unsigned channel); /* VMATLAS_CHANNELS = both */

#endif
