/* tags.c - a list that comes in pages.
 *
 *     GET /v2/<name>/tags/list     {"name": .., "tags": ["1", "2"]}
 *                                  Link: </v2/<name>/tags/list?last=2>; rel="next"
 *
 * How long a page is, and which one is next, is for the registry to say; that it stays at
 * itself, and ends, is for us (rules R3, R17).
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/tags.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_SIZE_MOST (4u << 20)
#define PAGES_MOST     1000
#define TAGS_MOST      10000

/* A tag becomes a part of paths and names. */
static int
take_tags(const struct registry *registry, const struct http_answer *a, struct list *ret,
          struct err *e)
{
    auto_json *doc = NULL;
    int r = json_parse(text_str(&a->body), a->body.len, &doc, e);
    if (r < 0)
        return err_wrap(e, r, "the list of tags at %s", registry->host);
    for (json_each(item, json_get(json_root(doc), "tags"))) {
        const char *tag = json_str(item, "");
        if (!reference_is_tag(tag))
            return err_set(e, ERR_INVALID, "%s lists a tag that is none: \"%.100s\"",
                           registry->host, tag);
        if (ret->n == TAGS_MOST)
            return err_set(e, ERR_INVALID, "%s lists more than %d tags", registry->host,
                           TAGS_MOST);
        list_add_once(ret, tag);
    }
    return 0;
}

/* Where `<URL>; rel="next"` leads (RFC 8288), or NULL in *ret after the last page. */
static int
next_page(const struct registry *registry, const char *here, const char *link, char **ret,
          struct err *e)
{
    struct origin own, there;
    *ret = NULL;
    if (!link || (!strstr(link, "rel=\"next\"") && !strstr(link, "rel=next")))
        return 0;
    auto_free char *target = str_format("%.*s", (int)strcspn(link + 1, ">"), link + 1);
    auto_free char *url = *link == '<' ? url_resolve(here, target) : NULL;
    if (!url || url_origin(here, &own) < 0 || url_origin(url, &there) < 0 ||
        !origin_eq(&own, &there))
        return err_set(
            e, ERR_INVALID,
            "%s says that its list of tags goes on at a place that is not its own",
            registry->host);
    *ret = take_ptr(url);
    return 0;
}

/* One page; *url becomes the next one's, or NULL. */
static int
take_page(struct registry *registry, char **url, struct list *ret, struct err *e)
{
    struct registry_call call = REGISTRY_CALL_NONE;
    auto_free char *what = str_format("the repository %s", registry->at.path);
    call.method = "GET";
    call.url = take_ptr(*url);
    call.is_timed = true;
    call.body_most = PAGE_SIZE_MOST;
    int r = registry_do(registry, &call, e);
    const struct http_answer *a = &call.http.answer;
    if (r >= 0 && a->status != 200)
        r = registry_refusal(&call, what, e);
    else if (r >= 0 && (r = take_tags(registry, a, ret, e)) >= 0)
        r = next_page(registry, call.url, a->link, url, e);
    registry_call_done(&call);
    return r;
}

int
tags_list(struct registry *registry, struct list *ret, struct err *e)
{
    auto_free char *url = registry_url(registry, "tags/list");
    for (int pages = 0; url; pages++) {
        if (pages == PAGES_MOST)
            return err_set(e, ERR_INVALID, "the list of tags at %s does not end",
                           registry->host);
        TRY(take_page(registry, &url, ret, e));
    }
    if (ret->n == 0)
        return err_set(e, ERR_NOT_FOUND, "%s at %s has no tags", registry->at.path,
                       registry->host);
    return 0;
}
