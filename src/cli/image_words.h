/* image_words.h - times and sizes of images, as Docker's tables say them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_IMAGE_WORDS_H
#define CLI_IMAGE_WORDS_H

#include <stdint.h>

#include "base/text.h"

/* "3 weeks ago"; "N/A" for no time. The caller frees. */
char *words_since(int64_t created_ns);

/* "2026-11-26 23:50:44 +0000 UTC"; "N/A". The caller frees. */
char *words_at(int64_t created_ns);

/* "1.98MB". The caller frees. */
char *words_size(int64_t bytes);

/* The twelve digits of "sha256:...", or all of it. The caller frees. */
char *words_id(const char *id, bool is_whole);

#endif
