/*
 * Made-up names and numbers in the place of real ones: the same for the same, different for different. They are given out in the order of
 * appearance, so nothing of the original goes into them and there is no key that could become known.
 */
#ifndef VA_DISGUISE_H
#define VA_DISGUISE_H

#include <stdbool.h>
#include <stddef.h>

#include "idmap.h"

struct va_disguise {
	struct va_idmap blocks, gigantic; /* of 2 MiB and of 1 GiB */
	struct va_idmap words, places, files, devices, texts;
	__u32 block_count, gigantic_count, word_count, place_count, file_count, device_count, text_count;
};

void va_disguise_free(struct va_disguise *d);

/*
 * Frames keep their place in their 2 MiB (gigantic: in their 1 GiB), so huge pages stay in one piece; what is made up lies at 2 TiB and above, where
 * few machines have memory.
 */
__u64 va_disguise_frame(struct va_disguise *d, __u64 pfn);
void va_disguise_gigantic(struct va_disguise *d, __u64 pfn); /* a page of 1 GiB begins there: from now on its frames stay together */
/* A page-table entry of any level, physical address or swap entry included; its other bits stay. */
__u64 va_disguise_entry(struct va_disguise *d, __u64 entry);

__u64 va_disguise_inode(struct va_disguise *d, __u32 major, __u32 minor, __u64 inode); /* 0 stays 0 */
__u32 va_disguise_device(struct va_disguise *d, __u32 major, __u32 minor);             /* a minor number; 0:0 stays 0 */
__u64 va_disguise_text(struct va_disguise *d, unsigned role, __u64 id);                /* 0 stays 0 */

#define VA_DISGUISE_WORD 16
void va_disguise_word(struct va_disguise *d, const char *text, size_t n, char word[VA_DISGUISE_WORD]);

/*
 * A path, component by component; out holds size bytes, which is never exceeded. What the system brings stays: see va_path_is_public(). So
 * do " (deleted)", ".so.6", "memfd:", ".", "..". Returns the length.
 */
size_t va_disguise_path(struct va_disguise *d, const char *path, char *out, size_t size);

/* Below /usr (but not /usr/local), /lib…, /bin, /sbin; /etc/ld.so.cache, /dev/zero, and names the kernel gives. */
bool va_path_is_public(const char *path);

#endif
