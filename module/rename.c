// SPDX-License-Identifier: GPL-2.0
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/rbtree.h>
#include <linux/sched.h>

#include "control.h"
#include "rename.h"
#include "snapshot.h"
#include "watch.h"

/* Whoever renames holds both until after the return. */
struct va_rename {
	struct dentry *dentry[2];
};

size_t va_rename_data_size(void)
{
	return sizeof(struct va_rename);
}

int va_rename_enter_one(void *data, const struct va_regs *regs)
{
	*(struct va_rename *)data = (struct va_rename){ { (void *)regs->di } };
	return 0;
}

int va_rename_enter_two(void *data, const struct va_regs *regs)
{
	*(struct va_rename *)data = (struct va_rename){ { (void *)regs->di, (void *)regs->si } };
	return 0;
}

/* Every map that has the file. False: they could not be found. Nothing waits here. */
static bool va_tear_maps_of(struct address_space *mapping)
{
	struct rb_node *node;
	struct va_map *map;

	if (!mapping_mapped(mapping))
		return true;
	if (!down_read_trylock(&mapping->i_mmap_rwsem))
		return false;
	for (node = rb_first_cached(&mapping->i_mmap); node; node = rb_next(node)) {
		map = va_map_find(rb_entry(node, struct vm_area_struct, shared.rb)->vm_mm);
		if (map)
			va_map_tear(map);
	}
	up_read(&mapping->i_mmap_rwsem);
	return true;
}

/*
 * A stacked file system's file is mapped by another inode, which asking for may sleep (overlayfs looks for its data), and by yet another one where it was copied up
 * meanwhile. Whoever maps it holds the name: where somebody besides the renaming does, that is doubt.
 */
static bool va_tear_maps_named(struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);

	if (!inode)
		return true;
	if (S_ISDIR(inode->i_mode))
		return false;
	if (dentry->d_flags & DCACHE_OP_REAL)
		return d_count(dentry) <= 1;
	return va_tear_maps_of(inode->i_mapping);
}

/* Our own map at once, so that the caller's next mark finds it right; the others when the collector comes to it. */
static void va_tell_own(void)
{
	struct va_map *map = current->mm ? va_map_find(current->mm) : NULL;

	if (map && va_map_torn(map))
		va_snapshot_try(map, current->mm, VMATLAS_F_SNAPSHOT);
}

int va_rename_return(void *data, const struct va_regs *regs)
{
	struct va_rename *names = data;
	int i;

	if (!in_task() || !va_class_on(VA_CLASS_VMA))
		return 0;
	rcu_read_lock();
	for (i = 0; i < 2 && names->dentry[i]; i++)
		if (!va_tear_maps_named(names->dentry[i]))
			va_channel_doubt();
	va_tell_own();
	rcu_read_unlock();
	return 0;
}

int va_rename_mount_return(void *data, const struct va_regs *regs)
{
	if (regs->ax || !va_class_on(VA_CLASS_VMA))
		return 0;
	rcu_read_lock();
	va_channel_doubt();
	va_tell_own();
	rcu_read_unlock();
	return 0;
}
