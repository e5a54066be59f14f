import linux, os

tree = linux.open_tree(linux.AT_FDCWD, "/etc", linux.OPEN_TREE_CLONE | linux.AT_RECURSIVE)
file = os.open("passwd", os.O_RDONLY, dir_fd=tree)   # a copy of the mount, attached nowhere
print(os.read(file, 5))
os.close(file)
os.close(tree)
