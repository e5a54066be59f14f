/* test-template.c - Go's templates over a JSON tree.
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/template.h"

static const char data[] =
    "{\"Name\":\"/x\",\"State\":{\"Status\":\"running\",\"Running\":true,\"Pid\":7},"
    "\"Ports\":{\"80/tcp\":[{\"HostPort\":\"8080\"}],\"1/udp\":null},\"L\":[\"a\",\"b\"],"
    "\"N\":9007199254740993,\"Labels\":{\"a\":\"b\"},\"E\":[],"
    "\".labels\":{\"com.x\":\"y,z\"}}";

/* Renders on the data above; NULL and e on failure. The caller frees. */
static char *
render(const char *template, struct err *e)
{
    auto_json *doc = NULL;
    auto_template *t = NULL;
    struct text out = {0};
    assert_int_equal(json_parse(data, strlen(data), &doc, e), 0);
    if (template_parse(template, &t, e) < 0 ||
        template_render(t, json_root(doc), &out, e) < 0) {
        text_done(&out);
        return NULL;
    }
    return text_take(&out);
}

static void
gives(const char *template, const char *wanted)
{
    struct err e = {0};
    auto_free char *got = render(template, &e);
    if (!got)
        fail_msg("%s: %s", template, e.text);
    assert_string_equal(got, wanted);
}

static void
fails(const char *template, const char *words)
{
    struct err e = {0};
    auto_free char *got = render(template, &e);
    assert_null(got);
    if (!strstr(e.text, words))
        fail_msg("%s: wanted \"%s\", got \"%s\"", template, words, e.text);
}

static void
paths_and_printing(void **state)
{
    (void)state;
    gives("plain", "plain");
    gives("{{.Name}}-{{.State.Status}}", "/x-running");
    gives("{{.N}} {{.State.Running}} {{.L}}", "9007199254740993 true [a b]");
    gives("{{.Ports}}", "map[1/udp:<no value> 80/tcp:[map[HostPort:8080]]]");
    gives("{{json .Labels}}", "{\"a\":\"b\"}");
    gives("{{$.Name}}{{$x := .N}}{{$x}}", "/x9007199254740993");
    gives("{{(index .L 1)}}{{index .Labels \"a\"}}[{{index .Labels \"none\"}}]", "bb[]");
    gives("{{(index (index .Ports \"80/tcp\") 0).HostPort}}", "8080");
}

static void
labels_are_looked_up_and_never_shown(void **state)
{
    (void)state;
    gives("{{.Label \"com.x\"}}|{{.Label \"none\"}}", "y,z|");
    struct err e = {0};
    auto_free char *got = render("{{json .}}", &e);
    assert_non_null(got);
    assert_null(strstr(got, ".labels"));
}

static void
control(void **state)
{
    (void)state;
    gives("{{if eq .State.Status \"exited\" \"running\"}}yes{{else}}no{{end}}", "yes");
    gives("{{if .E}}a{{else if .L}}b{{else}}c{{end}}", "b");
    gives("{{with .State}}{{.Pid}}{{end}}{{with .E}}x{{else}}none{{end}}", "7none");
    gives("{{range .L}}<{{.}}>{{end}}{{range .E}}x{{else}}empty{{end}}", "<a><b>empty");
    gives("{{range $i, $v := .L}}{{$i}}{{$v}}{{end}}", "0a1b");
    gives("{{range $k, $v := .Ports}}{{$k}}{{if $v}}*{{end}} {{end}}", "80/tcp* 1/udp ");
    gives("{{$n := 1}}{{range .L}}{{$n = 2}}{{end}}{{$n}}", "2");
    gives("a {{- \" b \" -}} c{{/* a comment }} */}}", "a b c");
}

static void
functions(void **state)
{
    (void)state;
    gives("{{len .L}}{{len .Name}}", "22");
    gives("{{.State.Status | upper | printf \"%-9s|\"}}", "RUNNING  |");
    gives("{{printf \"%d %q %v %5s\" 7 \"a\" .L \"x\"}}", "7 \"a\" [a b]     x");
    gives("{{join .L \"-\"}} {{split \"a,b\" \",\"}} {{title \"ab cd\"}}",
          "a-b [a b] Ab Cd");
    gives("{{and 1 0}} {{or 0 \"x\"}} {{not true}}", "0 x false");
    gives("{{lt 1 2}}{{le 2 2}}{{gt 10 9}}{{ge 1 2}}{{ne 1 1}}", "truetruetruefalsefalse");
    gives("{{slice \"hello\" 1 3}}{{truncate \"hello\" 2}}[{{pad \"x\" 1 2}}]",
          "elhe[ x  ]");
    gives("{{print \"a\" 1 2}}{{println 1}}", "a1 21\n");
}

static void
errors_read_like_dockers(void **state)
{
    (void)state;
    fails("{{.Nope}}",
          "template: :1:2: executing \"\" at <.Nope>: map has no entry for key "
          "\"Nope\"");
    fails("{{.Name", "template: :1: unclosed action");
    fails("{{nope 1}}", "function \"nope\" not defined");
    fails("{{end}}", "unexpected {{end}}");
    fails("{{if .L}}", "{{end}} is missing");
    fails("{{.Name.Foo}}", "can't evaluate field Foo");
    fails("{{$y}}", "undefined variable \"$y\"");
    fails("{{\"abc}}", "unclosed action");
    fails("{{index .L 5}}", "index out of range");
    fails("{{printf \"%s\"}}", "missing argument");
    fails("{{printf \"%n\" 1}}", "unknown verb");
    fails("{{len}}", "wrong number of arguments");
    fails("{{(((((((((((((((((((((((((((((((((((1)))))))))))))))))))))))))))))))))))}}",
          "nested too deeply");
}

static void
typed_escapes_become_characters(void **state)
{
    (void)state;
    auto_free char *s = template_unescape("a\\tb\\n\\x");
    assert_string_equal(s, "a\tb\n\\x");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_and_printing),
        cmocka_unit_test(labels_are_looked_up_and_never_shown),
        cmocka_unit_test(control),
        cmocka_unit_test(functions),
        cmocka_unit_test(errors_read_like_dockers),
        cmocka_unit_test(typed_escapes_become_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
