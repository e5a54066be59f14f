/* reference.c - a name as a user types it becomes host, path, tag and digest.
 *
 * The text is taken apart from the right (digest after '@', tag after the last ':' that no
 * '/' follows, host before the first '/'), and each part is then checked letter by letter
 * against the grammar of the distribution project. Whatever is refused says which argument
 * and which part of it, because "invalid reference format" has sent thousands of people
 * looking at the wrong end of their command.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/reference.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static bool
is_lower_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool
is_alnum(char c)
{
    return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

/* How many letters at s make one separator of a path: ".", "_", "__", or any "---". */
static size_t
separator_length(const char *s)
{
    if (*s == '.')
        return 1;
    if (*s == '_')
        return s[1] == '_' ? 2 : 1;
    return strspn(s, "-");
}

/* path := component ("/" component)*; component := alnum+ (separator alnum+)* */
static bool
path_is_valid(const char *s)
{
    for (;;) {
        if (!is_lower_alnum(*s))
            return false;
        while (is_lower_alnum(*s))
            s++;
        if (*s == '\0')
            return true;
        s += *s == '/' ? 1 : separator_length(s);
    }
}

/* host := (label ("." label)* | "[" IPv6 "]") [":" digits] */
static bool
host_is_valid(const char *s)
{
    if (*s == '[') {
        size_t n = strspn(s + 1, "0123456789abcdefABCDEF:");
        if (n == 0 || s[1 + n] != ']')
            return false;
        s += n + 2;
    } else {
        for (;; s++) {
            if (!is_alnum(*s))
                return false;
            const char *label = s;
            while (is_alnum(*s) || *s == '-')
                s++;
            if (s > label && s[-1] == '-')
                return false;
            if (*s != '.')
                break;
        }
    }
    if (*s == '\0')
        return true;
    size_t digits = strspn(s + 1, "0123456789");
    return *s == ':' && digits > 0 && digits <= 5 && s[1 + digits] == '\0';
}

bool
reference_is_tag(const char *s)
{
    if ((!is_alnum(*s) && *s != '_') || strlen(s) > REFERENCE_TAG_MOST)
        return false;
    for (; *s; s++)
        if (!is_alnum(*s) && !strchr("_.-", *s))
            return false;
    return true;
}

static bool
has_upper(const char *s)
{
    for (; *s; s++)
        if (*s >= 'A' && *s <= 'Z')
            return true;
    return false;
}

/* Is the first part of "a/b" a host? As Docker decides it: it has a '.' or ':', is
 * "localhost", or has a capital letter, which no path may have. */
static bool
looks_like_host(const char *s)
{
    return strchr(s, '.') || strchr(s, ':') || str_eq(s, "localhost") || has_upper(s);
}

bool
reference_is_short(const char *s)
{
    auto_free char *first = str_format("%.*s", (int)strcspn(s, "/"), s);
    return !strchr(s, '/') || !looks_like_host(first);
}

bool
reference_is_bare(const char *s)
{
    const char *slash = strrchr(s, '/');
    return !strpbrk(slash ? slash : s, ":@");
}

static int
refuse(struct err *e, const char *whole, const char *why)
{
    return err_set(e, ERR_INVALID, "invalid image name \"%.300s\": %s", whole, why);
}

/* Cuts "@digest" off the end of rest. */
static int
take_digest(char *rest, const char *whole, struct reference *r, struct err *e)
{
    char *at = strchr(rest, '@');
    if (!at)
        return 0;
    if (!digest_is_valid(at + 1))
        return refuse(e, whole, "after '@' comes sha256: and 64 hexadecimal digits");
    snprintf(r->digest, sizeof r->digest, "%s", at + 1);
    *at = '\0';
    return 0;
}

/* Cuts ":tag" off the end of rest: a ':' before a '/' belongs to the host's port. */
static int
take_tag(char *rest, const char *whole, struct reference *r, struct err *e)
{
    char *slash = strrchr(rest, '/');
    char *last_part = slash ? slash + 1 : rest;
    char *colon = strchr(last_part, ':');
    if (!colon)
        return 0;
    if (strchr(colon + 1, ':'))
        return refuse(e, whole, "two ':' after the name, a tag has none");
    if (strlen(colon + 1) > REFERENCE_TAG_MOST)
        return refuse(e, whole, "the tag is longer than 128 letters");
    if (!reference_is_tag(colon + 1))
        return refuse(e, whole,
                      colon[1] ? "a tag has letters, digits, '_', '.' and '-' only, and "
                                 "does not begin with '.' or '-'"
                               : "nothing after ':'");
    snprintf(r->tag, sizeof r->tag, "%s", colon + 1);
    *colon = '\0';
    return 0;
}

/* What is left is [host/]path; fills in Docker's defaults. */
static int
take_name(char *rest, const char *whole, struct reference *r, struct err *e)
{
    const char *path = rest, *host = "docker.io";
    char *slash = strchr(rest, '/');
    if (slash) {
        *slash = '\0';
        if (looks_like_host(rest)) {
            host = str_eq(rest, "index.docker.io") ? "docker.io" : rest;
            path = slash + 1;
        } else {
            *slash = '/';
        }
    }
    if (!host_is_valid(host))
        return refuse(e, whole, "the part before the first '/' is no host name");
    if (*path == '\0')
        return refuse(e, whole, "it has no name");
    if (has_upper(path))
        return refuse(e, whole, "the name must be in lower case");
    if (!path_is_valid(path))
        return refuse(e, whole,
                      "between '/' a name has lower-case letters and digits, with single "
                      "'.', '_', '__' or '-' between them");
    if (path == rest && digest_is_hex(path))
        return refuse(e, whole, "64 hexadecimal digits are an image id, not a name");

    bool is_official = str_eq(host, "docker.io") && !strchr(path, '/');
    if (strlen(host) + 1 + strlen(path) + (is_official ? 8 : 0) > REFERENCE_NAME_MOST)
        return refuse(e, whole, "the name is longer than 255 letters");
    snprintf(r->host, sizeof r->host, "%.255s", host);
    snprintf(r->path, sizeof r->path, "%s", is_official ? "library/" : "");
    size_t n = strlen(r->path);
    snprintf(r->path + n, sizeof r->path - n, "%s", path);
    return 0;
}

int
reference_parse(const char *s, struct reference *ret, struct err *e)
{
    struct reference r = {0};
    char rest[REFERENCE_SIZE];
    if (*s == '\0')
        return refuse(e, s, "it is empty");
    if (strlen(s) >= sizeof rest)
        return refuse(e, s, "it is too long");
    snprintf(rest, sizeof rest, "%s", s);

    TRY(take_digest(rest, s, &r, e));
    TRY(take_tag(rest, s, &r, e));
    TRY(take_name(rest, s, &r, e));
    if (!*r.tag && !*r.digest)
        snprintf(r.tag, sizeof r.tag, "latest");
    *ret = r;
    return 0;
}

int
reference_parse_new(const char *s, struct reference *ret, struct err *e)
{
    struct reference r;
    TRY(reference_parse(s, &r, e));
    if (*r.digest)
        return refuse(e, s, "a new name has no digest");
    if (str_eq(r.path, "library/sha256"))
        return refuse(e, s, "\"sha256:\" is how an image id begins");
    *ret = r;
    return 0;
}

static const char *
add_ends(const struct reference *r, char *buf)
{
    size_t n = strlen(buf);
    snprintf(buf + n, REFERENCE_SIZE - n, "%s%s%s%s", *r->tag ? ":" : "", r->tag,
             *r->digest ? "@" : "", r->digest);
    return buf;
}

/* "docker.io/quay.io/a" must not print as "quay.io/a", which is another image. */
static bool
needs_host(const struct reference *r)
{
    char first[REFERENCE_NAME_MOST + 1];
    size_t n = strcspn(r->path, "/");
    snprintf(first, sizeof first, "%.*s", (int)n, r->path);
    return !str_eq(r->host, "docker.io") || (r->path[n] == '/' && looks_like_host(first));
}

const char *
reference_repository(const struct reference *r, char *buf)
{
    const char *official = str_after(r->path, "library/");
    /* 64 digits alone are an id, never a name. */
    if (official && (strchr(official, '/') || digest_is_hex(official)))
        official = NULL;
    if (needs_host(r))
        snprintf(buf, REFERENCE_SIZE, "%s/%s", r->host, r->path);
    else
        snprintf(buf, REFERENCE_SIZE, "%s", official ? official : r->path);
    return buf;
}

const char *
reference_full(const struct reference *r, char *buf)
{
    snprintf(buf, REFERENCE_SIZE, "%s/%s", r->host, r->path);
    return add_ends(r, buf);
}

const char *
reference_short(const struct reference *r, char *buf)
{
    reference_repository(r, buf);
    return add_ends(r, buf);
}
