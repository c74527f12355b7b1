/*
 * Where the parts of vmatlas lie: next to the executable in a build tree (build/), or installed (PREFIX/bin, PREFIX/libexec/vmatlas,
 * PREFIX/share/vmatlas). VMATLAS_DIR in the environment names another directory laid out as build/.
 */
#ifndef VA_ASSETS_H
#define VA_ASSETS_H

#include <stdbool.h>

struct va_kernel { /* what boots in the VM; strings owned */
	char *series;    /* "6.12" */
	char *release;   /* "6.12.117+deb12-amd64" */
	char *image;     /* for QEMU's -kernel, right for the paging levels asked for */
	char *initramfs;
};

/* False: there is none; *why (owned by the caller) is a sentence that says what to do. series NULL = the newest. */
bool va_kernel_find(struct va_kernel *k, const char *series, unsigned levels, char **why);
void va_kernel_free(struct va_kernel *k);

/* The caller frees; NULL where it is not there. */
char *va_asset_collector(void);
char *va_asset_module(const char *release); /* vmatlas.ko built for that kernel */

#endif
