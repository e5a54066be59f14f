/* credential_helper.c - one program run with a pipe at each end.
 *
 * The program is looked for in the absolute directories of PATH and run with one fixed word
 * as its argument (rule R11). It has a minute, and a megabyte, to answer.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/credential_helper.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "linux/descriptor.h"
#include "linux/process.h"

#define ANSWER_MOST (1u << 20)
#define PATIENCE_NS 60000000000ll

void
credentials_done(struct credentials *credentials)
{
    free(credentials->user);
    if (credentials->password)
        explicit_bzero(credentials->password, strlen(credentials->password));
    free(credentials->password);
    free(credentials->identity_token);
    *credentials = (struct credentials){0};
}

static int
find_program(const char *name, char **ret, struct err *e)
{
    const char *path = getenv("PATH");
    auto_list directories = {0};
    bool is_plain = *name &&
                    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "0123456789._-") == strlen(name);
    if (!is_plain)
        return err_set(e, ERR_INVALID, "\"%.100s\" is no name of a credential helper",
                       name);
    list_split(&directories, path ? path : "/usr/local/bin:/usr/bin:/bin", ':');
    for (size_t i = 0; i < directories.n; i++) {
        auto_free char *file = str_format("%s/docker-credential-%s", directories.v[i],
                                          name);
        if (*file == '/' && access(file, X_OK) == 0) {
            *ret = take_ptr(file);
            return 0;
        }
    }
    return err_set(e, ERR_NOT_FOUND,
                   "config.json names the credential helper \"%s\", but there is no "
                   "docker-credential-%s on the PATH",
                   name, name);
}

static void
become(const char *program, const char *action, int in, int out)
{
    char *const argv[] = {(char *)program, (char *)action, NULL};
    if (lx_dup_to(in, STDIN_FILENO, 0) >= 0 && lx_dup_to(out, STDOUT_FILENO, 0) >= 0) {
        signal(SIGPIPE, SIG_DFL);
        lx_execve(program, argv, environ);
    }
    _exit(127);
}

/* All that comes from fd until it ends, the bound or the time is reached. */
static int
read_answer(int fd, struct text *answer, struct err *e)
{
    int64_t deadline = clock_monotonic_ns() + PATIENCE_NS;
    for (;;) {
        char buf[4096];
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int64_t left = (deadline - clock_monotonic_ns()) / 1000000;
        int ready = left > 0 ? poll(&wait, 1, (int)left) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        ssize_t n = ready > 0 ? read(fd, buf, sizeof buf) : -1;
        if (ready == 0 || answer->len > ANSWER_MOST)
            return err_set(e, ERR_SYSTEM, "it does not come to an end");
        if (n <= 0)
            return 0;
        text_add_bytes(answer, buf, (size_t)n);
    }
}

/* Runs it: 1 if it exits with 0, else 0 (answer then says why). */
static int
talk(const char *program, const char *action, const char *input, struct text *answer,
     struct err *e)
{
    int to[2], from[2];
    TRY(err_sys(e, lx_pipe(to, 0), "make a pipe"));
    auto_close int in = to[0], input_end = to[1];
    TRY(err_sys(e, lx_pipe(from, 0), "make a pipe"));
    auto_close int out = from[1], answer_end = from[0];
    pid_t pid = fork();
    if (pid < 0)
        return err_sys(e, -errno, "start %s", program);
    if (pid == 0)
        become(program, action, in, out);
    fd_close(&in);
    fd_close(&out);
    file_write_all(input_end, input, strlen(input)); /* it may not want to read */
    fd_close(&input_end);
    int r = read_answer(answer_end, answer, e);
    if (r < 0)
        lx_kill(pid, SIGKILL);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (r < 0)
        return err_wrap(e, r, "%s", program);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int
call(const char *name, const char *action, const char *input, struct text *answer,
     struct err *e)
{
    auto_free char *program = NULL;
    TRY(find_program(name, &program, e));
    return talk(program, action, input, answer, e);
}

static int
failed(const char *name, const char *action, const struct text *answer, struct err *e)
{
    return err_set(e, ERR_SYSTEM, "docker-credential-%s %s failed: %.*s", name, action,
                   (int)strcspn(text_str(answer), "\r\n"), text_str(answer));
}

int
credential_helper_get(const char *name, const char *server, struct credentials *ret,
                      struct err *e)
{
    auto_text answer = {0};
    auto_json *doc = NULL;
    int r = call(name, "get", server, &answer, e);
    TRY(r);
    if (r == 0 && strstr(text_str(&answer), "credentials not found"))
        return 0;
    if (r == 0)
        return failed(name, "get", &answer, e);
    r = json_parse(answer.data, answer.len, &doc, e);
    if (r < 0)
        return err_wrap(e, r, "the answer of docker-credential-%s", name);
    const char *user = json_str(json_get(json_root(doc), "Username"), "");
    const char *secret = json_str(json_get(json_root(doc), "Secret"), "");
    if (str_eq(user, "<token>")) {
        ret->identity_token = str_copy(secret);
    } else {
        ret->user = str_copy(user);
        ret->password = str_copy(secret);
    }
    return 1;
}

int
credential_helper_store(const char *name, const char *server,
                        const struct credentials *credentials, struct err *e)
{
    auto_json *doc = json_doc_new();
    auto_text input = {0}, answer = {0};
    struct json *o = json_object(doc);
    bool is_token = credentials->identity_token != NULL;
    json_set_str(doc, o, "ServerURL", server);
    json_set_str(doc, o, "Username", is_token ? "<token>" : credentials->user);
    json_set_str(doc, o, "Secret",
                 is_token ? credentials->identity_token : credentials->password);
    json_write(&input, o, 0);
    int r = call(name, "store", text_str(&input), &answer, e);
    TRY(r);
    return r ? 0 : failed(name, "store", &answer, e);
}

int
credential_helper_erase(const char *name, const char *server, struct err *e)
{
    auto_text answer = {0};
    int r = call(name, "erase", server, &answer, e);
    TRY(r);
    return r ? 0 : failed(name, "erase", &answer, e);
}
