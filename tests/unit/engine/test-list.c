/* test-list.c - which containers the filters of `ps` let through.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/list.h"

#include "records.h"

#define EXITED(code) "{\"Status\":\"exited\",\"ExitCode\":" code "}"

static int
put_three(void **state)
{
    if (engine_make(state) < 0)
        return -1;
    put_container(engine.containers_fd, "a1", "web_1",
                  "\"Created\":\"2026-01-01T00:00:01Z\",\"Image\":\"sha256:"
                  "feedfacefeedface\",\"Config\":{\"Image\":\"nginx:1.2\",\"Labels\":"
                  "{\"tier\":\"front\",\"empty\":\"\"}},\"HostConfig\":"
                  "{\"NetworkMode\":\"none\"},\"Mounts\":[{\"Source\":\"/src\","
                  "\"Destination\":\"/dst\"}]",
                  EXITED("0"));
    put_container(engine.containers_fd, "a2", "web_2",
                  "\"Created\":\"2026-01-01T00:00:02Z\",\"Config\":{\"Image\":\"nginx\","
                  "\"Labels\":{\"tier\":\"back\",\"v\":\"2\"}},\"HostConfig\":"
                  "{\"NetworkMode\":\"host\"}",
                  EXITED("137"));
    put_container(engine.containers_fd, "b3", "db",
                  "\"Created\":\"2026-01-01T00:00:03Z\",\"Config\":{\"Image\":\"db:1\"}",
                  "");
    return 0;
}

/* Lists with these filters (separated by blanks); *ret: the names, newest first. */
static int
list(const char *filters, bool want_all, int most, struct text *ret, struct err *e)
{
    auto_list words = {0};
    auto_records found = {0};
    if (*filters)
        list_split(&words, filters, ' ');
    const struct list_request request = {
        .want_all = want_all, .most = most, .filters = &words};
    int r = engine_list(&engine, &request, &found, e);
    for (size_t i = 0; r >= 0 && i < found.n; i++)
        text_addf(ret, "%s%s", i ? " " : "", record_name(&found.v[i]));
    return r;
}

static void
shows(const char *filters, const char *wanted)
{
    struct err e = {0};
    auto_text names = {0};
    if (list(filters, true, 0, &names, &e) < 0)
        fail_msg("%s: %s", filters, e.text);
    if (!str_eq(text_str(&names), wanted))
        fail_msg("%s: wanted \"%s\", got \"%s\"", filters, wanted, text_str(&names));
}

static void
refuses(const char *filters, const char *words)
{
    struct err e = {0};
    auto_text names = {0};
    if (list(filters, true, 0, &names, &e) >= 0)
        fail_msg("taken: %s", filters);
    if (strstr(e.text, words) == NULL)
        fail_msg("%s: wanted \"%s\", got \"%s\"", filters, words, e.text);
}

static void
the_newest_come_first_and_only_so_many(void **state)
{
    (void)state;
    struct err e = {0};
    auto_text running = {0}, two = {0};
    shows("", "db web_2 web_1");
    assert_int_equal(list("", false, 0, &running, &e), 0);
    assert_string_equal(text_str(&running), "");
    assert_int_equal(list("", false, 2, &two, &e), 0); /* also those that do not run */
    assert_string_equal(text_str(&two), "db web_2");
}

static void
one_key_twice_is_either_and_two_keys_are_both(void **state)
{
    (void)state;
    shows("id=a1 id=b", "db web_1");
    shows("id=a name=2", "web_2");
    shows("id=a name=db", "");
}

static void
labels_must_all_fit(void **state)
{
    (void)state;
    shows("label=tier", "web_2 web_1");
    shows("label=tier=front", "web_1");
    shows("label=tier label=v=2", "web_2");
    shows("label=tier=front label=tier=back", "");
    shows("label=empty=", "web_1");
    shows("label=v=", "");
    shows("label=ti", "");
}

static void
names_are_searched_for_an_expression(void **state)
{
    (void)state;
    shows("name=web", "web_2 web_1");
    shows("name=^/db$", "db");
    shows("name=^db$", "db");
    shows("name=eb_[12]", "web_2 web_1");
    shows("name=(", ""); /* no expression: it fits nothing */
}

static void
states_and_statuses(void **state)
{
    (void)state;
    shows("status=exited", "web_2 web_1");
    shows("status=created", "db");
    shows("status=created status=exited", "db web_2 web_1");
    shows("exited=137", "web_2");
    shows("exited=0", "web_1"); /* not what has never run */
    refuses("status=gone", "invalid filter 'status=gone'");
    refuses("exited=x", "invalid filter 'exited=x'");
    refuses("exited=", "invalid filter 'exited='");
}

static void
the_image_as_it_was_named_or_its_id(void **state)
{
    (void)state;
    shows("ancestor=nginx", "web_2 web_1");
    shows("ancestor=nginx:1.2", "web_1");
    shows("ancestor=ngin", "");
    shows("ancestor=sha256:feedfacefeedface", "web_1");
    shows("ancestor=feedfacefeed", "web_1");
    shows("ancestor=feedface", ""); /* shorter than a short id: a name */
}

static void
networks_mounts_and_times(void **state)
{
    (void)state;
    shows("network=host", "web_2");
    shows("volume=/src", "web_1");
    shows("volume=/dst", "web_1");
    shows("volume=/", "");
    shows("before=web_2", "web_1");
    shows("since=web_1", "db web_2");
    shows("since=web_1 before=db", "web_2");
    refuses("since=nobody", "No such container: nobody");
}

static void
what_no_container_has_is_none(void **state)
{
    (void)state;
    shows("health=none", "db web_2 web_1");
    shows("health=healthy", "");
    shows("is-task=false", "db web_2 web_1");
    shows("is-task=true", "");
    refuses("colour=red", "invalid filter 'colour'");
    refuses("status", "expected name=value");
}

static void
a_filter_of_states_looks_at_all(void **state)
{
    (void)state;
    struct err e = {0};
    auto_text names = {0}, none = {0};
    assert_int_equal(list("status=created", false, 0, &names, &e), 0);
    assert_string_equal(text_str(&names), "db");
    assert_int_equal(list("name=db", false, 0, &none, &e), 0);
    assert_string_equal(text_str(&none), "");
}

int
main(void)
{
#define WITH_THREE(test) cmocka_unit_test_setup_teardown(test, put_three, engine_remove_all)
    const struct CMUnitTest tests[] = {
        WITH_THREE(the_newest_come_first_and_only_so_many),
        WITH_THREE(one_key_twice_is_either_and_two_keys_are_both),
        WITH_THREE(labels_must_all_fit),
        WITH_THREE(names_are_searched_for_an_expression),
        WITH_THREE(states_and_statuses),
        WITH_THREE(the_image_as_it_was_named_or_its_id),
        WITH_THREE(networks_mounts_and_times),
        WITH_THREE(what_no_container_has_is_none),
        WITH_THREE(a_filter_of_states_looks_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
