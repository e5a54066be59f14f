/* change.c - CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME and
 * WORKDIR, as the Dockerfile reference defines them.
 *
 * An argument has one of four shapes: a command (a JSON array, or words for a shell), pairs
 * KEY=VALUE, a set of words (a JSON array or separated by blanks), or one text.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/change.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

struct change {
    struct json_doc *doc;
    struct json *config;
    const char *word, *field, *args;
};

static int
refuse(const struct change *c, const char *why, struct err *e)
{
    return err_set(e, ERR_INVALID, "--change \"%s %.200s\": %s", c->word, c->args, why);
}

/* Words between blanks; quotes and backslashes as in a shell, but nothing is expanded. */
static int
split_words(const struct change *c, struct list *words, struct err *e)
{
    const char *p = c->args;
    while (*(p += strspn(p, " \t"))) {
        auto_text word = {0};
        char quote = 0;
        for (; *p && (quote || !strchr(" \t", *p)); p++) {
            if (*p == '\\' && p[1] && quote != '\'')
                text_add_char(&word, *++p);
            else if (quote ? *p == quote : *p == '"' || *p == '\'')
                quote = quote ? 0 : *p;
            else
                text_add_char(&word, *p);
        }
        if (quote)
            return refuse(c, "a quote that does not end", e);
        list_add(words, text_str(&word));
    }
    return 0;
}

/* 1 and the strings, if the argument is a JSON array of strings; else 0. */
static int
as_json_array(const struct change *c, struct list *words)
{
    auto_json *doc = NULL;
    struct err ignored;
    if (*c->args != '[' || json_parse(c->args, strlen(c->args), &doc, &ignored) < 0)
        return 0;
    return json_to_list(json_root(doc), words) >= 0;
}

static int
set_command(const struct change *c, struct err *e)
{
    (void)e;
    auto_list words = {0};
    if (!as_json_array(c, &words)) {
        list_done(&words);
        list_add(&words, "/bin/sh");
        list_add(&words, "-c");
        list_add(&words, c->args);
    }
    json_set(c->doc, c->config, c->field, json_strings(c->doc, &words));
    return 0;
}

static int
set_text(const struct change *c, struct err *e)
{
    (void)e;
    json_set_str(c->doc, c->config, c->field, c->args);
    return 0;
}

static int
set_directory(const struct change *c, struct err *e)
{
    const char *before = json_str(json_get(c->config, c->field), "/");
    if (*c->args == '/')
        return set_text(c, e);
    auto_free char *path = str_format("%s%s%s", before, str_ends(before, "/") ? "" : "/",
                                      c->args);
    json_set_str(c->doc, c->config, c->field, path);
    return 0;
}

static struct json *
object_field(const struct change *c)
{
    const struct json *there = json_get(c->config, c->field);
    struct json *copy = there && there->type == JSON_OBJECT ? json_clone(c->doc, there)
                                                            : json_object(c->doc);
    return json_set(c->doc, c->config, c->field, copy);
}

/* ExposedPorts and Volumes are sets: objects whose members are empty objects. */
static int
add_to_set(const struct change *c, struct err *e)
{
    auto_list words = {0};
    if (!as_json_array(c, &words)) {
        list_done(&words);
        TRY(split_words(c, &words, e));
    }
    struct json *set = object_field(c);
    bool is_port = str_eq(c->word, "EXPOSE");
    for (size_t i = 0; i < words.n; i++) {
        auto_free char *key = str_format("%s%s", words.v[i],
                                         is_port && !strchr(words.v[i], '/') ? "/tcp" : "");
        json_set(c->doc, set, key, json_object(c->doc));
    }
    return 0;
}

/* "A=1 B=2", or the old form "A the rest". */
static int
split_pairs(const struct change *c, struct list *pairs, struct err *e)
{
    TRY(split_words(c, pairs, e));
    if (pairs->n > 1 && !strchr(pairs->v[0], '=')) {
        auto_free char *name = str_copy(pairs->v[0]);
        const char *rest = c->args + strcspn(c->args, " \t");
        list_done(pairs);
        list_addf(pairs, "%s=%s", name, rest + strspn(rest, " \t"));
    }
    for (size_t i = 0; i < pairs->n; i++)
        if (!strchr(pairs->v[i], '=') || *pairs->v[i] == '=')
            return refuse(c, "it is KEY=VALUE", e);
    return 0;
}

static int
set_environment(const struct change *c, struct err *e)
{
    auto_list pairs = {0}, env = {0};
    TRY(split_pairs(c, &pairs, e));
    const struct json *there = json_get(c->config, c->field);
    if (there && json_to_list(there, &env) < 0)
        return refuse(c, "the image's Env is no list of strings", e);
    for (size_t i = 0; i < pairs.n; i++)
        list_set_env(&env, pairs.v[i]);
    json_set(c->doc, c->config, c->field, json_strings(c->doc, &env));
    return 0;
}

static int
set_labels(const struct change *c, struct err *e)
{
    auto_list pairs = {0};
    TRY(split_pairs(c, &pairs, e));
    struct json *labels = object_field(c);
    for (size_t i = 0; i < pairs.n; i++) {
        char *equals = strchr(pairs.v[i], '=');
        *equals = '\0';
        json_set_str(c->doc, labels, pairs.v[i], equals + 1);
    }
    return 0;
}

static int
add_trigger(const struct change *c, struct err *e)
{
    (void)e;
    const struct json *there = json_get(c->config, c->field);
    struct json *all = there && there->type == JSON_ARRAY ? json_clone(c->doc, there)
                                                          : json_array(c->doc);
    json_append(all, json_string(c->doc, c->args));
    json_set(c->doc, c->config, c->field, all);
    return 0;
}

static const struct {
    const char *word, *field;
    int (*apply)(const struct change *c, struct err *e);
} instructions[] = {
    {"CMD",        "Cmd",          set_command    },
    {"ENTRYPOINT", "Entrypoint",   set_command    },
    {"ENV",        "Env",          set_environment},
    {"EXPOSE",     "ExposedPorts", add_to_set     },
    {"LABEL",      "Labels",       set_labels     },
    {"ONBUILD",    "OnBuild",      add_trigger    },
    {"STOPSIGNAL", "StopSignal",   set_text       },
    {"USER",       "User",         set_text       },
    {"VOLUME",     "Volumes",      add_to_set     },
    {"WORKDIR",    "WorkingDir",   set_directory  },
};

int
change_apply(struct json_doc *doc, struct json *config, const char *instruction,
             struct err *e)
{
    const char *p = instruction + strspn(instruction, " \t");
    size_t n = strcspn(p, " \t");
    const char *args = p + n + strspn(p + n, " \t");
    for (size_t i = 0; i < ARRAY_LEN(instructions); i++) {
        const char *word = instructions[i].word;
        if (strlen(word) != n || strncasecmp(word, p, n) != 0)
            continue;
        struct change c = {doc, config, word, instructions[i].field, args};
        return *args ? instructions[i].apply(&c, e) : refuse(&c, "it needs an argument", e);
    }
    return err_set(
        e, ERR_INVALID,
        "--change \"%.200s\": not one of CMD ENTRYPOINT ENV EXPOSE LABEL ONBUILD "
        "STOPSIGNAL USER VOLUME WORKDIR",
        instruction);
}
