/* test-protocol.c - frames over a socket pair: whole, bounded, and damaged.
 *
 * SPDX-License-Identifier: MIT
 */
#include "monitor/protocol.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "unit.h"

static int ours, theirs;
static struct frame frame;

static int
open_pair(void **state)
{
    (void)state;
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -1;
    ours = pair[0];
    theirs = pair[1];
    return 0;
}

static int
close_pair(void **state)
{
    (void)state;
    if (theirs >= 0)
        close(theirs);
    return close(ours);
}

static void
frames_stay_apart(void **state)
{
    (void)state;
    static char most[FRAME_PAYLOAD_MOST];
    memset(most, 'm', sizeof most);
    assert_int_equal(frame_send(ours, FRAME_STDIN, "ab", 2, 0), 0);
    assert_int_equal(frame_send(ours, FRAME_STDIN_EOF, NULL, 0, 0), 0);
    assert_int_equal(frame_send(ours, FRAME_STDOUT, most, sizeof most, 0), 0);
    assert_int_equal(frame_recv(theirs, &frame, 0), 1);
    assert_int_equal(frame.type, FRAME_STDIN);
    assert_int_equal(frame.len, 2);
    assert_memory_equal(frame.payload, "ab", 2);
    assert_int_equal(frame_recv(theirs, &frame, 0), 1);
    assert_int_equal(frame.type, FRAME_STDIN_EOF);
    assert_int_equal(frame.len, 0);
    assert_int_equal(frame_recv(theirs, &frame, 0), 1);
    assert_int_equal(frame.len, sizeof most);
    assert_memory_equal(frame.payload, most, sizeof most);
}

static void
a_number_comes_in_its_own_size_only(void **state)
{
    (void)state;
    int32_t status = 137, got = 0;
    int64_t wide;
    frame_send(ours, FRAME_EXITED, &status, sizeof status, 0);
    assert_int_equal(frame_recv(theirs, &frame, 0), 1);
    assert_int_equal(frame_get(&frame, &got, sizeof got), 0);
    assert_int_equal(got, 137);
    assert_int_equal(frame_get(&frame, &wide, sizeof wide), -EINVAL);
    assert_int_equal(frame_get(&frame, &wide, 2), -EINVAL);
}

static void
what_is_too_long_is_refused_not_cut(void **state)
{
    (void)state;
    static char large[FRAME_PAYLOAD_MOST + 1];
    frame_send(ours, FRAME_STDIN, large, sizeof large, 0);
    assert_int_equal(frame_recv(theirs, &frame, 0), -EMSGSIZE);
}

static void
the_end_is_told_after_what_was_sent_before_it(void **state)
{
    (void)state;
    int32_t status = 3;
    frame_send(theirs, FRAME_STDIN, "unread", 6, 0); /* makes the close a reset */
    frame_send(ours, FRAME_EXITED, &status, sizeof status, 0);
    struct frame *last = &frame;
    close(ours);
    assert_int_equal(frame_recv(theirs, last, 0), 1);
    assert_int_equal(last->type, FRAME_EXITED);
    assert_int_equal(frame_recv(theirs, last, 0), 0);
    assert_int_equal(frame_send(theirs, FRAME_STDIN, "x", 1, 0), -EPIPE); /* no SIGPIPE */
    ours = theirs;
    theirs = -1;
}

static void
a_full_socket_does_not_wait_when_asked_not_to(void **state)
{
    (void)state;
    static char most[FRAME_PAYLOAD_MOST];
    int r = 0;
    for (int i = 0; i < 10000 && r == 0; i++)
        r = frame_send(ours, FRAME_STDOUT, most, sizeof most, MSG_DONTWAIT);
    assert_int_equal(r, -EAGAIN);
}

static void
an_event_comes_with_all_its_words(void **state)
{
    (void)state;
    const struct lx_event event = {.who = "init",
                                   .step = "a step",
                                   .level = "",
                                   .file = "src/x.c",
                                   .call = "mount",
                                   .args = "\"a b\"",
                                   .result = -2};
    struct lx_event got;
    int64_t ns;
    assert_int_equal(frame_send_event(ours, &event, 123456789012), 0);
    assert_int_equal(frame_recv(theirs, &frame, 0), 1);
    assert_int_equal(frame.type, FRAME_TRACE);
    assert_int_equal(frame_get_event(&frame, &got, &ns), 0);
    assert_int_equal(ns, 123456789012);
    assert_int_equal(got.result, -2);
    assert_string_equal(got.who, "init");
    assert_string_equal(got.step, "a step");
    assert_string_equal(got.level, "");
    assert_string_equal(got.file, "src/x.c");
    assert_string_equal(got.call, "mount");
    assert_string_equal(got.args, "\"a b\"");

    /* Cut anywhere, or with more behind it, it is none. */
    size_t len = frame.len;
    for (frame.len = 0; frame.len < len; frame.len++)
        assert_int_equal(frame_get_event(&frame, &got, &ns), -EINVAL);
    frame.payload[len] = '\0';
    frame.len = len + 1;
    assert_int_equal(frame_get_event(&frame, &got, &ns), -EINVAL);
}

static void
an_event_that_fits_no_frame_is_not_sent(void **state)
{
    (void)state;
    static char args[FRAME_PAYLOAD_MOST];
    memset(args, 'a', sizeof args - 1);
    const struct lx_event event = {
        .who = "", .step = "", .level = "", .file = "", .call = "", .args = args};
    assert_int_equal(frame_send_event(ours, &event, 0), -EMSGSIZE);
    assert_int_equal(frame_recv(theirs, &frame, MSG_DONTWAIT), -EAGAIN);
}

int
main(void)
{
#define ON_A_PAIR(test) cmocka_unit_test_setup_teardown(test, open_pair, close_pair)
    const struct CMUnitTest tests[] = {
        ON_A_PAIR(frames_stay_apart),
        ON_A_PAIR(a_number_comes_in_its_own_size_only),
        ON_A_PAIR(what_is_too_long_is_refused_not_cut),
        ON_A_PAIR(the_end_is_told_after_what_was_sent_before_it),
        ON_A_PAIR(a_full_socket_does_not_wait_when_asked_not_to),
        ON_A_PAIR(an_event_comes_with_all_its_words),
        ON_A_PAIR(an_event_that_fits_no_frame_is_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
