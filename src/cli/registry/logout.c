/* logout.c - `sampan logout`.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "cli/registry/commands.h"
#include "image/login.h"

static int
run(struct command_context *context, void *options, struct err *e)
{
    (void)options;
    auto_free char *host = NULL;
    TRY(login_host(context->argc > 0 ? context->argv[0] : NULL, &host, e));
    int r = credentials_erase(host, e);
    TRY(r);
    printf(r > 0 ? "Removing login credentials for %s\n" : "Not logged in to %s\n", host);
    return 0;
}

static const struct syntax syntax = {
    .command = "logout",
    .operands = "[SERVER]",
    .summary = "Forget the login of a registry (docker.io without SERVER)",
    .operands_most = 1,
};

const struct command command_logout = {
    .syntax = &syntax,
    .run = run,
    .error_status = 1,
};
