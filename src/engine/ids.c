/* ids.c - random ids and invented names.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/ids.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/file.h"
#include "base/memory.h"

#define NAME_LEN_MOST 128

static const char *const adjectives[] = {
    "able",   "agile",   "amber",   "azure",   "bold",   "brave",  "breezy",  "bright",
    "brisk",  "calm",    "candid",  "cheery",  "clear",  "clever", "coastal", "cosy",
    "crisp",  "curious", "daring",  "deft",    "eager",  "early",  "easy",    "fair",
    "fleet",  "frank",   "fresh",   "gentle",  "glad",   "golden", "grand",   "handy",
    "happy",  "hardy",   "honest",  "humble",  "jolly",  "keen",   "kind",    "lively",
    "lucid",  "lucky",   "mellow",  "merry",   "mild",   "modest", "neat",    "nimble",
    "noble",  "patient", "placid",  "plucky",  "prime",  "proud",  "quick",   "quiet",
    "ready",  "robust",  "salty",   "serene",  "sharp",  "silent", "simple",  "sleek",
    "smooth", "snug",    "sober",   "solid",   "spry",   "stable", "steady",  "still",
    "stout",  "sturdy",  "sunny",   "swift",   "tender", "tidal",  "tidy",    "tranquil",
    "trim",   "trusty",  "upright", "valiant", "vivid",  "warm",   "wary",    "windy",
    "wise",   "witty",   "young",   "zealous",
};

/* Who went to sea, who mapped it, and who taught machines. */
static const char *const surnames[] = {
    "allen",   "amundsen",   "babbage",    "backus",     "baret",     "barents",
    "battuta", "beaufort",   "bering",     "bellard",    "boole",     "bougain",
    "brooks",  "cabot",      "cerf",       "chichester", "cook",      "dahl",
    "davis",   "dias",       "dijkstra",   "drake",      "earhart",   "eratos",
    "erikson", "fanxian",    "faxian",     "fitzroy",    "franklin",  "frobisher",
    "gama",    "goldberg",   "hamilton",   "harrison",   "heyerdahl", "hoare",
    "hopper",  "hudson",     "huntington", "hypatia",    "jacquard",  "johnson",
    "joy",     "kernighan",  "khwarizmi",  "kilburn",    "knuth",     "lamport",
    "liskov",  "lovelace",   "macarthur",  "magellan",   "maury",     "mccarthy",
    "mcilroy", "mercator",   "nansen",     "naur",       "noether",   "pascal",
    "perlman", "pike",       "polo",       "ptolemy",    "pytheas",   "ritchie",
    "ross",    "scoresby",   "shackleton", "shannon",    "slocum",    "sutherland",
    "tasman",  "thompson",   "torvalds",   "turing",     "tupaia",    "vespucci",
    "wilkes",  "wirth",      "xuanzang",   "zhangheng",  "zhangqian", "zhenghe",
    "zuse",    "zuchongzhi",
};

bool
id_is_valid(const char *s)
{
    return strlen(s) == ID_LEN && strspn(s, "0123456789abcdef") == ID_LEN;
}

/* The short form must not read as a number: "sampan rm 123456789012" is a name then. */
void
id_make(char ret[ID_LEN + 1])
{
    do
        file_random_hex(ret, ID_LEN / 2);
    while (strspn(ret, "0123456789") >= ID_SHORT_LEN);
}

int
name_check(const char *name, struct err *e)
{
    size_t len = strlen(name);
    bool is_good = len >= 1 && len <= NAME_LEN_MOST && isalnum((unsigned char)name[0]);
    for (const char *s = name; is_good && *s != '\0'; s++)
        is_good = isalnum((unsigned char)*s) || strchr("_.-", *s) != NULL;
    if (is_good)
        return 0;
    return err_set(e, ERR_INVALID,
                   "Invalid container name (%s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are "
                   "allowed, at most %d letters",
                   name, NAME_LEN_MOST);
}

void
name_generate(char *buf, size_t size)
{
    uint16_t dice[2];
    while (getrandom(dice, sizeof(dice), 0) != sizeof(dice))
        ;
    snprintf(buf, size, "%s_%s", adjectives[dice[0] % ARRAY_LEN(adjectives)],
             surnames[dice[1] % ARRAY_LEN(surnames)]);
}
