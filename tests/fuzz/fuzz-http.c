/* fuzz-http.c - what a registry sends and we take apart: challenges, URLs, Locations.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "image/base64.h"
#include "image/challenge.h"
#include "image/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_free char *text = str_format("%.*s", (int)size, (const char *)data);
    struct challenge c = {0};
    struct origin from, to;
    if (challenge_parse(text, &c) >= 0 && strpbrk(c.realm, "\r\n"))
        abort();
    auto_free char *url = url_resolve("https://a.example/x?y", text);
    if (url && (url_origin(url, &to) < 0 || strpbrk(url, " \r\n\t@#") == url))
        abort();
    if (url && *text == '/' &&
        (url_origin("https://a.example/", &from) < 0 || !origin_eq(&from, &to)))
        abort(); /* a path stays where it is */
    auto_text plain = {0}, again = {0};
    if (base64_decode(&plain, text) >= 0)
        base64_encode(&again, plain.data, plain.len);
    return 0;
}
