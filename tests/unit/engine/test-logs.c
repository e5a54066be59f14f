/* test-logs.c - which lines `logs` shows of files that were rotated and damaged.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/logs.h"

#include "base/clock.h"
#include "place.h"

#define ID   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define NAME ID "-json.log"

/* A line at that second of the day. */
#define LINE(text, second)                            \
    "{\"log\":\"" text "\\n\",\"stream\":\"stdout\"," \
    "\"time\":\"2026-11-23T00:00:" second "Z\"}\n"

static void
put(const char *name, const char *text)
{
    assert_int_equal(file_write_at(place_fd, name, text, strlen(text), 0600), 0);
}

static int
gather(const struct text *text, enum log_stream stream, int64_t when, void *data)
{
    (void)stream, (void)when;
    text_add_bytes(data, text->data, text->len);
    return 0;
}

/* What a request shows of the log below `place`. */
static void
shows(struct logs_request request, const char *driver, const char *wanted)
{
    struct err e = {0};
    auto_text out = {0};
    auto_free char *json = str_format("{\"HostConfig\":{\"LogConfig\":{\"Type\":\"%s\"}}}",
                                      driver);
    struct record record = {.id = ID, .home_fd = place_fd};
    assert_int_equal(json_parse(json, strlen(json), &record.doc, &e), 0);
    int r = engine_logs(NULL, &record, &request, gather, &out, &e);
    json_doc_free(record.doc);
    if (wanted == NULL) {
        assert_true(r < 0);
        return;
    }
    assert_int_equal(r, 0);
    assert_string_equal(text_str(&out), wanted);
}

static void
rotated_files_come_the_oldest_first(void **state)
{
    (void)state;
    put(NAME ".2", LINE("a", "01") LINE("b", "02"));
    put(NAME ".1", LINE("c", "03"));
    put(NAME, LINE("d", "04"));
    put(NAME ".4", LINE("lost", "00")); /* behind a gap: of another time */
    shows((struct logs_request){.tail = -1}, "json-file", "a\nb\nc\nd\n");
    shows((struct logs_request){.tail = 3}, "json-file", "b\nc\nd\n");
    shows((struct logs_request){.tail = 0}, "json-file", "");
    shows((struct logs_request){.tail = 9}, "json-file", "a\nb\nc\nd\n");
}

static void
what_is_no_line_counts_for_nothing(void **state)
{
    (void)state;
    put(NAME, LINE("a", "01") "{\"log\":\"half\n\n" LINE("b", "02") "junk\n" LINE(
                  "c", "03") "{\"log\":\"without an end");
    shows((struct logs_request){.tail = -1}, "json-file", "a\nb\nc\n");
    shows((struct logs_request){.tail = 2}, "json-file", "b\nc\n");
    shows((struct logs_request){.tail = 1}, "json-file", "c\n");
}

static void
both_bounds_of_time_are_within(void **state)
{
    (void)state;
    const int64_t second = 1000000000;
    int64_t midnight;
    assert_int_equal(clock_parse("2026-11-23T00:00:00Z", &midnight), 0);
    put(NAME, LINE("a", "01") LINE("b", "02") LINE("c", "03"));
    shows((struct logs_request){.tail = -1, .since = midnight + 2 * second}, "json-file",
          "b\nc\n");
    shows((struct logs_request){.tail = -1, .until = midnight + 2 * second}, "json-file",
          "a\nb\n");
    shows((struct logs_request){.tail = -1,
                                .since = midnight + second + 1,
                                .until = midnight + 3 * second - 1},
          "json-file", "b\n");
}

static void
without_a_file_there_is_nothing_and_without_a_log_an_error(void **state)
{
    (void)state;
    shows((struct logs_request){.tail = -1}, "json-file", "");
    shows((struct logs_request){.tail = -1}, "none", NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(rotated_files_come_the_oldest_first),
        IN_PLACE(what_is_no_line_counts_for_nothing),
        IN_PLACE(both_bounds_of_time_are_within),
        IN_PLACE(without_a_file_there_is_nothing_and_without_a_log_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
