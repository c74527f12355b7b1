/*
 * A recursion 512 deep with 4 KiB each: the stack grows by 2 MiB, and no system call asks for it.
 *
 * One sees the lower end of the stack move down with each fault. vmatlas notices it ("stack-growth").
 * Events: fault: about 512 demand-zero, nearly each moves the VMA's start; op: none.
 */
#include "lab.h"

#define DEPTH 512

static int __attribute__((noinline)) deeper(int depth)
{
	volatile char frame[PAGE - 64];

	frame[0] = frame[sizeof(frame) - 1] = (char)depth;
	return depth ? deeper(depth - 1) + frame[0] : 0;
}

int main(int argc, char **argv)
{
	static volatile int result;

	lab_start_plain(argc, argv, "a recursion 512 deep and its return: the stack grows by faults, no system call asks for it");
	lab_say("A function calls itself 512 times; each call needs 4 KiB of stack");
	result = deeper(DEPTH);
	lab_say("All calls have returned. The stack stays as large as it was");
	lab_wait(0.2);
	return result > 1 << 30;
}
