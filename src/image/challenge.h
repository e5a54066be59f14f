/* challenge.h - what a registry asks for: the header WWW-Authenticate.
 *
 * RFC 9110, section 11.6.1; distribution's token specification for Bearer.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_CHALLENGE_H
#define IMAGE_CHALLENGE_H

enum challenge_scheme {
    CHALLENGE_NONE,
    CHALLENGE_BASIC,
    CHALLENGE_BEARER,
};

struct challenge {
    enum challenge_scheme scheme;
    char realm[2048]; /* Bearer: the token server's URL, not checked yet */
    char service[256];
};

/* The first Bearer of a header's challenges, else the first Basic; adds to what *ret holds,
 * for a header that comes several times. -EINVAL if the text is no list of challenges. */
int challenge_parse(const char *header, struct challenge *ret);

#endif
