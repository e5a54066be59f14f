/* created.c - see created.h; reproducible-builds.org/specs/source-date-epoch.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/created.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/number.h"

#define SECONDS_MOST 253402300799 /* the last second of the year 9999 */

int
created_now(char *buf, struct err *e)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    int64_t seconds;
    if (epoch == NULL || *epoch == '\0') {
        clock_format(clock_wall_ns(), buf, CREATED_SIZE);
        return 0;
    }
    if (num_parse_i64(epoch, &seconds) < 0 || seconds <= 0 || seconds > SECONDS_MOST ||
        seconds > INT64_MAX / 1000000000)
        return err_set(e, ERR_INVALID,
                       "SOURCE_DATE_EPOCH is \"%.60s\", not a number of seconds since 1970",
                       epoch);
    clock_format(seconds * 1000000000, buf, CREATED_SIZE);
    return 0;
}
