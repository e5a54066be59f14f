/* template.h - the part of Go's text/template that `--format` needs, over a JSON tree.
 *
 *     {{.Name}}  {{json .}}  {{index .Labels "k"}}  {{range $k, $v := .Ports}}..{{end}}
 *     {{if eq .State "running"}}..{{else if ..}}..{{else}}..{{end}}  {{with .X}}..{{end}}
 *     {{- trimmed -}}  {{/. comment ./}}  {{$x := .Y}}  {{.A | lower | printf "%-9s"}}
 *
 * Functions: and or not eq ne lt le gt ge index slice len print printf println json split
 * join lower upper title pad truncate. The one method is .Label "key": it looks the key up
 * in the object that the data holds under TEMPLATE_LABELS. Values print as Go prints them:
 * [a b], map[k:v], <no value>. Errors read like Docker's.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_TEMPLATE_H
#define BASE_TEMPLATE_H

#include "base/json.h"

/* A member name that no template can spell. */
#define TEMPLATE_LABELS ".labels"

struct template;
#define auto_template __attribute__((cleanup(template_free_at))) struct template

/* Parses; ERR_INVALID "template parsing error: template: :1: unclosed action" and so on. */
int template_parse(const char *s, struct template **ret, struct err *e);
void template_free(struct template *t);
void template_free_at(struct template **t);

/* Runs it on data ("." at the start) and appends to out. On failure out may hold the text
 * made so far, and e what failed at which place. */
int template_render(const struct template *t, const struct json *data, struct text *out,
                    struct err *e);

/* "{{.ID}}\t{{.Name}}" as typed on a command line: \t and \n become the characters. */
char *template_unescape(const char *s);

#endif
