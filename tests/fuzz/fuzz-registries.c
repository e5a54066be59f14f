/* fuzz-registries.c - any text as registries.conf, and a name asked of what was taken.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdlib.h>

#include "image/registries.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct registries registries = {0};
    struct endpoint endpoints[ENDPOINTS_MOST];
    struct reference r;
    struct err e = {0};
    auto_list names = {0};
    if (registries_add(&registries, "fuzz", (const char *)data, size, &e) >= 0 &&
        registries_candidates(&registries, "a:1", &names, &e) >= 0) {
        for (size_t i = 0; i < names.n; i++) {
            if (reference_parse(names.v[i], &r, &e) < 0)
                abort(); /* a candidate is a name */
            int n = registries_endpoints(&registries, &r, true, endpoints, &e);
            if (n == 0 || n > ENDPOINTS_MOST)
                abort();
        }
    }
    registries_done(&registries);
    return 0;
}
