/* fuzz-reference.c - any text as an image name: what is taken must read the same again.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "image/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_free char *text = str_format("%.*s", (int)size, (const char *)data);
    struct reference r, again;
    struct err e = {0};
    char full[REFERENCE_SIZE], twice[REFERENCE_SIZE];
    if (reference_parse(text, &r, &e) < 0)
        return 0;
    reference_full(&r, full);
    if (reference_parse(full, &again, &e) < 0 ||
        !str_eq(full, reference_full(&again, twice)) || strstr(r.path, ".."))
        abort();
    reference_short(&r, full);
    if (reference_parse(full, &again, &e) < 0 || !str_eq(r.path, again.path))
        abort();
    return 0;
}
