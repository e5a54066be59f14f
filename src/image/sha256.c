/* sha256.c - libcrypto's SHA-256, which knows the processor's instructions for it: 1.8 GB/s
 * where portable C makes 0.3.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/sha256.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* Hashing in memory fails only when libcrypto itself is broken or out of memory. */
static void
must(int ok)
{
    if (ok != 1)
        abort();
}

struct sha256 *
sha256_new(void)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(context != NULL);
    must(EVP_DigestInit_ex(context, EVP_sha256(), NULL));
    return (struct sha256 *)context;
}

void
sha256_free(struct sha256 *hash)
{
    EVP_MD_CTX_free((EVP_MD_CTX *)hash);
}

void
sha256_add(struct sha256 *hash, const void *data, size_t len)
{
    must(EVP_DigestUpdate((EVP_MD_CTX *)hash, data, len));
}

void
sha256_end(struct sha256 *hash, char *buf)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    must(EVP_DigestFinal_ex((EVP_MD_CTX *)hash, bytes, &n));
    must(EVP_DigestInit_ex((EVP_MD_CTX *)hash, EVP_sha256(), NULL));

    char hex[DIGEST_HEX + 1] = "";
    for (unsigned i = 0; i < DIGEST_HEX / 2; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    digest_from_hex(buf, hex);
}

void
sha256_of(const void *data, size_t len, char *buf)
{
    struct sha256 *hash = sha256_new();
    sha256_add(hash, data, len);
    sha256_end(hash, buf);
    sha256_free(hash);
}
