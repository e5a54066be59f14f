/* index.h - index.json, the table of names: which name means which image.
 *
 *     {"manifests": [{"mediaType": .., "digest": <manifest>, "size": N, "annotations":
 *         {"org.opencontainers.image.ref.name": <full name>, "sampan.image.id": <id>}}, ..]}
 *
 * An image without a name has one entry without a name: the layout leads to every blob. A
 * change is a new table, written beside its place and renamed; whoever changes it holds the
 * store's lock. Beside it lies a file of ballast: on a full disk a name can only be taken away
 * if there is something to throw overboard first.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_INDEX_H
#define IMAGE_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "image/reference.h"

#define STORE_NAME_KEY "org.opencontainers.image.ref.name"
#define STORE_ID_KEY   "sampan.image.id"

/* images_fd: the directory images/. */
int index_read(int images_fd, struct json_doc **ret, struct err *e);
const struct json *index_entries(const struct json_doc *index);

/* Of an entry: its full name, or NULL; the id of its image, or NULL: not one of ours. */
const char *index_name(const struct json *entry);
const char *index_id(const struct json *entry);

/* The id of the image that has the name, or NULL. With a digest the tag does not count. */
const char *index_find(const struct json_doc *index, const struct reference *wanted);

/* A new table: the old one with some entries left out and some added. */
struct index_edit {
    struct json_doc *old, *new;
    struct json *entries; /* of the new one */
};

int index_edit_begin(struct index_edit *ret, int images_fd, struct err *e);
int index_edit_write(struct index_edit *edit, int images_fd, struct err *e);

/* Takes new ballast on board where it is missing and the disk has room. */
void index_keep_ballast(int images_fd);
void index_edit_done(struct index_edit *edit);

void index_edit_keep(struct index_edit *edit, const struct json *entry);
void index_edit_add(struct index_edit *edit, const char *media_type, const char *manifest,
                    int64_t size, const char *id, const char *name); /* name: or NULL */
bool index_edit_has(const struct index_edit *edit, const char *id);

/* Copies all entries but that of this name (NULL: all); false if there is none. The image
 * that had it keeps a nameless entry if it was its last. */
bool index_edit_drop_name(struct index_edit *edit, const char *name);

/* Takes out the nameless entries of an image that gets a name, or goes. */
void index_edit_drop_nameless(struct index_edit *edit, const char *id);

#endif
