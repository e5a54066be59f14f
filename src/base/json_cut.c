/* json_cut.c - see json_cut.h.
 *
 * The text is known to be good, so a value ends where its brackets are balanced: nothing is
 * decoded, and no tree is made.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/json_cut.h"

#include <string.h>

/* What ends a piece of text that is passed over; the NUL at the end of it all does everywhere. */
static const bool ends_plain[256] = {['\0'] = true, ['"'] = true, ['\\'] = true};
static const bool ends_flat[256] = {
    ['\0'] = true, ['"'] = true, ['{'] = true, ['['] = true, ['}'] = true, [']'] = true,
};
static const bool ends_scalar[256] = {
    ['\0'] = true, [','] = true,  ['}'] = true,  [']'] = true,
    [' '] = true,  ['\t'] = true, ['\r'] = true, ['\n'] = true,
};

static const char *
pass(const char *p, const bool ends[256])
{
    while (!ends[(unsigned char)*p])
        p++;
    return p;
}

static const char *
skip_blanks(const char *p)
{
    while (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')
        p++;
    return p;
}

/* From an opening quote to behind the closing one. */
static const char *
skip_string(const char *p)
{
    p = pass(p + 1, ends_plain);
    while (*p == '\\')
        p = pass(p[1] ? p + 2 : p + 1, ends_plain);
    return *p ? p + 1 : p;
}

/* To behind the value that begins at p. */
static const char *
skip_value(const char *p)
{
    int depth = 0;
    do {
        if (*p == '"')
            p = skip_string(p);
        else if (*p == '{' || *p == '[')
            depth++, p++;
        else if (*p == '}' || *p == ']')
            depth--, p++;
        else
            p = pass(p, depth > 0 ? ends_flat : ends_scalar);
    } while (depth > 0 && *p);
    return p;
}

struct member {
    const char *name, *value; /* where they begin */
};

/* The member of that name in the object that begins at p. */
static bool
find_member(const char *p, const char *name, size_t len, struct member *ret)
{
    if (*p != '{')
        return false;
    for (p = skip_blanks(p + 1); *p == '"'; p = skip_blanks(p + 1)) {
        const char *name_end = skip_string(p);
        ret->name = p;
        ret->value = skip_blanks(skip_blanks(name_end) + 1); /* behind the colon */
        if ((size_t)(name_end - p) == len + 2 && memcmp(p + 1, name, len) == 0)
            return true;
        p = skip_blanks(skip_value(ret->value));
        if (*p != ',')
            break;
    }
    return false;
}

static bool
follow(const char *s, const char *path, struct member *ret)
{
    for (const char *p = skip_blanks(s);; p = ret->value) {
        size_t len = strcspn(path, ".");
        if (!find_member(p, path, len, ret))
            return false;
        if (!path[len])
            return true;
        path += len + 1;
    }
}

void
json_cut(struct text *out, const char *s, const char *path)
{
    struct member found;
    if (!follow(s, path, &found)) {
        text_add(out, s);
        return;
    }
    /* One comma goes with it: the one behind it, or, behind the last member, the one before. */
    const char *from = found.name, *to = skip_blanks(skip_value(found.value));
    if (*to == ',') {
        to++;
    } else {
        while (from > s && strchr(" \t\r\n", from[-1]))
            from--;
        if (from[-1] == ',')
            from--;
    }
    text_add_bytes(out, s, (size_t)(from - s));
    text_add(out, to);
}
