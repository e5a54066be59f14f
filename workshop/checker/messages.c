/* messages.c - looking up what the checker says.
 * SPDX-License-Identifier: MIT
 */
#include "messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct catalogue *chosen = &catalogue_en;

void
messages_choose(const char *language)
{
    static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < COUNT(variables) && (!language || !language[0]); i++)
        language = getenv(variables[i]);
    chosen = language && strncmp(language, "zh", 2) == 0 ? &catalogue_zh : &catalogue_en;
}

static const char *
look_up(const struct phrase *table, const char *key)
{
    for (; table->key; table++)
        if (strcmp(table->key, key) == 0)
            return table->text;
    return NULL;
}

const char *
say(const char *key)
{
    const char *text = look_up(chosen->phrases, key);
    return text ? text : key;
}

const char *
title_of(const struct check *c)
{
    char key[64];
    const char *text = look_up(chosen->titles,
                               format(key, sizeof(key), "%02u %s", c->level, c->id));
    if (!text)
        text = look_up(chosen->titles, c->id);
    return text ? text : c->id;
}

const struct explanation *
explanation_of(const struct check *c, const char *kind)
{
    static const struct explanation unknown = {"", "", "", "", ""};
    char exact[96], any[96];
    format(exact, sizeof(exact), "%02u %s %s", c->level, c->id, kind);
    format(any, sizeof(any), "%s %s", c->id, kind);
    const struct explanation *found = &unknown;
    for (const struct explanation *e = chosen->explanations; e->key; e++) {
        if (strcmp(e->key, exact) == 0)
            return e;
        if (strcmp(e->key, any) == 0)
            found = e;
    }
    return found;
}

const struct lesson *
lesson_of(unsigned level)
{
    return &chosen->lessons[level];
}

char *
fill(const char *text, const char *arg1, const char *arg2, const char *arg3)
{
    const char *const args[] = {arg1, arg2, arg3};
    char *out = NULL;
    size_t size;
    FILE *f = open_memstream(&out, &size);
    if (!f)
        die("out of memory");
    for (; *text; text++) {
        if (text[0] == '{' && text[1] >= '1' && text[1] <= '3' && text[2] == '}') {
            fputs(args[text[1] - '1'] ? args[text[1] - '1'] : "", f);
            text += 2;
        } else {
            fputc(*text, f);
        }
    }
    fclose(f);
    return out;
}

/* The placeholders of a text, in order of their numbers: languages order words freely. */
static void
list_key(const char *language, const char *what, const char *key, const char *text)
{
    char name[4] = "{0}";
    printf("%s %s %s", language, what, key);
    for (name[1] = '1'; name[1] <= '3'; name[1]++)
        if (strstr(text, name))
            printf(" %s", name);
    printf(text[0] ? "\n" : " EMPTY\n");
}

static void
list_catalogue(const struct catalogue *c)
{
    for (const struct phrase *p = c->phrases; p->key; p++)
        list_key(c->language, "phrase", p->key, p->text);
    for (const struct phrase *p = c->titles; p->key; p++)
        list_key(c->language, "title", p->key, p->text);
    for (const struct explanation *e = c->explanations; e->key; e++) {
        list_key(c->language, "seen", e->key, e->seen);
        list_key(c->language, "wanted", e->key, e->wanted);
        list_key(c->language, "why", e->key, e->why);
        list_key(c->language, "hint", e->key, e->hint);
    }
    for (unsigned i = 0; i < LEVELS; i++) {
        const struct lesson *l = &c->lessons[i];
        list_key(c->language, "proved", level_names[i], l->proved);
        list_key(c->language, "question", level_names[i], l->question);
        list_key(c->language, "answer", level_names[i], l->answer);
        list_key(c->language, "hint1", level_names[i], l->hints[0]);
        list_key(c->language, "hint2", level_names[i], l->hints[1]);
    }
}

void
messages_list(void)
{
    list_catalogue(&catalogue_en);
    list_catalogue(&catalogue_zh);
}
