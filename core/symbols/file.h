/* One ELF file of this machine, opened for its symbols and lines. By one thread at a time: libdw has no locks. */
#ifndef VA_SYMBOL_FILE_H
#define VA_SYMBOL_FILE_H

#include "symbols.h"

struct va_symbol_file;

/* *state says why where NULL is returned. */
struct va_symbol_file *va_symbol_file_open(const char *path, const __u8 *build_id, size_t build_id_len, enum va_symbol_state *state);
void va_symbol_file_close(struct va_symbol_file *f);

/* linked: address as linked. Strings live as long as the file. */
struct va_symbol va_symbol_file_ask(struct va_symbol_file *f, __u64 linked);

#endif
