/* doctor.c - what this machine can do for the workshop, and what is missing.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "confine.h"
#include "messages.h"
#include "play.h"
#include "verbs.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

static void
line(const char *key, const char *text)
{
    const char *name = say(key);
    int width = 0;
    for (const char *s = name; *s; s++)
        width += (*s & 0xc0) != 0x80 ? (*s & 0x80 ? 2 : 1) : 0;
    printf("  %s%*s%s\n", name, width < 18 ? 18 - width : 1, "", text);
}

static bool
contains(const char *file, const char *word)
{
    char text[16384];
    read_text(file, text, sizeof(text));
    return strstr(text, word) != NULL;
}

static void
show_user(void)
{
    char number[16];
    format(number, sizeof(number), "%u", (unsigned)getuid());
    char *text = geteuid() == 0          ? fill(say("doctor-root"), NULL, NULL, NULL)
                 : confine_can_map_ids() ? fill(say("doctor-ids"), number, NULL, NULL)
                                         : fill(say("doctor-one-id"), number, NULL, NULL);
    line("doctor-user", text);
    free(text);
}

static void
show_cgroups(void)
{
    struct statfs fs = {0};
    statfs("/sys/fs/cgroup", &fs);
    bool has_v2 = fs.f_type == 0x63677270;
    bool is_hybrid = !has_v2 && contains("/proc/self/mounts", " cgroup2 ");
    line("doctor-cgroups", has_v2 ? "v2" : is_hybrid ? "v1 (hybrid)" : "v1");
}

/* Switches of kernels and distributions that stand in an ordinary user's way. */
static const struct {
    const char *file;
    int blocking;
} switches[] = {
    {"/proc/sys/user/max_user_namespaces",                     0},
    {"/proc/sys/kernel/unprivileged_userns_clone",             0},
    {"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 1},
};

static bool
show_user_namespaces(void)
{
    bool is_free = true;
    for (size_t i = 0; i < COUNT(switches); i++) {
        char value[32];
        if (read_text(switches[i].file, value, sizeof(value)) <= 0 ||
            atoi(value) != switches[i].blocking)
            continue;
        char *text = fill(say("doctor-limited"), switches[i].file, NULL, NULL);
        line("doctor-userns", text);
        free(text);
        is_free = false;
    }
    if (is_free)
        line("doctor-userns", say("doctor-yes"));
    return is_free;
}

/* What is missing is told with what it is for and where it comes from. */
static bool
show_found(const char *key, bool is_there, const char *advice)
{
    char *missing = fill(say("doctor-no-but"), say(advice), NULL, NULL);
    line(key, is_there ? say("doctor-yes") : missing);
    free(missing);
    return is_there;
}

static bool
show_command(const char *key, const char *command, const char *advice)
{
    fflush(stdout);
    char *quiet = formatted("%s >/dev/null 2>&1", command);
    bool is_there = run_program((const char *const[]){"sh", "-c", quiet, NULL}) == 0;
    free(quiet);
    return show_found(key, is_there, advice);
}

int
verb_doctor(const struct call *c)
{
    struct utsname u;
    uname(&u);
    line("doctor-kernel", u.release);
    show_user();
    show_cgroups();
    bool is_good = show_user_namespaces() || geteuid() == 0;
    bool has_overlay = contains("/proc/filesystems", "\toverlay\n");
    line("doctor-overlay", say(has_overlay ? "doctor-yes" : "doctor-no"));
    is_good = show_command("doctor-compiler", "${CC:-cc} --version",
                           "doctor-get-compiler") &&
              is_good;
    play_find_linux_module(c->options);
    show_found("doctor-python", play_has_linux_module(), "doctor-get-python");
    show_command("doctor-strace", "strace -V", "doctor-get-strace");
    show_command("doctor-man", "man -w 2 pivot_root", "doctor-get-man");
    char *images = formatted("ls %s/images/*.tar", c->options->workshop);
    show_command("doctor-images", images, "doctor-get-images");
    double seconds = play_nothing(c->options);
    char number[16];
    char *time = fill(say("doctor-ms"),
                      format(number, sizeof(number), "%.0f", seconds * 1000), NULL, NULL);
    line("doctor-start", seconds < 0 ? say("doctor-no") : time);
    free(images);
    free(time);
    return is_good && seconds >= 0 ? 0 : 2;
}
