/* SPDX-License-Identifier: GPL-2.0 */
/* The control files: see <vmatlas/control.h>, which is their manual. */
#ifndef VA_CONTROL_H
#define VA_CONTROL_H

#include <linux/compiler.h>
#include <linux/types.h>

struct proc_dir_entry;

enum va_class {
	VA_CLASS_FAULT = 1 << 0, /* FAULT */
	VA_CLASS_OP = 1 << 1,    /* OP */
	VA_CLASS_VMA = 1 << 2,   /* RANGE, VMA of changes */
	VA_CLASS_TASK = 1 << 3,  /* FORK, EXEC, EXIT, TASK */
	VA_CLASS_MARK = 1 << 4,  /* MARK */
};

extern unsigned int va_classes; /* enum va_class, those switched on */
extern bool va_follow;
extern bool va_enabled; /* all hooks are on */

static inline bool va_class_on(enum va_class class)
{
	return READ_ONCE(va_classes) & class;
}

static inline bool va_control_follow(void)
{
	return READ_ONCE(va_follow);
}

/* Creates the files; recording is off. */
int va_control_init(struct proc_dir_entry *dir);
/* Removes the files, switches recording off, forgets whom to watch. */
void va_control_exit(void);

#endif
