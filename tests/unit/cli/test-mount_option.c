/* test-mount_option.c - the words of --mount and -v as the API has them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli/container_body.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

typedef int parser(struct json_doc *doc, struct json *list, const char *words,
                   struct err *e);

static void
gives(parser *parse, const char *words, const char *wanted)
{
    auto_json *doc = json_doc_new();
    auto_text out = {0};
    struct json *list = json_array(doc);
    struct err e = {0};
    if (parse(doc, list, words, &e) < 0)
        fail_msg("%s: %s", words, e.text);
    json_write(&out, json_at(list, 0), 0);
    assert_string_equal(text_str(&out), wanted);
}

static void
refuses(parser *parse, const char *words, const char *why)
{
    auto_json *doc = json_doc_new();
    struct json *list = json_array(doc);
    struct err e = {0};
    if (parse(doc, list, words, &e) >= 0)
        fail_msg("taken: %s", words);
    assert_int_equal(e.kind, ERR_INVALID);
    assert_int_equal(json_count(list), 0);
    if (strstr(e.text, why) == NULL)
        fail_msg("%s: wanted \"%s\", got \"%s\"", words, why, e.text);
}

static void
keys_have_short_names_and_any_case(void **state)
{
    (void)state;
    gives(mount_option_add, "type=bind,source=/a,target=/b",
          "{\"Type\":\"bind\",\"Source\":\"/a\",\"Target\":\"/b\"}");
    gives(mount_option_add, "TYPE=Bind,src=/a,dst=/b",
          "{\"Type\":\"bind\",\"Source\":\"/a\",\"Target\":\"/b\"}");
    gives(mount_option_add, "destination=/b,source=v",
          "{\"Type\":\"volume\",\"Target\":\"/b\",\"Source\":\"v\"}");
    gives(mount_option_add, "type=tmpfs,dst=/b,consistency=cached",
          "{\"Type\":\"tmpfs\",\"Target\":\"/b\"}");
    gives(mount_option_add, "type=bind,src=/a=b,dst=/c",
          "{\"Type\":\"bind\",\"Source\":\"/a=b\",\"Target\":\"/c\"}");
}

static void
flags_stand_alone_or_with_their_truth(void **state)
{
    (void)state;
    gives(mount_option_add, "type=tmpfs,dst=/b,ro",
          "{\"Type\":\"tmpfs\",\"Target\":\"/b\",\"ReadOnly\":true}");
    gives(mount_option_add, "type=tmpfs,dst=/b,readonly=0",
          "{\"Type\":\"tmpfs\",\"Target\":\"/b\",\"ReadOnly\":false}");
    gives(mount_option_add, "type=bind,src=/a,dst=/b,bind-nonrecursive",
          "{\"Type\":\"bind\",\"Source\":\"/a\",\"Target\":\"/b\","
          "\"BindOptions\":{\"NonRecursive\":true}}");
    refuses(mount_option_add, "type=tmpfs,dst=/b,ro=yes", "invalid value for ro: yes");
    refuses(mount_option_add, "type,dst=/b", "must be a key=value pair");
    refuses(mount_option_add, "type=tmpfs,dst=/b,", "must be a key=value pair");
}

static void
options_belong_to_their_type(void **state)
{
    (void)state;
    gives(mount_option_add, "type=tmpfs,dst=/b,tmpfs-size=64m,tmpfs-mode=0700",
          "{\"Type\":\"tmpfs\",\"Target\":\"/b\","
          "\"TmpfsOptions\":{\"SizeBytes\":67108864,\"Mode\":448}}");
    gives(mount_option_add, "type=bind,src=/a,dst=/b,bind-propagation=rslave",
          "{\"Type\":\"bind\",\"Source\":\"/a\",\"Target\":\"/b\","
          "\"BindOptions\":{\"Propagation\":\"rslave\"}}");
    refuses(mount_option_add, "type=bind,src=/a,dst=/b,tmpfs-size=1", "'tmpfs-*' options");
    refuses(mount_option_add, "tmpfs-size=1,type=bind,src=/a,dst=/b", "'tmpfs-*' options");
    refuses(mount_option_add, "type=tmpfs,dst=/b,bind-propagation=x", "'bind-*' options");
    refuses(mount_option_add, "type=bind,src=/a,dst=/b,volume-nocopy",
            "'volume-*' options");
    refuses(mount_option_add, "type=tmpfs,dst=/b,tmpfs-size=big", "invalid value");
    refuses(mount_option_add, "type=tmpfs,dst=/b,tmpfs-mode=9", "invalid value");
}

static void
what_is_unknown_or_missing_is_refused(void **state)
{
    (void)state;
    refuses(mount_option_add, "type=bind,src=/a,dst=/b,color=red",
            "unexpected key 'color'");
    refuses(mount_option_add, "type=bind,src=/a", "target is required");
    refuses(mount_option_add, "type=bind,src=/a,dst=", "target is required");
    refuses(mount_option_add, "", "must be a key=value pair");
}

static void
a_volume_that_begins_with_a_dot_is_a_path_from_here(void **state)
{
    (void)state;
    auto_free char *here = getcwd(NULL, 0);
    auto_free char *wanted = str_format("\"%s/./a:/b\"", here);
    gives(volume_option_add, "./a:/b", wanted);
    gives(volume_option_add, "/a:/b:ro", "\"/a:/b:ro\"");
    gives(volume_option_add, "name:/b", "\"name:/b\"");
}

static void
a_volume_has_one_to_three_parts_that_are_not_empty(void **state)
{
    (void)state;
    refuses(volume_option_add, "/a:/b:ro:z", "too many colons");
    refuses(volume_option_add, "/a:", "empty section between colons");
    refuses(volume_option_add, ":/b", "empty section between colons");
    refuses(volume_option_add, "", "empty section between colons");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_have_short_names_and_any_case),
        cmocka_unit_test(flags_stand_alone_or_with_their_truth),
        cmocka_unit_test(options_belong_to_their_type),
        cmocka_unit_test(what_is_unknown_or_missing_is_refused),
        cmocka_unit_test(a_volume_that_begins_with_a_dot_is_a_path_from_here),
        cmocka_unit_test(a_volume_has_one_to_three_parts_that_are_not_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
