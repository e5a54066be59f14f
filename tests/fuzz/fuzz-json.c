/* fuzz-json.c - any bytes as JSON: what is read and written reads the same again.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_cut.h"
#include "image/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is left without a member is good JSON as well. */
static void
cut(const uint8_t *data, size_t size)
{
    auto_text whole = {0}, left = {0};
    auto_json *doc = NULL;
    struct err e = {0};
    text_add_bytes(&whole, data, size);
    json_cut(&left, text_str(&whole), "a.b");
    if (json_parse(text_str(&left), left.len, &doc, &e) < 0)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_json *doc = NULL;
    auto_json *again = NULL;
    struct err e = {0};
    if (json_parse((const char *)data, size, &doc, &e) < 0)
        return 0;
    cut(data, size);
    auto_text out = {0}, twice = {0};
    json_write(&out, json_root(doc), 2);
    if (json_parse(text_str(&out), out.len, &again, &e) < 0)
        abort();
    json_write(&twice, json_root(again), 2);
    if (!str_eq(text_str(&out), text_str(&twice)))
        abort();

    struct manifest manifest;
    struct descriptor chosen;
    if (manifest_read(json_root(doc), "", &manifest, &e) >= 0)
        manifest_done(&manifest);
    manifest_choose(json_root(doc), "", NULL, &chosen, &e);
    return 0;
}
