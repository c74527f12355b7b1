#include "vm/terminal.h"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct termios saved;
static volatile bool is_raw;

bool va_terminal_usable(void)
{
	return isatty(0) && isatty(1) && tcgetpgrp(0) == getpgrp();
}

void va_terminal_size(uint16_t *rows, uint16_t *columns)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };

	ioctl(1, TIOCGWINSZ, &size);
	*rows = size.ws_row;
	*columns = size.ws_col;
}

void va_terminal_raw(void)
{
	struct termios raw;

	if (is_raw || tcgetattr(0, &saved))
		return;
	raw = saved;
	cfmakeraw(&raw);
	is_raw = !tcsetattr(0, TCSADRAIN, &raw);
}

void va_terminal_restore(void)
{
	if (is_raw)
		tcsetattr(0, TCSADRAIN, &saved);
	is_raw = false;
}
