// SPDX-License-Identifier: GPL-2.0
/*
 * The smallest kernel module: one line in the kernel log when it is loaded, one when it is removed.
 *
 *   make vm                                                     builds it for the kernels of the VM (make hello-module: it alone)
 *   build/vmatlas vm -- sh -c 'insmod build/demos/hello-module/6.12/hello.ko; rmmod hello; dmesg | tail -2'
 *
 * One sees "hello: …" twice, with the process that did it: insmod, then rmmod. Both lines are printed by code that runs in the
 * kernel, for that process: current is the process whose system call this is.
 */
#include <linux/module.h>
#include <linux/sched.h>

static int __init hello_init(void)
{
	pr_info("hello: loaded by %s, process %d\n", current->comm, current->pid);
	return 0;
}

static void __exit hello_exit(void)
{
	pr_info("hello: removed by %s, process %d; goodbye\n", current->comm, current->pid);
}

module_init(hello_init);
module_exit(hello_exit);
MODULE_LICENSE("GPL");
MODULE_AUTHOR("vmatlas");
MODULE_DESCRIPTION("Says hello when it is loaded and goodbye when it is removed");
