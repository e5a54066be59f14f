/* fuzz-template.c - any bytes as a template: what parses is run on a container's JSON, to its
 * end or to an error that says where.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char container[] =
    "{\"Name\":\"/x\",\"State\":{\"Status\":\"running\",\"Running\":true,\"Pid\":7},"
    "\"Ports\":{\"80/tcp\":[{\"HostPort\":\"8080\"}],\"1/udp\":null},\"L\":[\"a\",\"b\"],"
    "\"N\":9007199254740993,\"E\":[],\".labels\":{\"k\":\"v\"}}";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct json_doc *doc;
    struct err e = {0};
    auto_template *t = NULL;
    auto_text out = {0};
    if (doc == NULL && json_parse(container, strlen(container), &doc, &e) < 0)
        abort();
    if (size > 4096)
        return 0;
    auto_free char *words = mem_new(size + 1, 1);
    memcpy(words, data, size);
    if (template_parse(words, &t, &e) < 0 ||
        template_render(t, json_root(doc), &out, &e) < 0) {
        if (!str_starts(e.text, "template parsing error: "))
            abort();
    }
    return 0;
}
