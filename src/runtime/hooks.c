/* hooks.c - see hooks.h.
 *
 * The state comes from a sealed memory file: a hook that does not read it, or reads half,
 * blocks nobody.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/hooks.h"

#include <stddef.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "linux/descriptor.h"
#include "linux/process.h"
#include "linux/trace.h"
#include "oci/config.h"
#include "oci/state.h"
#include "runtime/tool.h"

enum {
    INSIDE = 1, /* in the container's namespaces */
    ALL = 2,    /* one that fails does not keep the others from running */
};

#define AT(list) offsetof(struct oci_hooks, list)

/* In the order of enum hook_moment. */
static const struct moment {
    const char *name;
    size_t offset; /* of its list */
    enum oci_status status;
    unsigned flags;
} moments[] = {
    {"prestart",        AT(prestart),         OCI_CREATED, 0     },
    {"createRuntime",   AT(create_runtime),   OCI_CREATED, 0     },
    {"createContainer", AT(create_container), OCI_CREATED, INSIDE},
    {"startContainer",  AT(start_container),  OCI_CREATED, INSIDE},
    {"poststart",       AT(poststart),        OCI_RUNNING, ALL   },
    {"poststop",        AT(poststop),         OCI_STOPPED, ALL   },
};

static const struct oci_hook_list *
list_of(const struct oci_spec *spec, const struct moment *m)
{
    return (const struct oci_hook_list *)((const char *)&spec->hooks + m->offset);
}

bool
hooks_has(const struct oci_spec *spec, enum hook_moment moment)
{
    return list_of(spec, &moments[moment])->n > 0;
}

bool
hooks_want_stop(const struct oci_spec *spec)
{
    return hooks_has(spec, HOOK_PRESTART) || hooks_has(spec, HOOK_CREATE_RUNTIME) ||
           hooks_has(spec, HOOK_CREATE_CONTAINER);
}

/* ---- the state ---- */

static int
open_state(const struct hook_subject *s, enum oci_status status, struct err *e)
{
    struct oci_state state = {
        .id = s->id,
        .status = status,
        .pid = s->pid,
        .bundle = s->bundle ? s->bundle : "",
        .annotations = &s->spec->annotations,
    };
    auto_json *doc = json_doc_new();
    auto_text text = {0};
    json_write(&text, oci_state_to_json(doc, &state), 0);
    auto_close int fd = lx_memfd_create("state");
    TRY(err_sys(e, fd, "make a memory file for the state"));
    TRY(err_sys(e, file_write_all(fd, text.data, text.len), "write the state"));
    TRY(err_sys(e, lx_memfd_seal(fd), "seal the state"));
    return take_fd(&fd);
}

/* ---- all of a moment ---- */

static char *const *
environment(const struct oci_hook *hook, const struct hook_subject *s,
            enum hook_moment moment)
{
    static char *const empty[] = {NULL};
    if (hook->env.n > 0)
        return hook->env.v;
    if (moment != HOOK_START_CONTAINER)
        return environ;
    return s->spec->process && s->spec->process->env.n > 0 ? s->spec->process->env.v
                                                           : empty;
}

/* A container without a pid namespace that runs has orphans of its own. */
static bool
wants_orphans(enum hook_moment moment, const struct oci_spec *spec)
{
    if (moments[moment].flags & INSIDE)
        return false;
    return moment != HOOK_POSTSTART || oci_spec_namespace(spec, CLONE_NEWPID);
}

int
hooks_run(enum hook_moment moment, const struct hook_subject *subject, struct err *e)
{
    const struct moment *m = &moments[moment];
    const struct oci_hook_list *hooks = list_of(subject->spec, m);
    int result = 0;
    if (hooks->n == 0)
        return 0;
    LX_STEP("run the hooks of the configuration", "");
    auto_close int state = open_state(subject, m->status, e);
    TRY(state);
    for (size_t i = 0; i < hooks->n; i++) {
        struct err failure;
        const struct oci_hook *hook = &hooks->v[i];
        bool has_bundle = moment != HOOK_START_CONTAINER && subject->bundle;
        const struct tool tool = {
            .path = hook->path,
            .args = &hook->args,
            .env = environment(hook, subject, moment),
            .cwd = has_bundle ? subject->bundle : "/",
            .input = state,
            .timeout_s = hook->timeout.is_set ? hook->timeout.value : 0,
            .want_orphans = wants_orphans(moment, subject->spec),
        };
        int r = tool_run(&tool, &failure);
        if (r >= 0)
            continue;
        err_wrap(&failure, r, "hooks.%s[%zu]: %s", m->name, i, hook->path);
        if (result == 0)
            *e = failure;
        result = result < 0 ? result : r;
        if (!(m->flags & ALL))
            break;
    }
    return result;
}
