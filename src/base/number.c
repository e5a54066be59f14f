/* number.c - the one place where text becomes a number.
 *
 * strtol() skips blanks, takes signs where none belong and stops at junk: each has been
 * a hole somewhere. So digits are read by hand, with checked arithmetic.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/number.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Reads digits of a base from *s on, moves *s behind them. */
static int
read_digits(const char **s, unsigned base, uint64_t *ret)
{
    const char *p = *s;
    uint64_t value = 0;
    for (; *p >= '0' && *p < (char)('0' + base); p++) {
        if (__builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
            return -ERANGE;
    }
    if (p == *s)
        return -EINVAL;
    *s = p;
    *ret = value;
    return 0;
}

int
num_parse_u64(const char *s, uint64_t *ret)
{
    uint64_t value;
    int r = read_digits(&s, 10, &value);
    if (r < 0)
        return r;
    if (*s)
        return -EINVAL;
    *ret = value;
    return 0;
}

int
num_parse_i64(const char *s, int64_t *ret)
{
    bool is_negative = *s == '-';
    uint64_t value;
    int r = num_parse_u64(s + is_negative, &value);
    if (r < 0)
        return r;
    if (value > (uint64_t)INT64_MAX + is_negative)
        return -ERANGE;
    *ret = is_negative ? (int64_t)-value : (int64_t)value;
    return 0;
}

int
num_parse_int(const char *s, int *ret)
{
    int64_t value;
    int r = num_parse_i64(s, &value);
    if (r < 0)
        return r;
    if (value < INT_MIN || value > INT_MAX)
        return -ERANGE;
    *ret = (int)value;
    return 0;
}

int
num_parse_octal(const char *s, unsigned *ret)
{
    uint64_t value;
    int r = read_digits(&s, 8, &value);
    if (r < 0)
        return r;
    if (*s)
        return -EINVAL;
    if (value > 07777)
        return -ERANGE;
    *ret = (unsigned)value;
    return 0;
}

int
num_parse_id(const char *s, uint32_t *ret)
{
    uint64_t value;
    int r = num_parse_u64(s, &value);
    if (r < 0)
        return r;
    if (value > UINT32_MAX - 1)
        return -ERANGE;
    *ret = (uint32_t)value;
    return 0;
}

bool
num_is_digits(const char *s)
{
    return *s && strspn(s, "0123456789") == strlen(s);
}

/* Reads "12", "12.5" or ".5" as a whole part and billionths; moves *s behind it. */
static int
read_decimal(const char **s, uint64_t *whole, uint64_t *nano)
{
    *whole = *nano = 0;
    bool has_whole = **s >= '0' && **s <= '9';
    if (has_whole) {
        int r = read_digits(s, 10, whole);
        if (r < 0)
            return r;
    }
    if (**s != '.')
        return has_whole ? 0 : -EINVAL;

    const char *p = *s + 1;
    uint64_t scale = 100000000;
    for (; *p >= '0' && *p <= '9'; p++, scale /= 10)
        *nano += (uint64_t)(*p - '0') * scale; /* places past the ninth weigh 0 */
    if (!has_whole && p == *s + 1)
        return -EINVAL;
    *s = p;
    return 0;
}

/* (whole + nano / 10^9) * unit, in range of int64_t. */
static int
scale_decimal(uint64_t whole, uint64_t nano, uint64_t unit, int64_t *ret)
{
    unsigned __int128 value = (unsigned __int128)whole * unit +
                              (unsigned __int128)nano * unit / 1000000000;
    if (value > INT64_MAX)
        return -ERANGE;
    *ret = (int64_t)value;
    return 0;
}

int
num_parse_size(const char *s, int64_t *ret)
{
    static const char letters[] = "bkmgtp";
    uint64_t whole, nano;
    int r = read_decimal(&s, &whole, &nano);
    if (r < 0)
        return r;
    if (*s == ' ')
        s++;
    uint64_t unit = 1;
    if (*s) {
        char lower = (char)(*s | 0x20);
        const char *found = strchr(letters, lower);
        if (!found)
            return -EINVAL;
        unit <<= 10 * (found - letters);
        s++;
        bool is_scaled = lower != 'b';
        if (is_scaled && (*s | 0x20) == 'i' && (s[1] | 0x20) == 'b')
            s += 2;
        else if (is_scaled && (*s | 0x20) == 'b')
            s++;
    }
    if (*s)
        return -EINVAL;
    return scale_decimal(whole, nano, unit, ret);
}

int
num_parse_nano(const char *s, int64_t *ret)
{
    uint64_t whole, nano;
    int r = read_decimal(&s, &whole, &nano);
    if (r < 0)
        return r;
    if (*s)
        return -EINVAL;
    return scale_decimal(whole, nano, 1000000000, ret);
}

int
num_parse_duration(const char *s, int64_t *ret)
{
    static const struct {
        const char *name;
        uint64_t ns;
    } units[] = {
  /* longer names first where one begins another */
        {"ns", 1                   },
        {"us", 1000                },
        {"ms", 1000000             },
        {"s",  1000000000          },
        {"m",  60ULL * 1000000000  },
        {"h",  3600ULL * 1000000000},
    };

    if (strcmp(s, "0") == 0) {
        *ret = 0;
        return 0;
    }
    int64_t total = 0;
    if (!*s)
        return -EINVAL;
    while (*s) {
        uint64_t whole, nano;
        int r = read_decimal(&s, &whole, &nano);
        if (r < 0)
            return r;
        uint64_t unit = 0;
        for (size_t i = 0; i < sizeof units / sizeof units[0] && !unit; i++) {
            size_t n = strlen(units[i].name);
            if (strncmp(s, units[i].name, n) == 0) {
                unit = units[i].ns;
                s += n;
            }
        }
        if (!unit)
            return -EINVAL;
        int64_t part;
        r = scale_decimal(whole, nano, unit, &part);
        if (r < 0)
            return r;
        if (__builtin_add_overflow(total, part, &total))
            return -ERANGE;
    }
    *ret = total;
    return 0;
}

static const char *
human(uint64_t bytes, double step, const char *const *units, size_t n, int digits,
      char *buf, size_t size)
{
    double value = (double)bytes;
    size_t i = 0;
    while (value >= step && i + 1 < n) {
        value /= step;
        i++;
    }
    snprintf(buf, size, "%.*g%s", digits, value, units[i]);
    return buf;
}

const char *
num_human_decimal(uint64_t bytes, char *buf, size_t size)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    return human(bytes, 1000, units, 6, 3, buf, size);
}

const char *
num_human_binary(uint64_t bytes, char *buf, size_t size)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    return human(bytes, 1024, units, 6, 4, buf, size);
}
