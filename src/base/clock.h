/* clock.h - the two clocks, and times as Docker writes them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t clock_wall_ns(void);      /* since 1970; for what is shown and stored */
int64_t clock_monotonic_ns(void); /* for time-outs and durations */

/* "2026-11-23T22:47:16.123456789Z": RFC 3339 in UTC with nanoseconds, as Docker's JSON.
 * 0 gives "0001-01-01T00:00:00Z" (never). buf wants 36 bytes. Returns buf. */
const char *clock_format(int64_t wall_ns, char *buf, size_t size);

/* Back again; also takes an offset ("+02:00") and fewer or no decimals. -EINVAL if not. */
int clock_parse(const char *s, int64_t *ret_wall_ns);

/* "Less than a second", "5 seconds", "About a minute", "2 hours", "3 weeks" ... as
 * Docker's tables say. buf wants 32 bytes. Returns buf. */
const char *clock_human_duration(int64_t ns, char *buf, size_t size);

#endif
