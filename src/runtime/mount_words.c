/* mount_words.c - one table of all option words (runtime-spec, config.md, "Linux mount
 * options"; mount(8); mount_setattr(2)).
 *
 * SPDX-License-Identifier: MIT
 */
#include "runtime/mount_words.h"

#include <string.h>

#include "base/memory.h"
#include "linux/mount.h"

enum effect {
    ATTRIBUTE,
    PROPAGATION,
    BIND,
    REMOUNT,
    COPY_UP,
    ID_MAP,
    SUPER, /* of the file system itself */
    NOTHING,
};

struct word {
    const char *name;
    enum effect effect;
    bool is_recursive;
    uint64_t set, clear;
};

#define ATIME MOUNT_ATTR__ATIME

/* An attribute, its opposite, and both with "r" in front: for the whole tree. */
#define PAIR(on, off, bit)                                           \
    {on, ATTRIBUTE, false, bit, 0}, {off, ATTRIBUTE, false, 0, bit}, \
        {"r" on, ATTRIBUTE, true, bit, 0},                           \
    {                                                                \
        "r" off, ATTRIBUTE, true, 0, bit                             \
    }
#define TIME(name, value)                       \
    {name, ATTRIBUTE, false, value, ATIME},     \
    {                                           \
        "r" name, ATTRIBUTE, true, value, ATIME \
    }
#define SPREAD(name, value)                   \
    {name, PROPAGATION, false, value, 0},     \
    {                                         \
        "r" name, PROPAGATION, true, value, 0 \
    }

static const struct word words[] = {
    PAIR("ro", "rw", MOUNT_ATTR_RDONLY),
    PAIR("nosuid", "suid", MOUNT_ATTR_NOSUID),
    PAIR("nodev", "dev", MOUNT_ATTR_NODEV),
    PAIR("noexec", "exec", MOUNT_ATTR_NOEXEC),
    PAIR("nodiratime", "diratime", MOUNT_ATTR_NODIRATIME),
    PAIR("nosymfollow", "symfollow", MOUNT_ATTR_NOSYMFOLLOW),
    TIME("relatime", MOUNT_ATTR_RELATIME),
    TIME("noatime", MOUNT_ATTR_NOATIME),
    TIME("strictatime", MOUNT_ATTR_STRICTATIME),
    TIME("atime", MOUNT_ATTR_RELATIME), /* the kernel's own default */
    TIME("norelatime", MOUNT_ATTR_STRICTATIME),
    TIME("nostrictatime", MOUNT_ATTR_RELATIME),
    SPREAD("private", MS_PRIVATE),
    SPREAD("shared", MS_SHARED),
    SPREAD("slave", MS_SLAVE),
    SPREAD("unbindable", MS_UNBINDABLE),
    {"bind",       BIND,    false, 0,              0             },
    {"rbind",      BIND,    true,  0,              0             },
    {"tmpcopyup",  COPY_UP, false, 0,              0             },
    {"idmap",      ID_MAP,  false, 0,              0             },
    {"ridmap",     ID_MAP,  true,  0,              0             },
    {"remount",    REMOUNT, false, 0,              0             },
    {"sync",       SUPER,   false, MS_SYNCHRONOUS, 0             },
    {"async",      SUPER,   false, 0,              MS_SYNCHRONOUS},
    {"dirsync",    SUPER,   false, MS_DIRSYNC,     0             },
    {"lazytime",   SUPER,   false, MS_LAZYTIME,    0             },
    {"nolazytime", SUPER,   false, 0,              MS_LAZYTIME   },
    {"mand",       SUPER,   false, MS_MANDLOCK,    0             },
    {"nomand",     SUPER,   false, 0,              MS_MANDLOCK   },
    {"iversion",   SUPER,   false, MS_I_VERSION,   0             },
    {"noiversion", SUPER,   false, 0,              MS_I_VERSION  },
    {"silent",     NOTHING, false, 0,              0             },
    {"loud",       NOTHING, false, 0,              0             },
    {"defaults",   NOTHING, false, 0,              0             },
};

/* The same bit in the two languages: mount_setattr(2), mount(2). */
static const struct {
    uint64_t attribute;
    unsigned long flag;
} flags[] = {
    {MOUNT_ATTR_RDONLY,      MS_RDONLY     },
    {MOUNT_ATTR_NOSUID,      MS_NOSUID     },
    {MOUNT_ATTR_NODEV,       MS_NODEV      },
    {MOUNT_ATTR_NOEXEC,      MS_NOEXEC     },
    {MOUNT_ATTR_NOATIME,     MS_NOATIME    },
    {MOUNT_ATTR_STRICTATIME, MS_STRICTATIME},
    {MOUNT_ATTR_NODIRATIME,  MS_NODIRATIME },
    {MOUNT_ATTR_NOSYMFOLLOW, 256           },
};

void
mount_options_done(struct mount_options *options)
{
    list_done(&options->data);
}

static const struct word *
find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_eq(words[i].name, name))
            return &words[i];
    return NULL;
}

void
mount_options_known(struct list *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        list_add(ret, words[i].name);
}

static void
change(uint64_t *set, uint64_t *clear, const struct word *w)
{
    *set = (*set & ~w->clear) | w->set;
    *clear = (*clear & ~w->set) | w->clear;
}

static void
apply(const struct word *w, struct mount_options *o)
{
    switch (w->effect) {
    case ATTRIBUTE:
        if (w->is_recursive)
            change(&o->recursive_set, &o->recursive_clear, w);
        else
            change(&o->set, &o->clear, w);
        break;
    case PROPAGATION:
        o->propagation = w->set;
        o->is_propagation_recursive = w->is_recursive;
        break;
    case BIND:
        o->is_bind = true;
        o->is_recursive = w->is_recursive;
        break;
    case REMOUNT:
        o->is_remount = true;
        break;
    case COPY_UP:
        o->want_copy_up = true;
        break;
    case ID_MAP:
        o->want_id_map = true;
        o->is_id_map_recursive = w->is_recursive;
        break;
    case SUPER:
        o->super = (o->super & ~w->clear) | w->set;
        break;
    case NOTHING:
        break;
    }
}

/* A bind makes no file system, so words for one ("mode=755") change nothing: engines pass them
 * on, and mount(2) reads none. Anything else may be a misspelt "ro". */
static int
check_bind(struct mount_options *options, const char *field, struct err *e)
{
    for (size_t i = 0; i < options->data.n; i++)
        if (!strchr(options->data.v[i], '='))
            return err_set(e, ERR_INVALID, "%s: unknown word for a bind mount: %s", field,
                           options->data.v[i]);
    list_done(&options->data);
    return 0;
}

int
mount_options_parse(const struct list *list, const char *field, struct mount_options *ret,
                    struct err *e)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct word *w = find(list->v[i]);
        if (w)
            apply(w, ret);
        else
            list_add(&ret->data, list->v[i]);
    }
    return ret->is_bind ? check_bind(ret, field, e) : 0;
}

unsigned long
mount_attributes_to_flags(uint64_t attributes)
{
    unsigned long result = 0;
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        if (attributes & flags[i].attribute)
            result |= flags[i].flag;
    return result;
}
