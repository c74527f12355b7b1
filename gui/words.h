/*
 * Records in words: what a reader who has never seen a page table should be told. Every function writes one line of UTF-8 into buf and
 * returns buf.
 */
#ifndef VA_WORDS_H
#define VA_WORDS_H

#include <stddef.h>

#include "expect.h"
#include "model.h"
#include "notice.h"
#include "walk.h"

const char *va_words_size(char *buf, size_t n, __u64 bytes);      /* "132 KiB": powers of 1024, three digits */
const char *va_words_count(char *buf, size_t n, __u64 count);     /* "1,234" */
const char *va_words_time(char *buf, size_t n, __u64 ns);         /* a duration: "3.2 µs" */
const char *va_words_clock(char *buf, size_t n, __u64 ns);        /* a moment since the start: "12.345 s" */
const char *va_words_address(char *buf, size_t n, __u64 addr);    /* "7f12 3456 7000" */
const char *va_words_basename(const char *path);                  /* part of path */

const char *va_words_kind(enum va_fault_kind kind);               /* "demand-zero", for people */
/* "write, user mode, no page there" from the hardware error code, or what stands for it where there was no exception */
const char *va_words_error(char *buf, size_t n, const struct vmatlas_record *rec);
/* One sentence: what the kernel did. mm may be NULL. */
const char *va_words_fault(char *buf, size_t n, const struct vmatlas_record *rec, unsigned levels, const struct va_mm *mm,
			   const char *vma_name);
enum va_bad_reason va_words_bad_reason(const struct vmatlas_record *rec, const struct va_mm *mm);

/* "munmap(0x7f…, 16 KiB) = 0" */
const char *va_words_op(char *buf, size_t n, const struct vmatlas_op *op);
/* Any record a reader steps to; texts: names of marks and programs. */
const char *va_words_event(char *buf, size_t n, const struct vmatlas_record *rec, unsigned levels, const struct va_model *model);

/* Notices (words_notice.c). What: with its figures; now: ts of the moment shown. State: since when, and whether it holds; begin: ts the recording begins at. */
const char *va_words_notice_title(enum va_notice_kind kind);
const char *va_words_notice(char *buf, size_t n, const struct va_notice *what, __u64 now);
const char *va_words_notice_why(enum va_notice_kind kind);
const char *va_words_notice_advice(enum va_notice_kind kind);
const char *va_words_notice_state(char *buf, size_t n, const struct va_notice *what, __u64 begin);
/* How a process ended, from its exit code as in wait(2): "ended well", "failed: 3", "killed by SIGTERM" */
const char *va_words_ended(char *buf, size_t n, __u32 exit_code);

#endif
