/* change.h - one instruction of a Dockerfile applied to an image config.
 *
 * For `import --change` and `commit --change`: the instructions that need no build.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_CHANGE_H
#define IMAGE_CHANGE_H

#include "base/error.h"
#include "base/json.h"

/* config is the object under "config" in an image config; instruction one line, like
 * "ENV PATH=/bin" or "CMD [\"sh\"]". ERR_INVALID names the instruction. */
int change_apply(struct json_doc *doc, struct json *config, const char *instruction,
                 struct err *e);

#endif
