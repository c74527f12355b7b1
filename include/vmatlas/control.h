/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The control files of the module, under /proc/vmatlas/. All belong to root, mode 0600 or less; opening one takes CAP_SYS_ADMIN, too (root in
 * a container has it not). They are in /proc because debugfs may be missing, switched off, or locked down: nothing here needs it.
 * An open file does not hold the module; when that has gone, read and write give EIO.
 *
 *   cpu0 …       r  the truth channel of each CPU: vmatlas_record[], read() only: no mmap, no poll (read again after a while; 0 = nothing now)
 *   faults0 …    r  the fault channel of each CPU
 *   target       rw write "pid N [N …]" (whole processes: any tid will do), "exec" (the next execve of the writing task: a launcher
 *                   loses nothing of the start), "none". Read: the tgids watched, one a line. A process already running is
 *                   reported whole (TASK, MM_LAYOUT, MM_COUNTS, RANGE + VMA, PAGES) before the write returns.
 *   enable       rw 1 = record, 0 = stop: hooks are taken off. Starts as 0.
 *   follow       rw 1 (default) = descendants of the target are watched too
 *   classes      rw event classes on: any of "fault op vma task mark", by spaces; "+name" and "-name" change one
 *   marker       w  a line of text (1..4096 bytes, the newline is dropped): a MARK with that text, whoever holds the open file.
 *                   Marks of a task that is not watched have mm 0.
 *   overwrite    rw what a full fault buffer loses: 0 = its newest record (default), 1 = its oldest (flight recorder). 2 = the same as 0, which
 *                   the module turns 1 into when a watched process gets a signal that dumps core: what led to it stays until it has been
 *                   read; then write 1 again. Truth buffers always keep the oldest: a gap there makes maps doubtful.
 *   snapshot     w  "pid N": report its map and pages again. "torn": continue to heal the maps whose truth records were lost; returns
 *                   -EAGAIN when buffers are full again before all is healed (drain, then write again; -EAGAIN again: "torn").
 *                   "all": everything watched is told anew as at an attach, texts included: a reader can begin here
 *   print        w  "pid=N [addr=0x…] [tree=1] [phys=1]": the address space of a process (any tid will do), once, as lines "vmatlas: …" of the kernel log,
 *                   written when the write returns. Needs no recording and starts none. The same words as module parameters (insmod vmatlas.ko
 *                   pid=N …) print when the module is loaded. In this order:
 *                     begin:                             process, name, kernel, levels, number of VMAs
 *                     VMA START-END SIZE PERMISSIONS WHAT   one a line, WHAT as /proc/PID/maps names it, "anon" where that names nothing (its last line, [vsyscall],
 *                                                        is the kernel's and no VMA: not here); then their
 *                                                        number, and whether the map changed while more than one buffer of lines was printed
 *                     segment NAME START-END BYTES       code, data, stack (the whole VMA), heap, arguments, environment
 *                     frames (RSS): … / pages: …         by kind; total_vm and its parts
 *                     PGD[INDEX] RANGE -> TABLE, flags   each present entry of the top-level table, user half and kernel half, and how many are absent
 *                     walk LEVEL[INDEX] -> …             with addr=: each level of that address, to the page or to where it ends
 *                     tree LEVEL: …                      with tree=1: tables and entries of each level, of the user half
 *                     end: N lines printed, …            whether the log still has all of them, and how many it has not
 *                   Where kernel.dmesg_restrict is 0 (all may read the log), of entries the flags only are printed and "frame hidden", of the kernel half
 *                   not even which ones are there; phys=1 prints them all the same. The map itself is always printed.
 *                   Errors, each with a line: -EINVAL (not understood, a kernel thread, no address of a program), -ESRCH (no such process, or it has
 *                   ended; insmod words this as "wrong symbol version"), -EINTR (killed meanwhile), -ENOMEM
 *   stats        r  one fact a line, "name value…":
 *                     wire 1
 *                     release 6.12…
 *                     levels 4
 *                     rules N                            vmatlas_stream_header.rules
 *                     subbuf_size N / subbuf_count N / cpus N
 *                     enabled 0|1 / overwrite 0|1|2
 *                     cpu N truth WRITTEN LOST faults WRITTEN LOST    their sum = sequence numbers given out, always; overwritten = lost
 *                     torn N                             maps that wait for healing
 *                     direct N probed M                  while recording: functions that call the module, and those that should and are probed instead
 *                     missed HOOK N                      calls a hook could not catch (kretprobe nmissed …), one line a hook
 *                     absent HOOK error -N: no FEATURE   a hook this kernel lacks and the feature that is off because of it; "error -N, vital: no …":
 *                                                        "enable" is refused because of it; "left out" for "error -N": by the parameter without;
 *                                                        "split by the compiler": callers within its file never come by it
 *
 * Opening any of them takes CAP_SYS_ADMIN besides the mode, also for the root of a container. As with /proc/PID/pagemap, what counts is who
 * opened: root may hand an open file on. Offsets are ignored: each write is a command of its own, 1..1024 bytes; a NUL in it, also in a
 * mark, is -EINVAL. Record files cannot be seeked (-ESPIPE), mapped or spliced; a read takes at least one record's room (-EINVAL).
 *
 * Errors: -EINVAL for text that is none of the above, -ESRCH for no such process, -EBUSY when the tables of watched processes are
 * full, -EMSGSIZE for a mark over VMATLAS_TEXT_MAX, -ENODEV for a mark while nothing is recorded, -EAGAIN for one that finds no room.
 * Module parameters: pid, addr, tree, phys (see print), subbuf_size (bytes, a power of two, ≥ 4096), subbuf_count (per CPU, truth; the
 * buffer must hold at least 59 records, or a map could never be healed),
 * fault_subbuf_count (per CPU, faults), overwrite (0 or 1, as the file), without (HOOK,HOOK…: for tests, hooks that are left out as if the kernel
 * lacked them; a name that is no hook: the module is not loaded, -EINVAL).
 *
 * Marks from an ordinary user's program: the launcher opens `marker`, leaves the descriptor open in the command and names it in
 * the environment as VMATLAS_MARKER_FD. <vmatlas/mark.h> does the rest.
 */
#ifndef VMATLAS_CONTROL_H
#define VMATLAS_CONTROL_H

#define VMATLAS_PROC_NAME "vmatlas"
#define VMATLAS_CONTROL_DIR "/proc/vmatlas"
#define VMATLAS_MARKER_ENV "VMATLAS_MARKER_FD"

#endif
