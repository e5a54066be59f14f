/* mount_option.c - the words of --mount and -v; see container_body.h.
 *
 * --mount is a list of key=value pairs, each known, each belonging to the type; -v is
 * SOURCE:PLACE[:MODE]. What the paths and modes mean is the engine's business.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"
#include "cli/container_body.h"

int
option_refuse(struct err *e, const char *option, const char *value, const char *fmt, ...)
{
    char why[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(why, sizeof(why), fmt, args);
    va_end(args);
    return err_set(e, ERR_INVALID, "invalid argument \"%s\" for \"%s\" flag: %s", value,
                   option, why);
}

/* ---- --mount ---- */

struct mount_words {
    struct json_doc *doc;
    struct json *mount, *bind, *tmpfs;
    const char *words; /* all of them, for messages */
    bool has_volume_words;
};

static int
set_type(struct mount_words *m, const char *field, const char *value)
{
    auto_free char *type = str_copy(value);
    for (char *s = type; *s != '\0'; s++)
        *s = (char)(*s >= 'A' && *s <= 'Z' ? *s - 'A' + 'a' : *s);
    json_set_str(m->doc, m->mount, field, type);
    return 0;
}

static int
set_text(struct mount_words *m, const char *field, const char *value)
{
    json_set_str(m->doc, m->mount, field, value);
    return 0;
}

static int
parse_truth(const char *value, bool *ret)
{
    bool is_yes = str_eq(value, "true") || str_eq(value, "1") || value[0] == '\0';
    if (!is_yes && !str_eq(value, "false") && !str_eq(value, "0"))
        return -EINVAL;
    *ret = is_yes;
    return 0;
}

static int
set_read_only(struct mount_words *m, const char *field, const char *value)
{
    bool is_true;
    TRY(parse_truth(value, &is_true));
    json_set_bool(m->doc, m->mount, field, is_true);
    return 0;
}

static int
set_bind_flag(struct mount_words *m, const char *field, const char *value)
{
    bool is_true;
    TRY(parse_truth(value, &is_true));
    json_set_bool(m->doc, m->bind, field, is_true);
    return 0;
}

static int
set_propagation(struct mount_words *m, const char *field, const char *value)
{
    json_set_str(m->doc, m->bind, field, value);
    return 0;
}

static int
set_tmpfs_size(struct mount_words *m, const char *field, const char *value)
{
    int64_t size;
    TRY(num_parse_size(value, &size));
    json_set_i64(m->doc, m->tmpfs, field, size);
    return 0;
}

static int
set_tmpfs_mode(struct mount_words *m, const char *field, const char *value)
{
    unsigned mode;
    TRY(num_parse_octal(value, &mode));
    json_set_i64(m->doc, m->tmpfs, field, mode);
    return 0;
}

static int
accept(struct mount_words *m, const char *field, const char *value)
{
    (void)m, (void)field, (void)value;
    return 0;
}

/* Each key: the field it becomes, the only type that it goes with, and whether it may stand
 * without a value. */
static const struct mount_key {
    const char *key, *field, *type;
    bool may_stand_alone;
    int (*set)(struct mount_words *m, const char *field, const char *value);
} mount_keys[] = {
    {"type",              "Type",         NULL,    false, set_type       },
    {"source",            "Source",       NULL,    false, set_text       },
    {"src",               "Source",       NULL,    false, set_text       },
    {"target",            "Target",       NULL,    false, set_text       },
    {"dst",               "Target",       NULL,    false, set_text       },
    {"destination",       "Target",       NULL,    false, set_text       },
    {"readonly",          "ReadOnly",     NULL,    true,  set_read_only  },
    {"ro",                "ReadOnly",     NULL,    true,  set_read_only  },
    {"consistency",       "",             NULL,    false, accept         },
    {"bind-propagation",  "Propagation",  "bind",  false, set_propagation},
    {"bind-nonrecursive", "NonRecursive", "bind",  true,  set_bind_flag  },
    {"tmpfs-size",        "SizeBytes",    "tmpfs", false, set_tmpfs_size },
    {"tmpfs-mode",        "Mode",         "tmpfs", false, set_tmpfs_mode },
};

static const struct mount_key *
find_key(const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(mount_keys); i++)
        if (strcasecmp(mount_keys[i].key, key) == 0)
            return &mount_keys[i];
    return NULL;
}

static int
add_pair(struct mount_words *m, const char *pair, struct err *e)
{
    auto_free char *key = str_copy(pair);
    char *value = key;
    strsep(&value, "=");
    const struct mount_key *known = find_key(key);
    if (strncasecmp(key, "volume-", strlen("volume-")) == 0) {
        m->has_volume_words = true;
        return 0;
    }
    if (value == NULL && (known == NULL || !known->may_stand_alone))
        return option_refuse(e, "--mount", m->words,
                             "invalid field '%s' must be a key=value pair", pair);
    if (known == NULL)
        return option_refuse(e, "--mount", m->words,
                             "unexpected key '%s' in '%s' (known: type, source, target, "
                             "readonly, bind-propagation, bind-nonrecursive, tmpfs-size, "
                             "tmpfs-mode)",
                             key, pair);
    if (known->set(m, known->field, value != NULL ? value : "") < 0)
        return option_refuse(e, "--mount", m->words, "invalid value for %s: %s", key,
                             value != NULL ? value : "");
    return 0;
}

/* Options of one type in a mount of another are a mistake, not something to skip. */
static int
check_types(const struct mount_words *m, const struct list *pairs, const char *type,
            struct err *e)
{
    if (m->has_volume_words && !str_eq(type, "volume"))
        return option_refuse(e, "--mount", m->words,
                             "cannot mix 'volume-*' options with mount type '%s'", type);
    for (size_t i = 0; i < pairs->n; i++) {
        auto_free char *key = str_format("%.*s", (int)strcspn(pairs->v[i], "="),
                                         pairs->v[i]);
        const struct mount_key *known = find_key(key);
        if (known != NULL && known->type != NULL && !str_eq(known->type, type))
            return option_refuse(e, "--mount", m->words,
                                 "cannot mix '%s-*' options with mount type '%s'",
                                 known->type, type);
    }
    return 0;
}

int
mount_option_add(struct json_doc *doc, struct json *list, const char *words, struct err *e)
{
    struct mount_words m = {.doc = doc,
                            .mount = json_object(doc),
                            .bind = json_object(doc),
                            .tmpfs = json_object(doc),
                            .words = words};
    auto_list pairs = {0};
    list_split(&pairs, words, ',');
    json_set_str(doc, m.mount, "Type", "volume");
    for (size_t i = 0; i < pairs.n; i++)
        TRY(add_pair(&m, pairs.v[i], e));
    const char *type = json_str(json_get(m.mount, "Type"), "");
    if (json_str(json_get(m.mount, "Target"), "")[0] == '\0')
        return option_refuse(e, "--mount", words, "target is required");
    TRY(check_types(&m, &pairs, type, e));
    if (json_count(m.bind) > 0)
        json_set(doc, m.mount, "BindOptions", m.bind);
    if (json_count(m.tmpfs) > 0)
        json_set(doc, m.mount, "TmpfsOptions", m.tmpfs);
    json_append(list, m.mount);
    return 0;
}

/* ---- -v ---- */

/* A path of the host may be relative when it looks like one: ./here:/there */
int
volume_option_add(struct json_doc *doc, struct json *list, const char *words, struct err *e)
{
    auto_free char *here = NULL;
    auto_list parts = {0};
    list_split(&parts, words, ':');
    if (parts.n > 3)
        return err_set(e, ERR_INVALID, "invalid spec: %s: too many colons", words);
    for (size_t i = 0; i < parts.n; i++)
        if (parts.v[i][0] == '\0')
            return err_set(e, ERR_INVALID, "invalid spec: %s: empty section between colons",
                           words);
    if (words[0] == '.' && (here = getcwd(NULL, 0)) != NULL) {
        auto_free char *absolute = str_format("%s/%s", here, words);
        json_append(list, json_string(doc, absolute));
    } else {
        json_append(list, json_string(doc, words));
    }
    return 0;
}
