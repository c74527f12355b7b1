#ifndef VA_VERMAGIC_H
#define VA_VERMAGIC_H

#include <stdbool.h>

/* True if the kernel module in `file` says that it was built for `release` (as uname -r prints it): "vermagic=RELEASE SMP …" in its .modinfo section. False also if it cannot be read. */
bool va_built_for(const char *file, const char *release);

#endif
