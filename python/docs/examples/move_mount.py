import linux, os

os.makedirs("/tmp/etc", exist_ok=True)
tree = linux.open_tree(linux.AT_FDCWD, "/etc", linux.OPEN_TREE_CLONE | linux.AT_RECURSIVE)
linux.move_mount(tree, "", linux.AT_FDCWD, "/tmp/etc", linux.MOVE_MOUNT_F_EMPTY_PATH)
os.close(tree)
print(os.path.samefile("/etc", "/tmp/etc"), os.path.ismount("/tmp/etc"))
