/* image_words.c - see image_words.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/image_words.h"

#include "base/clock.h"
#include "base/number.h"
#include "image/digest.h"

#define ID_SHORT 12

char *
words_since(int64_t created_ns)
{
    char age[32];
    if (created_ns <= 0)
        return str_copy("N/A");
    return str_format("%s ago",
                      clock_human_duration(clock_wall_ns() - created_ns, age, sizeof age));
}

char *
words_at(int64_t created_ns)
{
    char t[40];
    if (created_ns <= 0)
        return str_copy("N/A");
    clock_format(created_ns, t, sizeof t);
    return str_format("%.10s %.8s +0000 UTC", t, t + 11);
}

char *
words_size(int64_t bytes)
{
    char size[16];
    return str_copy(num_human_decimal(bytes > 0 ? (uint64_t)bytes : 0, size, sizeof size));
}

char *
words_id(const char *id, bool is_whole)
{
    return is_whole ? str_copy(id) : str_format("%.*s", ID_SHORT, digest_hex(id));
}
