/* test-path.c - the walk that stands in for openat2(2) answers as the kernel does.
 *
 * A child that has a filter of the kind "there is no openat2" opens each path of a small tree
 * and says by device, inode or errno what it got; the parent asks the kernel.
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "linux/path.h"

#define IN_ROOT (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
#define BENEATH (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

static const char *const paths[] = {
    "file",
    "/file",
    "dir",
    "dir/",
    "file/",
    "dir/file",
    "dir//file",
    "./dir/./file",
    "dir/../file",
    "dir/..",
    "..",
    "../..",
    "../file",
    "/../../dir/file",
    ".",
    "/",
    "//",
    "nosuch",
    "nosuch/x",
    "file/x",
    "dir/nosuch",
    "link",
    "link/",
    "up",
    "up/file",
    "absolute",
    "out",
    "out/passwd",
    "loop",
    "loop/x",
    "chain",
    "dangling",
    "dirlink/file",
    "dirlink/../file",
    "deep/a/b/c/../../file",
    "deep/a/b/back/file",
    "file/..",
    "link/..",
    "dirlink",
    "dirlink/",
    "",
    "dirlink/.",
    "dir/up/file",
};
static const int flag_sets[] = {O_RDONLY,
                                O_PATH,
                                O_PATH | O_NOFOLLOW,
                                O_RDONLY | O_NOFOLLOW,
                                O_RDONLY | O_DIRECTORY,
                                O_PATH | O_DIRECTORY,
                                O_WRONLY};
static const uint64_t resolves[] = {IN_ROOT, BENEATH,
                                    RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
                                    RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS};

enum { CASES = ARRAY_LEN(paths) * ARRAY_LEN(flag_sets) * ARRAY_LEN(resolves) };

struct answer {
    int error; /* or 0 */
    dev_t device;
    ino_t inode;
};

static char top[] = "/tmp/test-path-XXXXXX";

static int
make_tree(void **state)
{
    (void)state;
    static const char *const links[][2] = {
        {"link",          "file"            },
        {"up",            "dir/.."          },
        {"absolute",      "/dir/file"       },
        {"out",           "/../../../../etc"},
        {"loop",          "loop"            },
        {"chain",         "link"            },
        {"dangling",      "dir/none"        },
        {"dirlink",       "dir"             },
        {"dir/up",        "../dir"          },
        {"deep/a/b/back", "/deep/../dir"    },
    };
    if (mkdtemp(top) == NULL)
        return -1;
    auto_close int root = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
    file_mkdirs_at(root, "dir", 0755);
    file_mkdirs_at(root, "deep/a/b/c", 0755);
    file_write_at(root, "file", "1", 1, 0644);
    file_write_at(root, "dir/file", "2", 1, 0644);
    file_write_at(root, "deep/a/file", "3", 1, 0644);
    for (size_t i = 0; i < ARRAY_LEN(links); i++)
        if (symlinkat(links[i][1], root, links[i][0]) < 0)
            return -1;
    return 0;
}

static int
remove_tree(void **state)
{
    (void)state;
    return file_remove_tree_at(AT_FDCWD, top);
}

static void
ask(int root, struct answer *ret)
{
    size_t n = 0;
    for (size_t p = 0; p < ARRAY_LEN(paths); p++)
        for (size_t f = 0; f < ARRAY_LEN(flag_sets); f++)
            for (size_t r = 0; r < ARRAY_LEN(resolves); r++, n++) {
                struct stat st = {0};
                auto_close int fd = lx_openat2(root, paths[p], flag_sets[f], 0,
                                               resolves[r]);
                if (fd >= 0)
                    fstat(fd, &st);
                ret[n] = (struct answer){fd < 0 ? fd : 0, st.st_dev, st.st_ino};
            }
}

static void
forget_openat2(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {ARRAY_LEN(code), code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
        _exit(1);
}

static void
the_walk_agrees_with_the_kernel(void **state)
{
    (void)state;
    static struct answer by_kernel[CASES];
    struct answer *by_walk = mmap(NULL, sizeof by_kernel, PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    auto_close int root = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int status, descriptors = dup(root);
    close(descriptors);
    ask(root, by_kernel);
    pid_t pid = fork();
    if (pid == 0) {
        forget_openat2();
        ask(root, by_walk);
        int after = dup(root); /* none was left open */
        _exit(after == descriptors ? 0 : 2);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 0);
    for (size_t n = 0; n < CASES; n++) {
        const struct answer *k = &by_kernel[n], *w = &by_walk[n];
        if (k->error == w->error && k->device == w->device && k->inode == w->inode)
            continue;
        size_t each = ARRAY_LEN(resolves);
        fail_msg(
            "\"%s\" flags %#o resolve %#llx: kernel %d (inode %llu), walk %d (inode %llu)",
            paths[n / each / ARRAY_LEN(flag_sets)],
            (unsigned)flag_sets[n / each % ARRAY_LEN(flag_sets)],
            (unsigned long long)resolves[n % each], k->error, (unsigned long long)k->inode,
            w->error, (unsigned long long)w->inode);
    }
    munmap(by_walk, sizeof by_kernel);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_walk_agrees_with_the_kernel)};
    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
