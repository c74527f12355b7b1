/*
 * Code in words: which function and which line an address in a recorded program belongs to. Reads ELF files of this machine (libdw of elfutils), and only
 * those whose build-id is the one in the recording: another build would tell lies. Nothing is asked over the network.
 *
 * A component beside the stages: it knows places (core/site.h) and files, no records, no model. Files are read by a thread of its own; who asks gets what is
 * known by now, and is woken when there is more.
 */
#ifndef VA_SYMBOLS_H
#define VA_SYMBOLS_H

#include "site.h"

struct va_symbols;

enum va_symbol_state {
	VA_SYMBOL_PENDING,     /* being looked up */
	VA_SYMBOL_FOUND,       /* function is known; source where there is debug information */
	VA_SYMBOL_NONE,        /* the file is the right one and has no symbol there */
	VA_SYMBOL_NO_FILE,     /* no such file on this machine */
	VA_SYMBOL_OTHER_BUILD, /* the file on this machine is another build */
	VA_SYMBOL_NO_BUILD_ID, /* the recorded file had none: nothing tells that the one here is the same */
	VA_SYMBOL_NOT_ELF,     /* the place is in no ELF file */
};

struct va_symbol {
	enum va_symbol_state state;
	const char *function; /* valid with FOUND; lives as long as the store */
	__u64 offset;         /* bytes behind its beginning */
	const char *source;   /* path as compiled; NULL = no debug information */
	unsigned line;        /* 0 = none */
};

/* wake: called by the thread whenever an answer has come; may be NULL. NULL is returned where no thread can be had. */
struct va_symbols *va_symbols_new(void (*wake)(void *ctx), void *ctx);
void va_symbols_free(struct va_symbols *s);

/* wait: comes back with the answer, never PENDING. */
struct va_symbol va_symbols_ask(struct va_symbols *s, const struct va_site *site, bool wait);

/*
 * One line: "reserve+0x2a (inspect.c:32)", "libc.so.6 mmap64+0x23", "a.out+0x11f9 (the file here is another build)". symbol NULL: nobody was asked, the
 * place alone. Returns buf.
 */
const char *va_symbol_words(char *buf, size_t n, const struct va_site *site, const struct va_symbol *symbol);
const char *va_symbol_state_name(enum va_symbol_state state); /* "found", "other-build" … as in JSON */

#endif
