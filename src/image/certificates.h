/* certificates.h - whom to trust as a registry, and who we are to it: certs.d.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMAGE_CERTIFICATES_H
#define IMAGE_CERTIFICATES_H

#include "image/url.h"

struct certificates {
    struct text authorities;         /* PEM, beside the system's */
    char *own_certificate, *own_key; /* paths, or NULL */
};

/* What the directories named in http.h hold for this host. Files that cannot be read are as
 * if they were not there: the handshake then says what is missing. */
void certificates_find(const struct origin *origin, struct certificates *ret);
void certificates_done(struct certificates *certificates);

#endif
