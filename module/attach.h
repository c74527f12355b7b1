/* SPDX-License-Identifier: GPL-2.0 */
/* Processes that run already: reported whole, then watched like those seen from their start. Process context. */
#ifndef VA_ATTACH_H
#define VA_ATTACH_H

#include <linux/types.h>

struct pid;

/* Makes it a target; with follow, its descendants are watched, too. 0, -ESRCH, -EBUSY (tables full), -EINTR. */
int va_attach(struct pid *pid);
/* Makes map and pages of a watched process due again. 0, -ESRCH. */
int va_attach_again(struct pid *pid);
/* Says of a watched process all that is said at an attach, as far as there is room; what is left is due. 0, -ESRCH, -EINTR. */
int va_attach_retell(u32 tgid);

#endif
