/* reference.h - the names of images: [host[:port]/]path[:tag][@digest].
 *
 * The grammar is the distribution project's; the defaults are Docker's: no host means
 * docker.io, one word there means library/word, no tag and no digest means :latest.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_REFERENCE_H
#define IMAGE_REFERENCE_H

#include <stdbool.h>

#include "base/error.h"
#include "image/digest.h"

#define REFERENCE_NAME_MOST 255
#define REFERENCE_TAG_MOST  128
#define REFERENCE_SIZE      (2 * REFERENCE_NAME_MOST + REFERENCE_TAG_MOST + DIGEST_SIZE + 3)

struct reference {
    char host[REFERENCE_NAME_MOST + 1]; /* "docker.io", "localhost:5000" */
    char path[REFERENCE_NAME_MOST + 1]; /* "library/busybox" */
    char tag[REFERENCE_TAG_MOST + 1];   /* "latest"; "" only where there is a digest */
    char digest[DIGEST_SIZE];           /* "sha256:..." or "" */
};

/* Reads a name as a user types it. ERR_INVALID names the argument and what is wrong. */
int reference_parse(const char *s, struct reference *ret, struct err *e);

/* The same for a name that something is to get: it has no digest, and is none. */
int reference_parse_new(const char *s, struct reference *ret, struct err *e);

/* It has no host, so that it depends on settings which image it means: "busybox", "a/b:1". */
bool reference_is_short(const char *s);

/* A name without tag and digest, where Docker says "Using default tag". */
bool reference_is_bare(const char *s);

/* A tag alone: letters, digits, '_', '.' and '-', 128 at most. */
bool reference_is_tag(const char *s);

/* "docker.io/library/busybox:latest", with "@sha256:..." where there is a digest: what
 * index.json holds. buf wants REFERENCE_SIZE bytes. Returns buf. */
const char *reference_full(const struct reference *r, char *buf);

/* As Docker prints it: "busybox:latest", "localhost:5000/a/b:1". buf as above. */
const char *reference_short(const struct reference *r, char *buf);

/* The name alone as Docker prints it, without tag and digest: "busybox". buf as above. */
const char *reference_repository(const struct reference *r, char *buf);

#endif
