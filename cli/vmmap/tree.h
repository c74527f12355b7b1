/* Page tables as text: the branch that leads to one address. */
#ifndef VM_TREE_H
#define VM_TREE_H

#include "place.h"

void vm_tree_path(const struct vm_place *w);

#endif
