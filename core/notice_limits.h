/*
 * One page of limits: from when on something is worth a notice. Each is far above what quiet programs reach (ls, a compiler at one file, python3 -c, the tour:
 * tests/kernel/test_notices.py), and within reach of what is wrong. Sizes in bytes, times in ns of the recording's clock.
 */
#ifndef VA_NOTICE_LIMITS_H
#define VA_NOTICE_LIMITS_H

#define VA_NOTICE_MS 1000000ull

/* Maps are looked at so often at most, and not before so many records a VMA have come: what looking costs stays a small part of what reading costs. */
#define VA_NOTICE_LOOK (50 * VA_NOTICE_MS)
#define VA_NOTICE_RECORDS_PER_VMA 1 / 16

/* Where no record came for so long, what the last one changed is looked at as of then: a quick program has done all it does between two looks. */
#define VA_NOTICE_PAUSE (250 * VA_NOTICE_MS)

/* Where more VMAs than this are watched, who goes on from picture to picture is shown a look now and then only; who stands still gets it at once. */
#define VA_NOTICE_MANY_VMAS 8192u

/* What came back within this time had not gone: one notice, not two. */
#define VA_NOTICE_AGAIN (2000 * VA_NOTICE_MS)

/* A hostile recording must not make us hold more. */
#define VA_NOTICE_MAPS 4096u /* watched at the same time */
#define VA_NOTICE_MOST 4096u /* notices; those beyond are counted */

/*
 * Leak. The life of a map is cut into 16 to 32 equal windows; in each the least there was counts, and of that what never went away again (the floor). A program that
 * builds something up and then works with it grows by leaps, less and less, or stops; gcc's cc1 reaches 7 to 10 MiB in leaps of 2, python3 6 MiB by its imports. A leak
 * goes on evenly, and asks for more and more: filling what is mapped already is none. What a long life has been may hide one that begins late, until it is two fifths
 * of that life.
 */
#define VA_LEAK_WINDOWS 12                  /* in a row, … */
#define VA_LEAK_TIME (5000 * VA_NOTICE_MS)  /* … so long at least … */
#define VA_LEAK_BYTES (8ull << 20)          /* … the floor rose by this, … */
#define VA_LEAK_MAPPED 2                    /* … in the second half of the time half of that at least was mapped meanwhile, … */
#define VA_LEAK_FLAT 4                      /* … one window in four may be without growth, … */
#define VA_LEAK_LEAP 4                      /* … no window has more than a quarter of it, … */
#define VA_LEAK_QUARTER 10                  /* … and each quarter of the time has a tenth of it or more */
#define VA_LEAK_PAUSE 4                     /* windows without growth after which it is over */

/* Stack. The kernel gives 132 KiB at the start; a compiler takes some hundred KiB more, the usual limit is 8 MiB. */
#define VA_STACK_BYTES (1ull << 20)

/*
 * Fragmentation. A hole is a gap of at most VA_HOLE_BYTES between two private anonymous VMAs of the same age: pieces of what was mapped as one. The C library leaves a
 * handful; a new mapping of usual size fits into none.
 */
#define VA_HOLE_BYTES (128ull << 10)
#define VA_HOLES 64

/* Page cache. Pages of data files (neither programs nor libraries): from here on, and where they are half of what is resident, RSS says something else than people think. */
#define VA_CACHE_BYTES (8ull << 20)

/*
 * Fault storm. Of every 4th page (by a hash of its address) the last fault is remembered: a page that faults again within VA_STORM_AGAIN faults comes round. Memory touched
 * for the first time makes many faults too, and that is no storm; nor are the copies a fork leaves to be made. Counted in faults, not in seconds: so a slow machine (an emulated
 * one) shows the same as a fast one.
 */
#define VA_STORM_EVERY 4                     /* pages */
#define VA_STORM_AGAIN 8192                  /* faults */
#define VA_STORM_FAULTS 960                  /* the last so many (15 to 16 slices of 64) … */
#define VA_STORM_SPAN (20000 * VA_NOTICE_MS) /* … came within this time, … */
#define VA_STORM_SHARE 5                     /* … took a fifth of it, … */
#define VA_STORM_ROUND 2                     /* … half of them or more on pages that come round. */
#define VA_STORM_OVER 20                     /* Over when they are no more than a twentieth of the time */

/* Never touched. A promise costs little, and some is usual (stacks of threads, buffers): only whole mappings of which not one page was ever there,
 * and none of programs and libraries; and only when that has been so for half of the map's life. */
#define VA_UNTOUCHED_BYTES (1ull << 20)
#define VA_UNTOUCHED_TIME (1000 * VA_NOTICE_MS)

/* Huge pages. 2 MiB blocks, aligned, VA_HUGE_DENSE of their 512 pages there and each with an entry of its own; the kernel (khugepaged) gets VA_HUGE_TIME to join them. */
#define VA_HUGE_BLOCKS 16
#define VA_HUGE_DENSE 448
#define VA_HUGE_TIME (1000 * VA_NOTICE_MS)

#endif
