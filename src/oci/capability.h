/* capability.h - the names of capabilities(7): bit N is capability N.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef OCI_CAPABILITY_H
#define OCI_CAPABILITY_H

#include <stdint.h>

#include "oci/table.h"

#define OCI_CAPABILITY_LAST 40 /* CAP_CHECKPOINT_RESTORE, Linux 5.9 */
#define OCI_CAPABILITY_ALL  ((1ULL << (OCI_CAPABILITY_LAST + 1)) - 1)

/* {"CAP_CHOWN", 1 << 0} and so on; ends with a NULL name. */
extern const struct oci_word oci_capability_words[];

#endif
