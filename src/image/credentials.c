/* credentials.c - finding, keeping and forgetting logins.
 *
 * Keys in "auths" have been written in several ways: "host", "https://host", and for Docker
 * Hub "https://index.docker.io/v1/". plain_key brings them to one form before they are
 * compared.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "image/base64.h"

#define HUB_KEY "https://index.docker.io/v1/"

/* ---- keys ------------------------------------------------------------------------- */

static bool
is_hub(const char *host)
{
    return str_eq(host, "docker.io") || str_eq(host, "index.docker.io") ||
           str_eq(host, "registry-1.docker.io");
}

/* "https://host/v1/" and "host/" are "host"; Docker Hub is "docker.io". The caller frees. */
static char *
plain_key(const char *key)
{
    const char *rest = str_after(key, "https://");
    if (!rest)
        rest = str_after(key, "http://");
    bool is_url = rest != NULL;
    auto_free char *s = str_copy(is_url ? rest : key);
    size_t n = strlen(s);
    if (is_url && (str_ends(s, "/v1/") || str_ends(s, "/v2/")))
        s[n - 4] = '\0';
    else if (n > 0 && s[n - 1] == '/')
        s[n - 1] = '\0';
    return str_copy(is_hub(s) ? "docker.io" : s);
}

/* How well an entry's key fits: its length, 0 if it does not. */
static size_t
fit(const char *key, const char *host, const char *path)
{
    auto_free char *plain = plain_key(key);
    auto_free char *whole = str_format("%s/%s", is_hub(host) ? "docker.io" : host, path);
    size_t n = strlen(plain);
    bool fits = n > 0 && strncmp(plain, whole, n) == 0 &&
                (whole[n] == '/' || whole[n] == '\0');
    return fits ? n : 0;
}

/* ---- reading ---------------------------------------------------------------------- */

/* A control character in a name or a password would end a header line. */
static bool
is_one_line(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < ' ' || *s == 127)
            return false;
    return true;
}

static int
read_entry(const struct json *entry, struct credentials *ret, struct err *e)
{
    const char *token = json_str(json_get(entry, "identitytoken"), "");
    const char *auth = json_str(json_get(entry, "auth"), "");
    const char *user = json_str(json_get(entry, "username"), "");
    const char *password = json_str(json_get(entry, "password"), "");
    auto_text pair = {0};
    if (base64_decode(&pair, auth) < 0)
        return err_set(e, ERR_INVALID, "\"auth\" of %.200s is not base64", entry->name);
    auto_free char *both = text_take(&pair);
    char *colon = strchr(both, ':');
    if (*auth && !colon)
        return err_set(e, ERR_INVALID, "\"auth\" of %.200s is no \"user:password\"",
                       entry->name);
    if (colon) {
        *colon = '\0';
        user = both;
        password = colon + 1;
    }
    if (!is_one_line(user) || !is_one_line(password) || !is_one_line(token))
        return err_set(e, ERR_INVALID, "the login of %.200s holds a control character",
                       entry->name);
    if (*token)
        ret->identity_token = str_copy(token);
    if (*user) {
        ret->user = str_copy(user);
        ret->password = str_copy(password);
    }
    return *token || *user;
}

static const struct json *
best_entry(const struct json *object, const char *host, const char *path)
{
    const struct json *best = NULL;
    size_t best_fit = 0;
    for (json_each(entry, object)) {
        size_t n = fit(entry->name, host, path);
        if (n > best_fit) {
            best = entry;
            best_fit = n;
        }
    }
    return best;
}

static const char *
helper_of(const struct json *config, const char *host)
{
    const struct json *own = best_entry(json_get(config, "credHelpers"), host, "");
    const char *name = own ? json_str(own, "")
                           : json_str(json_get(config, "credsStore"), "");
    return *name ? name : NULL;
}

int
credentials_in(const struct json *config, const char *host, const char *path,
               struct credentials *ret, struct err *e)
{
    const char *helper = helper_of(config, host);
    if (helper) {
        int r = credential_helper_get(helper, is_hub(host) ? HUB_KEY : host, ret, e);
        if (r != 0)
            return r;
    }
    const struct json *auths = json_get(config, "auths");
    const struct json *entry = auths && auths->type == JSON_OBJECT
                                   ? best_entry(auths, host, path)
                                   : NULL;
    return entry && entry->type == JSON_OBJECT ? read_entry(entry, ret, e) : 0;
}

/* 0 and NULL if there is no such file. */
static int
read_config(const char *path, struct json_doc **ret, struct err *e)
{
    auto_free char *text = NULL;
    size_t len = 0;
    *ret = NULL;
    int r = file_read_at(AT_FDCWD, path, JSON_BYTES_MOST, &text, &len);
    if (r == -ENOENT || r == -ENOTDIR || (r >= 0 && len == 0))
        return 0;
    TRY(err_sys(e, r, "read %s", path));
    r = json_parse(text, len, ret, e);
    if (r >= 0 && json_root(*ret)->type != JSON_OBJECT)
        r = err_set(e, ERR_INVALID, "no JSON object");
    return r < 0 ? err_wrap(e, r, "%s", path) : 0;
}

int
credentials_file(char **ret, struct err *e)
{
    const char *directory = getenv("DOCKER_CONFIG"), *home = getenv("HOME");
    if (directory && *directory)
        *ret = str_format("%s/config.json", directory);
    else if (home && *home)
        *ret = str_format("%s/.docker/config.json", home);
    else
        return err_set(e, ERR_INVALID, "no place for logins: set HOME or DOCKER_CONFIG");
    return 0;
}

static char *
second_file(void)
{
    const char *chosen = getenv("REGISTRY_AUTH_FILE"), *run = getenv("XDG_RUNTIME_DIR");
    if (chosen && *chosen)
        return str_copy(chosen);
    if (run && *run)
        return str_format("%s/containers/auth.json", run);
    return str_format("/run/containers/%u/auth.json", geteuid());
}

static int
find_in_file(const char *path, const char *host, const char *repository,
             struct credentials *ret, struct err *e)
{
    auto_json *doc = NULL;
    TRY(read_config(path, &doc, e));
    if (!doc)
        return 0;
    int r = credentials_in(json_root(doc), host, repository, ret, e);
    return r < 0 ? err_wrap(e, r, "%s", path) : r;
}

int
credentials_find(const char *host, const char *path, struct credentials *ret, struct err *e)
{
    auto_free char *first = NULL;
    auto_free char *second = second_file();
    *ret = (struct credentials){0};
    int r = getenv("HOME") || getenv("DOCKER_CONFIG") ? credentials_file(&first, e) : 0;
    if (r >= 0 && first)
        r = find_in_file(first, host, path, ret, e);
    if (r == 0)
        r = find_in_file(second, host, path, ret, e);
    return r < 0 ? r : 0;
}

/* ---- writing ---------------------------------------------------------------------- */

/* Replaces config.json, where a link leads to it the file behind the link. */
static int
write_config(const char *path, const struct json *root, struct err *e)
{
    auto_free char *real = realpath(path, NULL);
    const char *to = real ? real : path;
    const char *slash = strrchr(to, '/');
    auto_free char *directory = str_format("%.*s", slash ? (int)(slash - to) : 1,
                                           slash ? to : ".");
    auto_text out = {0};
    json_write(&out, root, 4);
    text_add_char(&out, '\n');
    TRY(err_sys(e, file_mkdirs_at(AT_FDCWD, directory, 0700), "make %s", directory));
    auto_close int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    TRY(err_sys(e, fd < 0 ? -errno : 0, "open %s", directory));
    int r = file_replace_at(fd, slash ? slash + 1 : to, out.data, out.len, 0600, true);
    return err_sys(e, r, "write %s", to);
}

/* A copy of "auths" without the entries that mean exactly this host; 1 if there was one. */
static int
copy_others(struct json_doc *doc, const struct json *auths, const char *host,
            struct json *ret)
{
    int found = 0;
    for (json_each(entry, auths)) {
        auto_free char *key = plain_key(entry->name);
        if (str_eq(key, is_hub(host) ? "docker.io" : host))
            found = 1;
        else
            json_set(doc, ret, entry->name, json_clone(doc, entry));
    }
    return found;
}

static void
add_entry(struct json_doc *doc, struct json *auths, const char *host,
          const struct credentials *c)
{
    auto_text auth = {0};
    auto_free char *pair = str_format("%s:%s", c->user, c->password ? c->password : "");
    struct json *entry = json_set(doc, auths, is_hub(host) ? HUB_KEY : host,
                                  json_object(doc));
    base64_encode(&auth, pair, strlen(pair));
    json_set_str(doc, entry, "auth", text_str(&auth));
    if (c->identity_token)
        json_set_str(doc, entry, "identitytoken", c->identity_token);
}

/* The file with this host's entry taken out or (c not NULL) put in: 1 if it had one. */
static int
edit_config(const char *path, const struct json *old, const char *host,
            const struct credentials *c, struct err *e)
{
    auto_json *doc = json_doc_new();
    struct json *root = old ? json_clone(doc, old) : json_object(doc);
    struct json *auths = json_object(doc);
    int found = copy_others(doc, json_get(old, "auths"), host, auths);
    if (c)
        add_entry(doc, auths, host, c);
    json_set(doc, root, "auths", auths);
    json_set_root(doc, root);
    if (c || found)
        TRY(write_config(path, root, e));
    return found;
}

int
credentials_store(const char *host, const struct credentials *credentials,
                  bool *ret_is_plain, struct err *e)
{
    auto_free char *path = NULL;
    auto_json *doc = NULL;
    TRY(credentials_file(&path, e));
    TRY(read_config(path, &doc, e));
    const char *helper = helper_of(json_root(doc), host);
    *ret_is_plain = helper == NULL;
    if (helper)
        return credential_helper_store(helper, is_hub(host) ? HUB_KEY : host, credentials,
                                       e);
    TRY(edit_config(path, json_root(doc), host, credentials, e));
    return 0;
}

int
credentials_erase(const char *host, struct err *e)
{
    auto_free char *path = NULL;
    auto_json *doc = NULL;
    struct credentials found = {0};
    TRY(credentials_file(&path, e));
    TRY(read_config(path, &doc, e));
    if (!doc)
        return 0;
    const char *helper = helper_of(json_root(doc), host),
               *server = is_hub(host) ? HUB_KEY : host;
    int had = helper ? credential_helper_get(helper, server, &found, e) : 0;
    credentials_done(&found);
    TRY(had);
    if (had)
        TRY(credential_helper_erase(helper, server, e));
    int was_there = edit_config(path, json_root(doc), host, NULL, e);
    TRY(was_there);
    return had || was_there;
}
