/*
 * How fast this machine's time stamp counter runs. An emulated guest reads the same counter, but cannot find out its speed where it is held up while it measures: it
 * was seen to take 2,596 MHz for 125, and to find that 20 of its seconds are one.
 */
#ifndef VA_TICKS_H
#define VA_TICKS_H

/* kHz; 0 = could not be measured. Takes 30 ms. */
unsigned long va_ticks_khz(void);

#endif
