/*
 * libmap: which frame of physical memory is behind a virtual address of this process? Asked of the kernel: /proc/self/pagemap.
 *
 * Frame numbers are shown to root only (CAP_SYS_ADMIN). Without, libmap says so; it never shows a 0 as if it were a frame. Nothing here takes memory from
 * the heap. Each call asks anew, so a child sees its own pages.
 *
 * Source of the layout: Documentation/admin-guide/mm/pagemap.rst of the kernel.
 */
#ifndef LIBMAP_H
#define LIBMAP_H

#include <stdbool.h>
#include <stdint.h>

enum libmap_state {
	LIBMAP_UNKNOWN, /* could not be asked: errno tells why (0: no part of a process lies at such an address) */
	LIBMAP_NOTHING, /* no page: not mapped, or not touched yet */
	LIBMAP_FRAME,   /* a frame is there, and it is known */
	LIBMAP_HIDDEN,  /* a frame is there, its number is hidden from us */
	LIBMAP_SWAPPED  /* the page is in swap */
};

struct libmap_page {
	enum libmap_state state;
	uint64_t frame; /* LIBMAP_FRAME: the physical address divided by 4096 */
	bool zero_page; /* LIBMAP_FRAME: the one page of zeros that the kernel lends to everybody who only reads */
};

struct libmap_page libmap_look(const void *address);

/* One line on standard output: "ADDRESS -> frame 0x…", or in words why there is none. */
void print_map(void *address);

#endif
