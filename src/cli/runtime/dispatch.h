/* dispatch.h - the table of sampan-runtime's verbs, and what happens around each.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_RUNTIME_DISPATCH_H
#define CLI_RUNTIME_DISPATCH_H

/* main() of sampan-runtime; returns the exit status. */
int dispatch_main(char **argv);

#endif
