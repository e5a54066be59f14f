/* template.c - reads a template into a tree; template_eval.c runs it.
 *
 * A template is text with actions between {{ and }}. The text is cut first, with the
 * trimming that {{- and -}} ask for; each action is then read by recursive descent.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/template.h"

#include <stdlib.h>
#include <string.h>

#include "base/template_tree.h"

enum { DEPTH_MOST = 32 };

struct parser {
    struct template *t;
    const char *start, *p; /* inside an action while one is read */
    const char *end;       /* of the action */
    int depth;
    struct err *e;
};

/* ---- memory: owned by the template ---- */

static void *
own(struct parser *ps, void *memory)
{
    struct template *t = ps->t;
    if (t->owned_count == t->owned_room) {
        t->owned_room = t->owned_room ? t->owned_room * 2 : 32;
        t->owned = mem_resize(t->owned, t->owned_room, sizeof *t->owned);
    }
    t->owned[t->owned_count++] = memory;
    return memory;
}

static const char *
own_string(struct parser *ps, const char *s, size_t n)
{
    char *copy = own(ps, mem_new(n + 1, 1));
    memcpy(copy, s, n);
    return copy;
}

/* An array with one element more; the old one stays owned until the end. */
static void *
own_grown(struct parser *ps, const void *old, size_t count, size_t size)
{
    char *grown = own(ps, mem_new(count + 1, size));
    if (count)
        memcpy(grown, old, count * size);
    return grown;
}

void
template_free(struct template *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->owned_count; i++)
        free(t->owned[i]);
    free(t->owned);
    free(t);
}

void
template_free_at(struct template **t)
{
    template_free(*t);
}

/* ---- words of an action ---- */

static void
place(const struct parser *ps, const char *at, int *line, int *column)
{
    *line = 1;
    *column = 0;
    for (const char *p = ps->start; p < at; p++) {
        *column = *p == '\n' ? 0 : *column + 1;
        *line += *p == '\n';
    }
}

static int
complain(struct parser *ps, const char *what)
{
    int line, column;
    place(ps, ps->p, &line, &column);
    return err_set(ps->e, ERR_INVALID, "template parsing error: template: :%d: %s", line,
                   what);
}

static bool
is_name_char(char c)
{
    return c == '_' || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
           (unsigned char)c >= 0x80;
}

static void
skip_blanks(struct parser *ps)
{
    while (ps->p < ps->end && strchr(" \t\r\n", *ps->p))
        ps->p++;
}

static size_t
name_length(const struct parser *ps, const char *from)
{
    size_t n = 0;
    while (from + n < ps->end && is_name_char(from[n]))
        n++;
    return n;
}

/* Takes a word or sign if it comes next. */
static bool
accept(struct parser *ps, const char *word)
{
    skip_blanks(ps);
    size_t n = strlen(word);
    if ((size_t)(ps->end - ps->p) < n || memcmp(ps->p, word, n) != 0)
        return false;
    bool is_word = is_name_char(word[0]);
    if (is_word && ps->p + n < ps->end && is_name_char(ps->p[n]))
        return false;
    ps->p += n;
    return true;
}

static const char *
read_name(struct parser *ps)
{
    size_t n = name_length(ps, ps->p);
    const char *name = own_string(ps, ps->p, n);
    ps->p += n;
    return name;
}

/* ---- operands ---- */

static int read_pipe(struct parser *ps, struct pipe **ret);

static int
read_quoted(struct parser *ps, struct operand *o)
{
    auto_text t = {0};
    char quote = *ps->p++;
    while (ps->p < ps->end && *ps->p != quote) {
        char c = *ps->p++;
        if (c == '\\' && quote == '"' && ps->p < ps->end) {
            static const char letters[] = "ntr\\\"'", meant[] = "\n\t\r\\\"'";
            const char *found = strchr(letters, *ps->p);
            if (!found)
                return complain(ps, "invalid syntax in a quoted string");
            c = meant[found - letters];
            ps->p++;
        }
        text_add_char(&t, c);
    }
    if (ps->p == ps->end)
        return complain(ps, "unterminated quoted string");
    ps->p++;
    o->type = OPERAND_STRING;
    o->name = own_string(ps, text_str(&t), t.len);
    return 0;
}

/* ".A.B" behind a value. */
static void
read_fields(struct parser *ps, struct operand *o)
{
    while (ps->p < ps->end && *ps->p == '.' && name_length(ps, ps->p + 1) > 0) {
        ps->p++;
        const char **grown = own_grown(ps, o->field, o->field_count, sizeof *grown);
        grown[o->field_count++] = read_name(ps);
        o->field = grown;
    }
}

static void
read_word(struct parser *ps, struct operand *o)
{
    o->name = read_name(ps);
    if (str_eq(o->name, "true") || str_eq(o->name, "false"))
        o->type = OPERAND_BOOL;
    else if (str_eq(o->name, "nil"))
        o->type = OPERAND_NIL;
    else
        o->type = OPERAND_FUNCTION;
}

static int
read_number(struct parser *ps, struct operand *o)
{
    const char *from = ps->p++;
    while (ps->p < ps->end && ((*ps->p >= '0' && *ps->p <= '9') || *ps->p == '.'))
        ps->p++;
    o->type = OPERAND_NUMBER;
    o->name = own_string(ps, from, (size_t)(ps->p - from));
    return 0;
}

static int
read_operand_value(struct parser *ps, struct operand *o)
{
    char c = *ps->p;
    if (c == '"' || c == '`')
        return read_quoted(ps, o);
    if ((c >= '0' && c <= '9') || c == '-')
        return read_number(ps, o);
    if (c == '(') {
        ps->p++;
        o->type = OPERAND_PIPE;
        TRY(read_pipe(ps, &o->pipe));
        return accept(ps, ")") ? 0 : complain(ps, "unclosed left paren");
    }
    if (c == '$') {
        ps->p++;
        o->type = OPERAND_VARIABLE;
        o->name = read_name(ps);
        return 0;
    }
    if (c == '.') {
        o->type = OPERAND_DOT;
        if (name_length(ps, ps->p + 1) == 0)
            ps->p++;
        return 0;
    }
    if (is_name_char(c)) {
        read_word(ps, o);
        return 0;
    }
    char words[48];
    strcpy(words, "unexpected \"?\" in operand");
    words[12] = c;
    return complain(ps, words);
}

static int
read_operand(struct parser *ps, struct operand *o)
{
    const char *from = ps->p;
    TRY(read_operand_value(ps, o));
    if (o->type == OPERAND_DOT || o->type == OPERAND_VARIABLE || o->type == OPERAND_PIPE)
        read_fields(ps, o);
    place(ps, from, &o->line, &o->column);
    o->source = own_string(ps, from, (size_t)(ps->p - from));
    return 0;
}

/* ---- pipelines ---- */

static bool
at_end_of_command(struct parser *ps)
{
    skip_blanks(ps);
    return ps->p == ps->end || *ps->p == '|' || *ps->p == ')';
}

static int
read_command(struct parser *ps, struct command *c)
{
    if (at_end_of_command(ps))
        return complain(ps, "missing value for command");
    while (!at_end_of_command(ps)) {
        struct operand *grown = own_grown(ps, c->operand, c->count, sizeof *grown);
        c->operand = grown;
        TRY(read_operand(ps, &grown[c->count]));
        c->count++;
    }
    return 0;
}

/* "$a :=", "$a, $b :=" or "$a =" in front of a pipeline; else nothing is taken. */
static void
read_declaration(struct parser *ps, struct pipe *pipe)
{
    const char *from = ps->p;
    const char *names[2];
    size_t n = 0;
    do {
        if (n == 2 || !accept(ps, "$"))
            break;
        names[n++] = read_name(ps);
    } while (accept(ps, ","));
    bool is_new = n > 0 && accept(ps, ":=");
    bool is_old = n == 1 && !is_new && accept(ps, "=");
    if (!is_new && !is_old) {
        ps->p = from;
        return;
    }
    memcpy(pipe->declare, names, n * sizeof *names);
    pipe->declare_count = n;
    pipe->is_assignment = is_old;
}

static int
read_pipe(struct parser *ps, struct pipe **ret)
{
    if (ps->depth == DEPTH_MOST)
        return complain(ps, "nested too deeply");
    ps->depth++;
    struct pipe *pipe = own(ps, mem_new(1, sizeof *pipe));
    skip_blanks(ps);
    read_declaration(ps, pipe);
    do {
        struct command *grown = own_grown(ps, pipe->command, pipe->count, sizeof *grown);
        pipe->command = grown;
        TRY(read_command(ps, &grown[pipe->count]));
        pipe->count++;
    } while (accept(ps, "|"));
    ps->depth--;
    *ret = pipe;
    return 0;
}

/* ---- the template as a whole ---- */

/* Finds the }} of an action that begins at p, over a comment or quoted strings. NULL if
 * there is none. */
static const char *
find_close(const char *p)
{
    const char *comment = p + strspn(p, "- ");
    if (str_starts(comment, "/*"))
        p = strstr(comment, "*/");
    if (!p)
        return NULL;
    for (char quote = '\0'; *p; p++) {
        if (quote) {
            if (*p == '\\' && quote == '"' && p[1])
                p++;
            else if (*p == quote)
                quote = '\0';
        } else if (*p == '"' || *p == '`') {
            quote = *p;
        } else if (p[0] == '}' && p[1] == '}') {
            return p;
        }
    }
    return NULL;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* How a list of nodes ended. */
enum ending { END_OF_TEXT, END_WORD, ELSE_WORD };

static int read_nodes(struct parser *ps, const char **text, struct node **ret,
                      enum ending *ending);

/* {{if}}, {{range}}, {{with}}: the words behind the keyword were not read yet. */
static int
read_block(struct parser *ps, const char **text, struct node *node)
{
    enum ending ending;
    TRY(read_pipe(ps, &node->pipe));
    skip_blanks(ps);
    if (ps->p != ps->end)
        return complain(ps, "unexpected words in action");
    TRY(read_nodes(ps, text, &node->body, &ending));
    if (ending == ELSE_WORD) {
        /* ps stands behind "else": either "if ..." for a nested block, or the end. */
        bool has_if = accept(ps, "if"), has_with = !has_if && accept(ps, "with");
        if (has_if || has_with) {
            struct node *nested = own(ps, mem_new(1, sizeof *nested));
            nested->type = has_if ? NODE_IF : NODE_WITH;
            node->otherwise = nested;
            return read_block(ps, text, nested); /* its {{end}} is ours */
        }
        TRY(read_nodes(ps, text, &node->otherwise, &ending));
    }
    return ending == END_WORD ? 0 : complain(ps, "unexpected EOF: {{end}} is missing");
}

static int
read_action(struct parser *ps, const char **text, struct node *node, enum ending *ending)
{
    static const struct {
        const char *word;
        enum node_type type;
    } blocks[] = {
        {"if",    NODE_IF   },
        {"range", NODE_RANGE},
        {"with",  NODE_WITH },
    };

    *ending = END_OF_TEXT;
    if (accept(ps, "end")) {
        *ending = END_WORD;
        return 0;
    }
    if (accept(ps, "else")) {
        *ending = ELSE_WORD;
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(blocks); i++) {
        if (!accept(ps, blocks[i].word))
            continue;
        node->type = blocks[i].type;
        if (ps->depth == DEPTH_MOST)
            return complain(ps, "nested too deeply");
        ps->depth++;
        TRY(read_block(ps, text, node));
        ps->depth--;
        return 0;
    }
    node->type = NODE_PIPE;
    TRY(read_pipe(ps, &node->pipe));
    skip_blanks(ps);
    return ps->p == ps->end ? 0 : complain(ps, "unexpected words in action");
}

static void
append_node(struct node ***tail, struct node *node)
{
    **tail = node;
    *tail = &node->next;
}

/* Text up to the next {{, trimmed where a "{{-" or the "-}}" before asks for it. */
static void
append_text(struct parser *ps, struct node ***tail, const char *from, const char *to,
            bool trim_right)
{
    while (trim_right && to > from && is_blank(to[-1]))
        to--;
    if (to == from)
        return;
    struct node *node = own(ps, mem_new(1, sizeof *node));
    node->text = own_string(ps, from, (size_t)(to - from));
    append_node(tail, node);
}

/* Puts ps inside the action that begins at open ("{{"), past a "- "; moves *text behind
 * it, past the blanks that a " -" before its end eats. */
static int
enter_action(struct parser *ps, const char *open, const char **text)
{
    ps->p = open + 2;
    ps->end = find_close(ps->p);
    if (!ps->end) {
        ps->p = open;
        return complain(ps, "unclosed action");
    }
    *text = ps->end + 2;
    if (ps->p[0] == '-' && is_blank(ps->p[1]))
        ps->p += 2;
    if (ps->end - ps->p >= 2 && ps->end[-1] == '-' && is_blank(ps->end[-2])) {
        ps->end -= 2;
        while (is_blank(**text))
            (*text)++;
    }
    return 0;
}

static int
read_nodes(struct parser *ps, const char **text, struct node **ret, enum ending *ending)
{
    struct node **tail = ret;
    for (;;) {
        const char *open = strstr(*text, "{{");
        const char *stop = open ? open : *text + strlen(*text);
        append_text(ps, &tail, *text, stop, open && open[2] == '-' && is_blank(open[3]));
        *text = stop;
        if (!open) {
            *ending = END_OF_TEXT;
            return 0;
        }
        TRY(enter_action(ps, open, text));
        if (accept(ps, "/*"))
            continue;
        struct node *node = own(ps, mem_new(1, sizeof *node));
        TRY(read_action(ps, text, node, ending));
        if (*ending != END_OF_TEXT)
            return 0;
        append_node(&tail, node);
    }
}

int
template_parse(const char *s, struct template **ret, struct err *e)
{
    struct template *t = mem_new(1, sizeof *t);
    struct parser ps = {.t = t, .start = s, .e = e};
    enum ending ending;
    const char *text = s;
    int r = read_nodes(&ps, &text, &t->first, &ending);
    if (r >= 0 && ending != END_OF_TEXT)
        r = complain(&ps,
                     ending == END_WORD ? "unexpected {{end}}" : "unexpected {{else}}");
    if (r < 0) {
        template_free(t);
        return r;
    }
    *ret = t;
    return 0;
}

char *
template_unescape(const char *s)
{
    struct text t = {0};
    for (; *s; s++) {
        if (s[0] == '\\' && (s[1] == 't' || s[1] == 'n'))
            text_add_char(&t, *++s == 't' ? '\t' : '\n');
        else
            text_add_char(&t, *s);
    }
    return text_take(&t);
}
