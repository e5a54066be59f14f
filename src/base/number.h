/* number.h - numbers out of text, in one place, and back.
 *
 * Every parser takes the whole string or nothing: no leading blanks, no sign where none
 * belongs, no trailing junk, no silent overflow. All return 0 or -EINVAL / -ERANGE and
 * leave *ret untouched on failure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int num_parse_u64(const char *s, uint64_t *ret);
int num_parse_i64(const char *s, int64_t *ret);
int num_parse_int(const char *s, int *ret);
int num_parse_octal(const char *s, unsigned *ret); /* a file mode: at most 07777 */

/* A user or group id: decimal digits only, at most 4294967294 (rule R14). */
int num_parse_id(const char *s, uint32_t *ret);
bool num_is_digits(const char *s); /* not empty, digits only */

/* "64m", "1.5GiB", "512" -> bytes. Units b k m g t p, upper or lower case, optionally
 * followed by b or ib; all binary, as Docker's RAMInBytes. */
int num_parse_size(const char *s, int64_t *ret);

/* "1.5" -> 1500000000: decimal with up to nine places, in billionths (--cpus). */
int num_parse_nano(const char *s, int64_t *ret);

/* "1m30s", "500ms", "2h" -> nanoseconds (Go's time.ParseDuration, not negative). */
int num_parse_duration(const char *s, int64_t *ret);

/* 3970000 -> "3.97MB" (decimal) or 503808 -> "492KiB" (binary), four significant digits
 * at the most, as Docker prints sizes. buf wants 16 bytes or more. Returns buf. */
const char *num_human_decimal(uint64_t bytes, char *buf, size_t size);
const char *num_human_binary(uint64_t bytes, char *buf, size_t size);

#endif
