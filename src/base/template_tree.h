/* template_tree.h - a parsed template: what template.c makes and template_eval.c walks.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_TEMPLATE_TREE_H
#define BASE_TEMPLATE_TREE_H

#include <stdbool.h>
#include <stddef.h>

struct pipe;

/* One value: what stands between blanks. */
enum operand_type {
    OPERAND_DOT,      /* . followed by fields */
    OPERAND_VARIABLE, /* $name followed by fields; name "" is $ */
    OPERAND_STRING,
    OPERAND_NUMBER,
    OPERAND_BOOL,
    OPERAND_NIL,
    OPERAND_PIPE,     /* (pipeline) followed by fields */
    OPERAND_FUNCTION, /* an identifier */
};

struct operand {
    enum operand_type type;
    const char *name;         /* variable, function, text of a literal */
    const char *const *field; /* .A.B: "A", "B" */
    size_t field_count;
    struct pipe *pipe;
    int line, column; /* where it stands, and its own text, for errors */
    const char *source;
};

struct command {
    struct operand *operand;
    size_t count;
};

/* $a, $b := command | command */
struct pipe {
    const char *declare[2];
    size_t declare_count;
    bool is_assignment; /* "=" instead of ":=" */
    struct command *command;
    size_t count;
};

enum node_type { NODE_TEXT, NODE_PIPE, NODE_IF, NODE_RANGE, NODE_WITH };

struct node {
    enum node_type type;
    const char *text; /* NODE_TEXT */
    struct pipe *pipe;
    struct node *body, *otherwise; /* {{else}} */
    struct node *next;
};

struct template
{
    struct node *first;
    void **owned; /* everything above, freed at once */
    size_t owned_count, owned_room;
};

#endif
