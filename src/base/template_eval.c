/* template_eval.c - runs a parsed template on a JSON tree.
 *
 * The tree is walked node by node; "." and the variables are a scope that {{range}}, {{if}}
 * and {{with}} open and close. New values (results of functions) live in a scratch document
 * that dies with the run.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/template.h"

#include "base/template_functions.h"
#include "base/template_tree.h"
#include "base/template_value.h"

#define VARIABLES_MOST 64
#define OUTPUT_MOST    (16u << 20)

struct variable {
    const char *name;
    const struct json *value;
};

struct run {
    struct json_doc *scratch;
    const struct json *dot;
    struct variable variable[VARIABLES_MOST];
    size_t variable_count;
    struct text *out;
    struct err *e;
};

static int run_pipe(struct run *run, const struct pipe *pipe, const struct json **ret);

static struct call
new_call(const struct run *run, const struct operand *at)
{
    return (struct call){.at = at, .scratch = run->scratch, .e = run->e};
}

static struct variable *
find_variable(struct run *run, const char *name)
{
    for (size_t i = run->variable_count; i-- > 0;)
        if (str_eq(run->variable[i].name, name))
            return &run->variable[i];
    return NULL;
}

static int
walk_fields(struct run *run, const struct operand *o, size_t count,
            const struct json *value, const struct json **ret)
{
    for (size_t i = 0; i < count; i++) {
        if (!value || value->type == JSON_NULL) {
            *ret = NULL; /* Go: a field of nil is <no value> */
            return 0;
        }
        if (value->type != JSON_OBJECT)
            return template_wrong(run->e, o, "can't evaluate field %.60s", o->field[i]);
        value = json_get(value, o->field[i]);
        if (!value)
            return template_wrong(run->e, o, "map has no entry for key \"%.60s\"",
                                  o->field[i]);
    }
    *ret = value;
    return 0;
}

static int
operand_base(struct run *run, const struct operand *o, const struct json **ret)
{
    struct variable *variable;
    switch (o->type) {
    case OPERAND_DOT:
        *ret = run->dot;
        return 0;
    case OPERAND_VARIABLE:
        variable = find_variable(run, o->name);
        if (!variable)
            return err_set(
                run->e, ERR_INVALID,
                "template parsing error: template: :%d: undefined variable \"$%s\"",
                o->line, o->name);
        *ret = variable->value;
        return 0;
    case OPERAND_STRING:
        *ret = json_string(run->scratch, o->name);
        return 0;
    case OPERAND_NUMBER: {
        struct json *number = json_number(run->scratch, 0);
        number->text = o->name;
        *ret = number;
        return 0;
    }
    case OPERAND_BOOL:
        *ret = json_boolean(run->scratch, str_eq(o->name, "true"));
        return 0;
    case OPERAND_NIL:
        *ret = NULL;
        return 0;
    case OPERAND_PIPE:
        return run_pipe(run, o->pipe, ret);
    case OPERAND_FUNCTION: {
        struct call call = new_call(run, o);
        return template_call(&call, ret);
    }
    }
    return 0;
}

static int
eval_operand(struct run *run, const struct operand *o, const struct json **ret)
{
    const struct json *base;
    TRY(operand_base(run, o, &base));
    return walk_fields(run, o, o->field_count, base, ret);
}

/* The one method: .Label "key", on what stands before it. */
static int
call_label(struct run *run, const struct call *call, const struct json **ret)
{
    const struct operand *o = call->at;
    const struct json *base, *holder;
    TRY(operand_base(run, o, &base));
    TRY(walk_fields(run, o, o->field_count - 1, base, &holder));
    const struct json *labels = json_get(holder, TEMPLATE_LABELS);
    if (!labels || call->n != 1)
        return template_wrong(run->e, o,
                              "Label wants one key, on something that has labels");
    auto_text key = {0};
    const struct json *found = json_get(labels, template_text(&key, call->v[0]));
    *ret = found ? found : json_string(run->scratch, "");
    return 0;
}

/* piped: the value from the left of a "|", becomes the last argument. */
static int
run_command(struct run *run, const struct command *c, const struct json *const *piped,
            const struct json **ret)
{
    const struct operand *first = &c->operand[0];
    struct call call = new_call(run, first);
    if (c->count + 1 > ARGUMENTS_MOST)
        return template_wrong(run->e, first, "too many arguments");
    for (size_t i = 1; i < c->count; i++)
        TRY(eval_operand(run, &c->operand[i], &call.v[call.n++]));
    if (piped)
        call.v[call.n++] = *piped;

    if (first->type == OPERAND_FUNCTION)
        return template_call(&call, ret);
    bool is_label = first->field_count && call.n &&
                    str_eq(first->field[first->field_count - 1], "Label");
    if (is_label)
        return call_label(run, &call, ret);
    if (call.n > 0)
        return template_wrong(run->e, first, "can't give argument to non-function");
    return eval_operand(run, first, ret);
}

static int
set_variable(struct run *run, const struct pipe *pipe, const char *name,
             const struct json *value)
{
    struct variable *old = pipe->is_assignment ? find_variable(run, name) : NULL;
    if (old) {
        old->value = value;
        return 0;
    }
    if (run->variable_count == VARIABLES_MOST)
        return err_set(run->e, ERR_INVALID, "template parsing error: too many variables");
    run->variable[run->variable_count++] = (struct variable){name, value};
    return 0;
}

/* The value of a pipeline; declarations are left to the caller (range has two). */
static int
pipe_value(struct run *run, const struct pipe *pipe, const struct json **ret)
{
    const struct json *value = NULL;
    for (size_t i = 0; i < pipe->count; i++) {
        const struct json *left = value;
        TRY(run_command(run, &pipe->command[i], i ? &left : NULL, &value));
    }
    *ret = value;
    return 0;
}

static int
run_pipe(struct run *run, const struct pipe *pipe, const struct json **ret)
{
    TRY(pipe_value(run, pipe, ret));
    return pipe->declare_count ? set_variable(run, pipe, pipe->declare[0], *ret) : 0;
}

static int run_nodes(struct run *run, const struct node *node);

static int
run_scope(struct run *run, const struct node *body, const struct json *dot)
{
    const struct json *outer_dot = run->dot;
    size_t outer_count = run->variable_count;
    run->dot = dot;
    TRY(run_nodes(run, body));
    run->dot = outer_dot;
    run->variable_count = outer_count;
    return 0;
}

static int
run_range(struct run *run, const struct node *node)
{
    const struct json *list;
    const struct pipe *pipe = node->pipe;
    TRY(pipe_value(run, pipe, &list));
    if (json_count(list) == 0)
        return run_scope(run, node->otherwise, run->dot);

    int64_t i = 0;
    for (json_each(item, list)) {
        size_t outer_count = run->variable_count;
        const struct json *key = item->name ? json_string(run->scratch, item->name)
                                            : json_number(run->scratch, i++);
        if (pipe->declare_count == 2)
            TRY(set_variable(run, pipe, pipe->declare[0], key));
        if (pipe->declare_count)
            TRY(set_variable(run, pipe, pipe->declare[pipe->declare_count - 1], item));
        TRY(run_scope(run, node->body, item));
        run->variable_count = outer_count;
        if (run->out->len > OUTPUT_MOST)
            return err_set(run->e, ERR_INVALID, "template parsing error: too much output");
    }
    return 0;
}

static int
run_condition(struct run *run, const struct node *node)
{
    const struct json *value;
    size_t outer_count = run->variable_count;
    TRY(run_pipe(run, node->pipe, &value));
    bool is_true = template_is_true(value);
    const struct json *dot = node->type == NODE_WITH && is_true ? value : run->dot;
    TRY(run_scope(run, is_true ? node->body : node->otherwise, dot));
    run->variable_count = outer_count;
    return 0;
}

static int
run_nodes(struct run *run, const struct node *node)
{
    for (; node; node = node->next) {
        const struct json *value;
        switch (node->type) {
        case NODE_TEXT:
            text_add(run->out, node->text);
            break;
        case NODE_PIPE:
            TRY(run_pipe(run, node->pipe, &value));
            if (!node->pipe->declare_count)
                template_print(run->out, value);
            break;
        case NODE_RANGE:
            TRY(run_range(run, node));
            break;
        case NODE_IF:
        case NODE_WITH:
            TRY(run_condition(run, node));
            break;
        }
    }
    return 0;
}

int
template_render(const struct template *t, const struct json *data, struct text *out,
                struct err *e)
{
    auto_json *scratch = json_doc_new();
    struct run run = {
        .scratch = scratch,
        .dot = data,
        .variable = {{"", data}}, /* $ */
        .variable_count = 1,
        .out = out,
        .e = e,
    };
    return run_nodes(&run, t->first);
}
