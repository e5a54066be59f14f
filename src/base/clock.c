/* clock.c - times read, written and put in words.
 *
 * Dates are worked out by hand (days from civil, proleptic Gregorian), so that a static
 * binary needs no time zone data and no locale.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECOND 1000000000LL

static int64_t
read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
}

int64_t
clock_wall_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t
clock_monotonic_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

const char *
clock_format(int64_t wall_ns, char *buf, size_t size)
{
    if (wall_ns == 0) {
        snprintf(buf, size, "0001-01-01T00:00:00Z");
        return buf;
    }
    time_t seconds = (time_t)(wall_ns / SECOND);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    size_t n = strftime(buf, size, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(buf + n, size - n, ".%09dZ", (int)(wall_ns % SECOND));
    return buf;
}

/* Days from 1970-01-01 to a date. */
static int64_t
days_from_civil(int64_t y, int m, int d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
                         day_of_year;
    return era * 146097 + day_of_era - 719468;
}

/* Reads the decimals behind a '.', as nanoseconds; moves *s behind them. */
static int64_t
read_fraction(const char **s)
{
    int64_t ns = 0, scale = SECOND / 10;
    for ((*s)++; **s >= '0' && **s <= '9'; (*s)++, scale /= 10)
        ns += (**s - '0') * scale;
    return ns;
}

int
clock_parse(const char *s, int64_t *ret_wall_ns)
{
    int y, mo, d, h, mi, sec, used = 0;
    if (sscanf(s, "%4d-%2d-%2dT%2d:%2d:%2d%n", &y, &mo, &d, &h, &mi, &sec, &used) != 6 ||
        !used)
        return -EINVAL;
    if (mo < 1 || mo > 12 || d < 1 || d > 31 || h > 23 || mi > 59 || sec > 60)
        return -EINVAL;
    if (h < 0 || mi < 0 || sec < 0)
        return -EINVAL;
    s += used;
    int64_t ns = *s == '.' ? read_fraction(&s) : 0;

    int offset_h = 0, offset_m = 0;
    char sign = *s;
    if (sign == '+' || sign == '-') {
        used = 0;
        if (sscanf(s + 1, "%2d:%2d%n", &offset_h, &offset_m, &used) != 2 || s[1 + used])
            return -EINVAL;
    } else if (strcmp(s, "Z") != 0) {
        return -EINVAL;
    }
    if (y <= 1) {
        *ret_wall_ns = 0;
        return 0;
    }
    int64_t offset = (offset_h * 60 + offset_m) * 60 * (sign == '-' ? -1 : 1);
    int64_t seconds = ((days_from_civil(y, mo, d) * 24 + h) * 60 + mi) * 60 + sec - offset;
    *ret_wall_ns = seconds * SECOND + ns;
    return 0;
}

const char *
clock_human_duration(int64_t ns, char *buf, size_t size)
{
    int64_t seconds = ns / SECOND, minutes = seconds / 60, hours = (minutes + 30) / 60;
    if (seconds < 1)
        snprintf(buf, size, "Less than a second");
    else if (seconds == 1)
        snprintf(buf, size, "1 second");
    else if (seconds < 60)
        snprintf(buf, size, "%d seconds", (int)seconds);
    else if (minutes == 1)
        snprintf(buf, size, "About a minute");
    else if (minutes < 60)
        snprintf(buf, size, "%d minutes", (int)minutes);
    else if (hours == 1)
        snprintf(buf, size, "About an hour");
    else if (hours < 48)
        snprintf(buf, size, "%d hours", (int)hours);
    else if (hours < 24 * 7 * 2)
        snprintf(buf, size, "%d days", (int)(hours / 24));
    else if (hours < 24 * 30 * 2)
        snprintf(buf, size, "%d weeks", (int)(hours / 24 / 7));
    else if (hours < 24 * 365 * 2)
        snprintf(buf, size, "%d months", (int)(hours / 24 / 30));
    else
        snprintf(buf, size, "%d years", (int)(hours / 24 / 365));
    return buf;
}
