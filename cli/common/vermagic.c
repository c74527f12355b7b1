#include "common/vermagic.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/bytes.h"

bool va_built_for(const char *file, const char *release)
{
	char *word = va_string("vermagic=%s ", release);
	struct va_bytes b = { 0 };
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	bool found = fd >= 0 && !va_read_whole(fd, &b, 64 << 20) && memmem(b.data, b.n, word, strlen(word));

	if (fd >= 0)
		close(fd);
	va_bytes_free(&b);
	free(word);
	return found;
}
