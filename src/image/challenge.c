/* challenge.c - Basic realm="x", Bearer realm="https://...",service="..."
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/challenge.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"

#define VALUE_MOST 2047

static size_t
token_length(const char *s)
{
    return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                     "!#$%&'*+-.^_`|~");
}

static const char *
skip_blanks(const char *s)
{
    return s + strspn(s, " \t");
}

/* A token or a quoted string into buf; returns what follows it, NULL if it is neither. */
static const char *
take_value(const char *s, char buf[VALUE_MOST + 1])
{
    size_t n = 0;
    if (*s != '"') {
        n = token_length(s);
        if (n == 0 || n > VALUE_MOST)
            return NULL;
        snprintf(buf, VALUE_MOST + 1, "%.*s", (int)n, s);
        return s + n;
    }
    for (s++; *s != '"'; s++) {
        if (*s == '\\')
            s++;
        if ((unsigned char)*s < ' ' || n == VALUE_MOST)
            return NULL;
        buf[n++] = *s;
    }
    buf[n] = '\0';
    return s + 1;
}

/* Keeps what the scheme that is wanted says; a value that is too long leaves nothing. */
static void
keep(struct challenge *c, const char *name, const char *value)
{
    if (strcasecmp(name, "realm") == 0)
        snprintf(c->realm, sizeof c->realm, "%s", value);
    else if (strcasecmp(name, "service") == 0 && strlen(value) < sizeof c->service)
        memcpy(c->service, value, strlen(value) + 1);
}

/* "name=value, name=value" at s: what follows the last; a word without '=' is left. */
static const char *
take_parameters(const char *s, struct challenge *c)
{
    for (;;) {
        const char *start = s;
        s += strspn(s, " \t,");
        size_t n = token_length(s);
        const char *equals = skip_blanks(s + n);
        if (n == 0 || *equals != '=')
            return start;
        char name[64], value[VALUE_MOST + 1];
        snprintf(name, sizeof name, "%.*s", n < sizeof name ? (int)n : 0, s);
        s = take_value(skip_blanks(equals + 1), value);
        if (!s)
            return NULL;
        keep(c, name, value);
        s = skip_blanks(s);
        if (*s != '\0' && *s != ',')
            return NULL;
    }
}

int
challenge_parse(const char *header, struct challenge *ret)
{
    static const struct {
        const char *word;
        enum challenge_scheme scheme;
    } schemes[] = {
        {"Basic",  CHALLENGE_BASIC },
        {"Bearer", CHALLENGE_BEARER},
    };
    for (const char *s = header;;) {
        s += strspn(s, " \t,");
        if (*s == '\0')
            return 0;
        struct challenge c = {0};
        size_t n = token_length(s);
        if (n == 0 || (s[n] != ' ' && s[n] != ',' && s[n] != '\0'))
            return -EINVAL;
        for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
            if (strlen(schemes[i].word) == n && strncasecmp(s, schemes[i].word, n) == 0)
                c.scheme = schemes[i].scheme;
        s = take_parameters(s + n, &c);
        if (!s)
            return -EINVAL;
        if (c.scheme > ret->scheme)
            *ret = c;
    }
}
