/* Places and symbols as text. */
#include <stdio.h>
#include <string.h>

#include "symbols.h"

static const char *base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

const char *va_symbol_state_name(enum va_symbol_state state)
{
	static const char *const names[] = {
		[VA_SYMBOL_PENDING] = "pending", [VA_SYMBOL_FOUND] = "found", [VA_SYMBOL_NONE] = "no-symbol", [VA_SYMBOL_NO_FILE] = "no-file",
		[VA_SYMBOL_OTHER_BUILD] = "other-build", [VA_SYMBOL_NO_BUILD_ID] = "no-build-id", [VA_SYMBOL_NOT_ELF] = "not-elf",
	};

	return names[state];
}

static const char *why_not(enum va_symbol_state state)
{
	switch (state) {
	case VA_SYMBOL_PENDING:
		return " …";
	case VA_SYMBOL_NO_FILE:
		return " (no such file here)";
	case VA_SYMBOL_OTHER_BUILD:
		return " (the file here is another build)";
	case VA_SYMBOL_NO_BUILD_ID:
		return " (no build-id: the file here may be another build)";
	default:
		return "";
	}
}

const char *va_symbol_words(char *buf, size_t n, const struct va_site *site, const struct va_symbol *symbol)
{
	if (!site->path) {
		snprintf(buf, n, "%s", site->known ? "code in memory of no file" : "code that is not mapped any more");
		return buf;
	}
	if (site->special || !symbol || symbol->state == VA_SYMBOL_NOT_ELF) {
		snprintf(buf, n, "%s+0x%llx", base(site->path), site->offset);
		return buf;
	}
	if (symbol->state != VA_SYMBOL_FOUND) {
		snprintf(buf, n, "%s+0x%llx%s", base(site->path), site->offset, why_not(symbol->state));
		return buf;
	}
	if (symbol->source && symbol->line)
		snprintf(buf, n, "%s+0x%llx (%s:%u)", symbol->function, symbol->offset, base(symbol->source), symbol->line);
	else
		snprintf(buf, n, "%s+0x%llx (%s)", symbol->function, symbol->offset, base(site->path));
	return buf;
}
