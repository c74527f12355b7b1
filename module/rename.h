/* SPDX-License-Identifier: GPL-2.0 */
/* Files that get another name, or none, while they are mapped: /proc/PID/maps shows it at once, and no VMA changes. */
#ifndef VA_RENAME_H
#define VA_RENAME_H

#include "regs.h"

size_t va_rename_data_size(void);
/* d_delete(dentry), d_move(dentry, target), d_exchange(one, other) */
int va_rename_enter_one(void *data, const struct va_regs *regs);
int va_rename_enter_two(void *data, const struct va_regs *regs);
int va_rename_return(void *data, const struct va_regs *regs);
/* mount, umount, move_mount, pivot_root */
int va_rename_mount_return(void *data, const struct va_regs *regs);

#endif
