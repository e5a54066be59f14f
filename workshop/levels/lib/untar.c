/* untar.c - unpack an image.
 *
 * A tar archive is a row of 512-byte blocks: for each member a header block, then its
 * content, padded to whole blocks; two blocks of zeros end it. Numbers are octal text. What
 * does not fit into the header's 100 bytes for a name comes before it as a member of its
 * own: GNU tar's types L and K hold the long name or link target of the next member, pax's
 * type x holds lines "LENGTH KEY=VALUE\n". See tar(5) of libarchive, or pax(1) in POSIX.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "lib/untar.h"
#include "lib/die.h"
#include "lib/files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BLOCK = 512, LONGEST_NAME = 1 << 20 };

struct header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type;
    char link[100], magic[8], user[32], group[32], major[8], minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a tar header is one block");

struct member {
    char *name, *link; /* of the member, and what a link points to */
    mode_t mode;
    uid_t uid;
    gid_t gid;
    uint64_t size, mtime;
    char type;
};

struct archive {
    FILE *file;
    const char *path; /* for messages */
    int root;         /* where it is unpacked */
    char *next_name;  /* said by a member of type L, K or x about the next one */
    char *next_link;
    int64_t next_size; /* -1: nothing said */
};

static void
read_fully(struct archive *a, void *buffer, size_t size)
{
    if (fread(buffer, 1, size, a->file) != size)
        die("%s is cut short", a->path);
}

static void
skip_padding(struct archive *a, uint64_t size)
{
    char rest[BLOCK];
    if (size % BLOCK)
        read_fully(a, rest, BLOCK - size % BLOCK);
}

/* Octal text, or (GNU) a big-endian number when the first bit is set. */
static uint64_t
parse_number(const char *field, size_t size)
{
    uint64_t n = 0;
    if (field[0] & 0x80) {
        for (size_t i = 1; i < size; i++)
            n = n << 8 | (uint8_t)field[i];
        return n;
    }
    for (size_t i = 0; i < size && field[i]; i++)
        if (field[i] >= '0' && field[i] <= '7')
            n = n << 3 | (uint64_t)(field[i] - '0');
    return n;
}

static bool
is_checksum_right(const struct header *h)
{
    const uint8_t *bytes = (const uint8_t *)h;
    size_t start = offsetof(struct header, checksum), end = start + sizeof h->checksum;
    uint64_t sum = 0;
    for (size_t i = 0; i < BLOCK; i++)
        sum += i >= start && i < end ? ' ' : bytes[i];
    return sum == parse_number(h->checksum, sizeof h->checksum);
}

/* The content of a member that only describes the next one. */
static char *
read_text(struct archive *a, uint64_t size)
{
    if (size > LONGEST_NAME)
        die("%s: a name of %ju bytes", a->path, (uintmax_t)size);
    char *text = calloc(1, size + 1);
    if (!text)
        die("out of memory");
    read_fully(a, text, size);
    skip_padding(a, size);
    return text;
}

static void
read_pax(struct archive *a, uint64_t size)
{
    char *text = read_text(a, size);
    for (char *line = text, *end = text + size; line < end;) {
        char *key;
        size_t length = strtoul(line, &key, 10);
        if (length < 5 || length > (size_t)(end - line) || *key != ' ')
            die("%s: a broken pax header", a->path);
        line[length - 1] = '\0'; /* was the newline */
        key++;
        if (strncmp(key, "path=", 5) == 0)
            a->next_name = text_format("%s", key + 5);
        else if (strncmp(key, "linkpath=", 9) == 0)
            a->next_link = text_format("%s", key + 9);
        else if (strncmp(key, "size=", 5) == 0)
            a->next_size = strtoll(key + 5, NULL, 10);
        line += length;
    }
    free(text);
}

/* Read one header; false at the end of the archive. */
static bool
read_header(struct archive *a, struct member *m)
{
    struct header h;
    read_fully(a, &h, sizeof h);
    if (h.name[0] == '\0')
        return false;
    if (!is_checksum_right(&h))
        die("%s is not a tar archive, or damaged", a->path);

    *m = (struct member){
        .mode = parse_number(h.mode, sizeof h.mode) & 07777,
        .uid = parse_number(h.uid, sizeof h.uid),
        .gid = parse_number(h.gid, sizeof h.gid),
        .size = parse_number(h.size, sizeof h.size),
        .mtime = parse_number(h.mtime, sizeof h.mtime),
        .type = h.type,
    };
    bool has_prefix = memcmp(h.magic, "ustar\0", 6) == 0 && h.prefix[0];
    m->name = has_prefix ? text_format("%.155s/%.100s", h.prefix, h.name)
                         : text_format("%.100s", h.name);
    m->link = text_format("%.100s", h.link);
    return true;
}

/* What an earlier member said about this one wins over its own header. */
static void
apply_extensions(struct archive *a, struct member *m)
{
    if (a->next_name)
        m->name = a->next_name;
    if (a->next_link)
        m->link = a->next_link;
    if (a->next_size >= 0)
        m->size = (uint64_t)a->next_size;
    a->next_name = a->next_link = NULL;
    a->next_size = -1;
}

static bool
has_dot_dot(const char *path)
{
    for (const char *p = path; (p = strstr(p, "..")); p += 2)
        if ((p == path || p[-1] == '/') && (p[2] == '/' || p[2] == '\0'))
            return true;
    return false;
}

/* Open the directory that holds a member, and find the member's name in it. */
static int
open_parent(struct archive *a, char *path, const char **ret_name)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        path[--length] = '\0';
    if (has_dot_dot(path))
        die("%s: %s leads out of the image", a->path, path);

    char *slash = strrchr(path, '/');
    *ret_name = slash ? slash + 1 : path;
    char *parent = slash ? text_format("./%.*s", (int)(slash - path), path)
                         : text_format(".");
    struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                           .resolve = RESOLVE_IN_ROOT};
    int fd = syscall(SYS_openat2, a->root, parent, &how, sizeof how);
    if (fd < 0)
        die_errno("%s: open the directory of %s", a->path, path);
    free(parent);
    return fd;
}

static void
copy_content(struct archive *a, const struct member *m, int fd)
{
    char buffer[64 * 1024];
    for (uint64_t left = m->size; left;) {
        size_t n = left < sizeof buffer ? left : sizeof buffer;
        read_fully(a, buffer, n);
        if (write(fd, buffer, n) != (ssize_t)n)
            die_errno("write %s", m->name);
        left -= n;
    }
    skip_padding(a, m->size);
}

static void
make_file(struct archive *a, const struct member *m, int parent, const char *name)
{
    int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        die_errno("create %s", m->name);
    copy_content(a, m, fd);

    /* The owner first: chown(2) clears the set-user-ID bit. */
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = (time_t)m->mtime}};
    if (fchown(fd, m->uid, m->gid) < 0 || fchmod(fd, m->mode) < 0 ||
        futimens(fd, times) < 0)
        die_errno("set owner, mode and time of %s", m->name);
    if (close(fd) < 0)
        die_errno("write %s", m->name);
}

static void
make_directory(const struct member *m, int parent, const char *name)
{
    if (mkdirat(parent, name, 0700) < 0 && errno != EEXIST)
        die_errno("make the directory %s", m->name);
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fchown(fd, m->uid, m->gid) < 0 || fchmod(fd, m->mode) < 0)
        die_errno("set owner and mode of %s", m->name);
    close(fd);
}

static void
make_symlink(const struct member *m, int parent, const char *name)
{
    if (symlinkat(m->link, parent, name) < 0 ||
        fchownat(parent, name, m->uid, m->gid, AT_SYMLINK_NOFOLLOW) < 0)
        die_errno("make the link %s", m->name);
}

static void
make_hard_link(struct archive *a, const struct member *m, int parent, const char *name)
{
    const char *old_name;
    int old_parent = open_parent(a, m->link, &old_name);
    if (linkat(old_parent, old_name, parent, name, 0) < 0)
        die_errno("link %s to %s", m->name, m->link);
    close(old_parent);
}

static void
make_member(struct archive *a, const struct member *m)
{
    const char *name;
    int parent = open_parent(a, m->name, &name);
    bool is_top = *name == '\0' || strcmp(name, ".") == 0;
    bool is_directory = m->type == '5';
    if (!is_directory && unlinkat(parent, name, 0) < 0 && errno != ENOENT)
        die_errno("replace %s", m->name); /* an archive may hold a name twice */

    switch (m->type) {
    case '0':
    case '\0':
        make_file(a, m, parent, name);
        break;
    case '1':
        make_hard_link(a, m, parent, name);
        break;
    case '2':
        make_symlink(m, parent, name);
        break;
    case '3': /* a character device, a block device, a fifo */
    case '4':
    case '6':
        break;
    case '5':
        make_directory(m, parent, is_top ? "." : name);
        break;
    default:
        die("%s: %s has the unknown type %c", a->path, m->name, m->type);
    }
    close(parent);
}

void
untar(const char *archive, const char *directory)
{
    struct archive a = {.path = archive, .file = fopen(archive, "re"), .next_size = -1};
    if (!a.file)
        die_errno("open the image %s", archive);
    mkdir_p(directory);
    a.root = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (a.root < 0)
        die_errno("open %s", directory);

    for (struct member m; read_header(&a, &m);) {
        if (m.type == 'L') {
            a.next_name = read_text(&a, m.size);
        } else if (m.type == 'K') {
            a.next_link = read_text(&a, m.size);
        } else if (m.type == 'x') {
            read_pax(&a, m.size);
        } else if (m.type == 'g') { /* says something about all: a comment, as a rule */
            free(read_text(&a, m.size));
        } else {
            apply_extensions(&a, &m);
            make_member(&a, &m);
        }
    }
    close(a.root);
    fclose(a.file);
}
