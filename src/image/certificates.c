/* certificates.c - <directory>/<host[:port]>/{*.crt,x.cert,x.key}.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/certificates.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define FILE_MOST (1u << 20)

static void
add_file(const char *directory, int fd, const char *name, struct certificates *ret)
{
    auto_free char *text = NULL;
    size_t len = 0, stem = strlen(name);
    if (str_ends(name, ".crt") && file_read_at(fd, name, FILE_MOST, &text, &len) >= 0) {
        text_add_bytes(&ret->authorities, text, len);
        text_add_char(&ret->authorities, '\n');
    }
    if (!str_ends(name, ".cert") || ret->own_certificate)
        return;
    auto_free char *key = str_format("%.*s.key", (int)stem - 5, name);
    if (faccessat(fd, key, R_OK, 0) == 0) {
        ret->own_certificate = str_format("%s/%s", directory, name);
        ret->own_key = str_format("%s/%s", directory, key);
    }
}

static void
add_directory(const char *top, const char *host, struct certificates *ret)
{
    auto_free char *path = str_format("%s/%s", top, host);
    auto_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    auto_list names = {0};
    if (fd < 0 || file_list_dir(fd, &names) < 0)
        return;
    for (size_t i = 0; i < names.n; i++)
        add_file(path, fd, names.v[i], ret);
}

void
certificates_find(const struct origin *origin, struct certificates *ret)
{
    const char *home = getenv("HOME"), *chosen = getenv("SAMPAN_CERTS_DIR");
    auto_list tops = {0};
    if (chosen && *chosen)
        list_add(&tops, chosen);
    if (home && *home) {
        list_addf(&tops, "%s/.config/docker/certs.d", home);
        list_addf(&tops, "%s/.config/containers/certs.d", home);
    }
    list_add(&tops, "/etc/docker/certs.d");
    list_add(&tops, "/etc/containers/certs.d");
    auto_free char *with_port = str_format("%s:%d", origin->host, origin->port);
    for (size_t i = 0; i < tops.n; i++) {
        add_directory(tops.v[i], with_port, ret);
        if (origin->port == 443)
            add_directory(tops.v[i], origin->host, ret);
    }
}

void
certificates_done(struct certificates *certificates)
{
    text_done(&certificates->authorities);
    free(certificates->own_certificate);
    free(certificates->own_key);
    *certificates = (struct certificates){0};
}
