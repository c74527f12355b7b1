/* Tells the module how much the kernel maps around a page of a file that is faulted in: a setting in debugfs, which modules cannot read. */
#ifndef VA_COLLECT_AROUND_H
#define VA_COLLECT_AROUND_H

/* Looks whether it has changed. *told: what the module knows, 0 to begin. Where debugfs cannot be read, nobody can have changed it but earlier: 64 KiB is taken. */
void va_around_look(unsigned long *told);

#endif
