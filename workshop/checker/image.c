/* image.c - the checker's own small image, written as a tar archive.
 *
 *   512 bytes header, content padded to 512, and so on; two empty blocks end it.
 *   offset  0 name[100]  100 mode[8]  108 uid[8]  116 gid[8]  124 size[12]  136 time[12]
 *   148 sum[8]  156 type  157 link[100]  257 "ustar" 263 "00"  329 major[8]  337 minor[8]
 *   Numbers are octal digits; the sum counts the header's bytes, its own field as spaces.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "image.h"
#include "util.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Linked in by `ld -r -b binary`, which makes up these names. */
extern const char _binary_probe_start[], _binary_probe_end[];

struct entry {
    const char *name;
    char type; /* '0' file, '2' symbolic link, '3' character device, '5' directory */
    unsigned mode;
    const char *content; /* or the link's target */
    size_t size;
};

int
image_write_probe(const char *path)
{
    FILE *f = fopen(path, "we");
    if (!f)
        return -errno;
    fwrite(_binary_probe_start, 1, _binary_probe_end - _binary_probe_start, f);
    if (fclose(f) != 0)
        return -errno;
    return chmod(path, 0755) < 0 ? -errno : 0;
}

static void
put_entry(FILE *f, const struct entry *e)
{
    static const char zeros[512];
    char h[513] = {0};
    size_t size = e->type == '0' ? e->size : 0;
    snprintf(h, 100, "%s", e->name);
    snprintf(h + 100, 8, "%07o", e->mode);
    snprintf(h + 108, 8, "%07o", 0);
    snprintf(h + 116, 8, "%07o", 0);
    snprintf(h + 124, 12, "%011zo", size);
    snprintf(h + 136, 12, "%011o", 0);
    h[156] = e->type;
    if (e->type == '2')
        snprintf(h + 157, 100, "%s", e->content);
    memcpy(h + 257,
           "ustar\0"
           "00",
           8);
    snprintf(h + 329, 8, "%07o", e->type == '3' ? 1 : 0);
    snprintf(h + 337, 8, "%07o", e->type == '3' ? 3 : 0);
    memset(h + 148, ' ', 8);
    unsigned sum = 0;
    for (int i = 0; i < 512; i++)
        sum += (unsigned char)h[i];
    snprintf(h + 148, 8, "%06o", sum);
    fwrite(h, 1, 512, f);
    if (e->content)
        fwrite(e->content, 1, size, f);
    else
        for (size_t i = 0; i < size; i += 512)
            fwrite(zeros, 1, size - i < 512 ? size - i : 512, f);
    fwrite(zeros, 1, (512 - size % 512) % 512, f);
}

int
image_write(const char *path, const char *stage, const char *token, size_t filler)
{
    char stage_dir[64], stage_bin[64], stage_probe[64];
    format(stage_dir, sizeof(stage_dir), "%s/", stage + 1);
    format(stage_bin, sizeof(stage_bin), "%s/bin/", stage + 1);
    format(stage_probe, sizeof(stage_probe), "%s/bin/probe", stage + 1);
    size_t probe = _binary_probe_end - _binary_probe_start;
    /* Every machine has a daemon too, with another number. */
    static const char passwd[] = "root:x:0:0:root:/:/bin/sh\n"
                                 "daemon:x:2014:2015:a user of the image:/:/bin/sh\n";
    static const char group[] = "root:x:0:\ndaemon:x:2015:\n";
    const struct entry entries[] = {
        {"bin/",        '5', 0755,  NULL,                0                 },
        {"bin/probe",   '0', 0755,  _binary_probe_start, probe             },
        {"bin/raised",  '0', 04755, "set-user-ID\n",     12                },
        {"bin/no-exec", '0', 0644,  "not a program\n",   14                },
        {"dev/",        '5', 0755,  NULL,                0                 },
        {"etc/",        '5', 0755,  NULL,                0                 },
        {"etc/passwd",  '0', 0644,  passwd,              sizeof(passwd) - 1},
        {"etc/group",   '0', 0644,  group,               sizeof(group) - 1 },
        {"etc/token",   '0', 0644,  token,               strlen(token)     },
        {"etc/link",    '2', 0777,  "token",             0                 },
        {"proc/",       '5', 0555,  NULL,                0                 },
        {"sys/",        '5', 0555,  NULL,                0                 },
        {"tmp/",        '5', 01777, NULL,                0                 },
        {stage_dir,     '5', 0755,  NULL,                0                 },
        {stage_bin,     '5', 0755,  NULL,                0                 },
        {stage_probe,   '0', 0755,  _binary_probe_start, probe             },
        {"var/",        '5', 0755,  NULL,                0                 },
        {"var/device",  '3', 0666,  NULL,                0                 },
        {"var/filler",  '0', 0644,  NULL,                filler            },
        {"etc/last",    '0', 0644,  token,               strlen(token)     },
    };
    FILE *f = fopen(path, "we");
    if (!f)
        return -errno;
    for (size_t i = 0; i < COUNT(entries); i++)
        put_entry(f, &entries[i]);
    char end[1024] = {0};
    fwrite(end, 1, sizeof(end), f);
    int r = ferror(f) ? -EIO : 0;
    return fclose(f) != 0 ? -errno : r;
}
