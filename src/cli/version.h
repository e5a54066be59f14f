/* version.h - which Sampan this is.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_VERSION_H
#define CLI_VERSION_H

#define SAMPAN_VERSION "0.1.0"

#endif
