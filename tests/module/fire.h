/* Fire: the module loaded, steered, read and unloaded in any order while processes storm. Parts of init.c's guest, see test_module.sh. */
#ifndef FIRE_H
#define FIRE_H

#include <stdarg.h>
#include <sys/types.h>

/* --- dice: the same seed, the same order */
extern unsigned dice_state;
unsigned dice(unsigned below);

/* Something is wrong: a line in /tmp/bad, where it outlives who wrote it. */
void bad(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void check_bad(const char *what);

/* --- processes of their own: modtest burn|sip|fuzz SEED [N] */
int burn(void);            /* maps, faults, forks, crashes, execs for ever (burn.c) */
int sip(void);             /* reads records in any manner for ever, and looks at each (sip.c) */
int fuzz(unsigned rounds); /* hostile root on the control files (fuzz.c) */

void test_private(void);   /* who may open what (private.c) */

/* init.c */
int load(const char *parameters); /* vmatlas.ko */
int unload(void);
pid_t start(const char *a, const char *b, const char *c);
void run(const char *a, const char *b);

void fire(unsigned each, unsigned rounds); /* fire.c */

#endif
