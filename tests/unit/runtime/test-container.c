/* test-container.c - container_create and its verbs as the engine uses them: an overlay as
 * a detached root, a user by name, our own init. Needs root and a static busybox.
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "linux/path.h"
#include "oci/config.h"
#include "runtime/container.h"
#include "runtime/overlay.h"

static const char config[] =
    "{\"ociVersion\":\"1.2.0\",\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"],"
    "\"env\":[\"PATH=/bin\"],\"user\":{\"uid\":0,\"gid\":0},"
    "\"capabilities\":{\"bounding\":[\"CAP_KILL\",\"CAP_SETGID\"]}},"
    "\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\"}],"
    "\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"},"
    "{\"type\":\"cgroup\"},{\"type\":\"uts\"}]}}";

struct world {
    char name[64];
    int dir, lower, output;
    struct container container;
    struct err e;
};

static void
world_make(struct world *w)
{
    memset(w, 0, sizeof *w);
    if (geteuid() != 0 || access("/bin/busybox", X_OK) < 0) {
        print_message("needs root and /bin/busybox\n");
        skip();
    }
    snprintf(w->name, sizeof w->name, "/tmp/sampan-container-XXXXXX");
    assert_non_null(mkdtemp(w->name));
    w->dir = lx_open(w->name, O_RDONLY | O_DIRECTORY);
    assert_int_equal(file_mkdirs_at(w->dir, "lower/bin", 0755), 0);
    assert_int_equal(file_mkdirs_at(w->dir, "lower/etc", 0755), 0);
    assert_int_equal(file_mkdirs_at(w->dir, "upper", 0755), 0);
    assert_int_equal(file_mkdirs_at(w->dir, "work", 0755), 0);
    w->lower = file_open_dir_at(w->dir, "lower");
    auto_free char *busybox = NULL;
    size_t len;
    assert_true(file_read_at(AT_FDCWD, "/bin/busybox", 64 << 20, &busybox, &len) >= 0);
    assert_int_equal(file_write_at(w->lower, "bin/sh", busybox, len, 0755), 0);
    static const char passwd[] = "eva:x:1234:77::/home/eva:/bin/sh\n";
    assert_int_equal(file_write_at(w->lower, "etc/passwd", passwd, sizeof passwd - 1, 0644),
                     0);
}

static void
world_remove(struct world *w)
{
    close(w->output);
    close(w->lower);
    close(w->dir);
    assert_int_equal(file_remove_tree_at(AT_FDCWD, w->name), 0);
}

/* Creates a container whose sh runs `script`; its standard output is w->output. */
static int
create(struct world *w, const char *script, struct container_plan *plan)
{
    struct oci_spec *spec;
    assert_int_equal(oci_spec_parse(config, sizeof config - 1, &spec, &w->e), 0);
    list_add(&spec->process->args, "-c");
    list_add(&spec->process->args, script);
    int upper = file_open_dir_at(w->dir, "upper"), work = file_open_dir_at(w->dir, "work");
    struct overlay_plan overlay = {.lower = &w->lower,
                                   .n_lower = 1,
                                   .upper = upper,
                                   .work = work,
                                   .is_volatile = true};
    int root = overlay_open(&overlay, &w->e);
    assert_true(root >= 0);

    int out[2];
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    char id[64];
    snprintf(id, sizeof id, "unit%d", (int)getpid());
    plan->id = id;
    plan->spec = spec;
    plan->root_mount = root;
    plan->bundle_fd = plan->gate_listener = plan->console_socket = NO_FD;
    plan->stdio[0] = plan->stdio[2] = NO_FD;
    plan->stdio[1] = out[1];
    plan->want_pivot = true;
    int r = container_create(&w->container, plan, &w->e);
    close(root);
    close(upper);
    close(work);
    close(out[1]);
    w->output = out[0];
    oci_spec_free(spec);
    return r;
}

/* Starts, waits, destroys: the exit status, 128 and the signal if it was killed. */
static int
finish(struct world *w)
{
    int status;
    if (container_start(&w->container, &w->e) < 0)
        fail_msg("%s", w->e.text);
    assert_int_equal(waitpid(w->container.pid, &status, 0), w->container.pid);
    assert_int_equal(container_destroy(&w->container, &w->e), 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void
run(const char *script, struct container_plan plan, int status, const char *output)
{
    struct world w;
    world_make(&w);
    if (create(&w, script, &plan) < 0)
        fail_msg("%s", w.e.text);
    assert_int_equal(finish(&w), status);
    auto_free char *text = NULL;
    assert_true(file_read_fd(w.output, 4096, &text, NULL) >= 0);
    assert_string_equal(text, output);
    world_remove(&w);
}

static void
test_a_detached_overlay_is_the_root(void **state)
{
    (void)state;
    run("echo new >/note; read a </note; echo $a; exit 5", (struct container_plan){0}, 5,
        "new\n");
}

static void
test_the_gate_may_be_open_before(void **state)
{
    (void)state;
    run("echo $$", (struct container_plan){.want_open_gate = true}, 0, "1\n");
}

static void
test_user_by_name_gets_its_ids_and_home(void **state)
{
    (void)state;
    run("echo $HOME; while read k v; do case $k in "
        "Uid:|Gid:) echo $v;; esac; done </proc/self/status",
        (struct container_plan){.user_name = "eva"}, 0,
        "/home/eva\n1234 1234 1234 1234\n77 77 77 77\n");
}

static void
test_an_unknown_user_is_an_error_and_leaves_nothing(void **state)
{
    (void)state;
    struct world w;
    world_make(&w);
    struct container_plan plan = {.user_name = "nobody-here"};
    assert_true(create(&w, "true", &plan) < 0);
    assert_int_equal(w.e.kind, ERR_NOT_FOUND);
    assert_non_null(strstr(w.e.text, "nobody-here"));
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
    world_remove(&w);
}

static void
test_our_init_ends_as_the_program_ends(void **state)
{
    (void)state;
    struct container_plan plan = {.want_init = true};
    run("echo $$; exit 9", plan, 9, "2\n");
    run("kill -9 $$", plan, 137, "");
}

static void
test_our_init_passes_signals_on_and_reaps(void **state)
{
    (void)state;
    struct world w;
    world_make(&w);
    struct container_plan plan = {.want_init = true};
    /* The orphan ends first and is reaped by pid 1; then the program ends by TERM. */
    if (create(&w, "(true &); trap 'exit 33' TERM; echo up; while :; do :; done", &plan) <
        0)
        fail_msg("%s", w.e.text);
    assert_int_equal(container_start(&w.container, &w.e), 0);
    char byte;
    assert_int_equal(read(w.output, &byte, 1), 1);
    assert_int_equal(container_kill(&w.container, SIGTERM, &w.e), 0);
    int status;
    assert_int_equal(waitpid(w.container.pid, &status, 0), w.container.pid);
    assert_int_equal(WEXITSTATUS(status), 33);
    assert_int_equal(container_destroy(&w.container, &w.e), 0);
    world_remove(&w);
}

static void
test_a_program_that_is_not_there(void **state)
{
    (void)state;
    for (int want_init = 0; want_init < 2; want_init++) {
        struct world w;
        world_make(&w);
        struct container_plan plan = {.want_init = want_init};
        assert_int_equal(file_remove_tree_at(w.lower, "bin"), 0);
        assert_true(create(&w, "true", &plan) < 0);
        assert_int_equal(w.e.kind, ERR_NO_PROGRAM);
        world_remove(&w);
    }
}

static void
test_ids(void **state)
{
    (void)state;
    struct err e;
    char longest[130];
    memset(longest, 'a', sizeof longest);
    longest[128] = '\0';
    assert_int_equal(container_check_id("a", &e), 0);
    assert_int_equal(container_check_id("A-b_c.9", &e), 0);
    assert_int_equal(container_check_id(longest, &e), 0);
    longest[128] = 'a';
    longest[129] = '\0';
    static const char *const bad[] = {"", ".", "..", "-a", "_a", "a/b", "a b", "a\n", "ä"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_true(container_check_id(bad[i], &e) < 0);
    assert_true(container_check_id(longest, &e) < 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_detached_overlay_is_the_root),
        cmocka_unit_test(test_the_gate_may_be_open_before),
        cmocka_unit_test(test_user_by_name_gets_its_ids_and_home),
        cmocka_unit_test(test_an_unknown_user_is_an_error_and_leaves_nothing),
        cmocka_unit_test(test_our_init_ends_as_the_program_ends),
        cmocka_unit_test(test_our_init_passes_signals_on_and_reaps),
        cmocka_unit_test(test_a_program_that_is_not_there),
        cmocka_unit_test(test_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
