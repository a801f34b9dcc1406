/* An address is a place in a list, once, however many elements have it. */
#include <ctype.h>
#include <stdlib.h>

#include "base/count.h"
#include "base/memory.h"
#include "rules/mail/charset.h"
#include "rules/mail/html_links.h"
#include "rules/mail/uri_forms.h"
#include "rules/mail/uri_resolve.h"
#include "rules/regex/regex.h"

static struct regex_built_in refresh_pattern   = {"refresh", "i", NULL};
static struct regex_built_in url_pattern       = {"\\burl\\s*=", "i", NULL};
static struct regex_built_in behind_pattern    = {"^.*\\burl\\s*=\\s*", "i", NULL};
static struct regex_built_in more_pattern      = {"\\s*;.*", "", NULL};
static struct regex_built_in base_pattern      = {"^(?:https?|ftp):/{0,2}", "i", NULL};
static struct regex_built_in base_file_pattern = {"^([a-z]+:/{0,2}[^/]+/.*?)[^/.]+\\.[^/.]{2,4}$", "i", NULL};

/* Without white space around it, and no longer than an address may be. */
static struct span
clean_uri(struct html_links *links, struct span uri)
{
    size_t len;

    while ((len = charset_white_space(uri)) > 0)
        uri = span_tail(uri, len);
    while (uri.len > 0) {
        if (isspace((unsigned char)uri.data[uri.len - 1]))
            uri.len--;
        else if (uri.len >= 2 && memcmp(uri.data + uri.len - 2, "\u00a0", 2) == 0)
            uri.len -= 2;
        else
            break;
    }
    links->truncated |= uri.len > URI_LENGTH_MAX;
    return uri.len > URI_LENGTH_MAX ? span_head(uri, URI_LENGTH_MAX) : uri;
}

/* Is there a character beyond Latin-1 in it? */
static bool
is_beyond_latin(struct span utf8)
{
    for (size_t i = 0; i < utf8.len; i++)
        if ((unsigned char)utf8.data[i] >= 0xc4)
            return true;
    return false;
}

/* The number of an address's place; SIZE_MAX if there are too many. */
static size_t
find_place(struct html_links *links, struct span raw)
{
    size_t before = links->places.count, number;

    if (links->octets > HTML_LINKS_MAX)
        return SIZE_MAX;
    number = span_index_add(&links->raws, raw);
    if (number == before) {
        raw = links->raws.spans.items[number] = arena_copy(links->arena, raw);
        uri_places_add(&links->places, (struct uri_place){
                                           .raw     = raw,
                                           .letters = links->wide || is_beyond_latin(raw) ? URI_WIDE : URI_CHARACTERS,
                                       });
        links->octets += raw.len;
    }
    return number;
}

static bool
is_opaque(struct span uri)
{
    static const struct span schemes[] = {{"data:", 5}, {"mailto:", 7}, {"file:", 5}, {"cid:", 4}, {"tel:", 4}};

    for (size_t i = 0; i < COUNT_OF(schemes); i++)
        if (span_starts_nocase(uri, schemes[i]))
            return true;
    return false;
}

/* The place of an address from the base on. The base may be long and the address short: each is resolved once. */
static size_t
find_target(struct html_links *links, struct span uri)
{
    size_t before = links->written.spans.count, number;

    if (links->octets > HTML_LINKS_MAX)
        return SIZE_MAX;
    number = span_index_add(&links->written, uri);
    if (number < before)
        return links->written_places[number];
    if (number == links->written_capacity) {
        links->written_capacity = number > 0 ? number * 2 : 64;
        links->written_places =
            memory_resize_array(links->written_places, links->written_capacity, sizeof(links->written_places[0]));
    }
    links->written.spans.items[number] = arena_copy(links->arena, uri);
    bytes_clear(&links->target);
    uri_resolve(bytes_span(&links->base), uri, &links->target);
    before                        = links->places.count;
    links->written_places[number] = links->target.len > 0 ? find_place(links, bytes_span(&links->target)) : SIZE_MAX;
    if (links->places.count == before)
        links->octets += links->target.len;
    return links->written_places[number];
}

static void
forget_written(struct html_links *links)
{
    span_index_free(&links->written);
    free(links->written_places);
    links->written_places   = NULL;
    links->written_capacity = 0;
}

/* Keeps what `links->value` leads to. */
static void
add_value(struct html_links *links, const struct html_element *element)
{
    struct span uri = clean_uri(links, bytes_span(&links->value));
    size_t      place;

    if (uri.len == 0)
        return;
    place = is_opaque(uri) ? find_place(links, uri) : find_target(links, uri);
    if (place != SIZE_MAX)
        links->places.items[place].types |= element->link_type;
}

/* <base> counts only if it is absolute; the file name at its end goes. */
static void
set_base(struct html_links *links)
{
    struct span        uri = clean_uri(links, bytes_span(&links->value));
    struct regex_found found;

    if (!regex_matches(regex_of(&base_pattern), uri))
        return;
    if (regex_find(regex_of(&base_file_pattern), uri, 0, &found))
        uri = regex_group(&found, 1);
    forget_written(links);
    bytes_clear(&links->base);
    bytes_add(&links->base, uri);
    if (uri.len > 0 && uri.data[uri.len - 1] != '/')
        bytes_add_char(&links->base, '/');
}

/* <meta http-equiv="refresh" content="0; url=..."> */
static void
follow_meta(struct html_links *links, const struct html_element *element, const struct html_token *token)
{
    struct span        uri;
    struct regex_found found;

    if (!html_attribute(token, "http-equiv", &links->value) ||
        !regex_matches(regex_of(&refresh_pattern), bytes_span(&links->value)) ||
        !html_attribute(token, "content", &links->value) ||
        !regex_matches(regex_of(&url_pattern), bytes_span(&links->value)))
        return;
    uri = bytes_span(&links->value);
    if (regex_find(regex_of(&behind_pattern), uri, 0, &found))
        uri = span_tail(uri, regex_next(&found));
    if (uri.len > 0 && regex_find(regex_of(&more_pattern), uri, 0, &found))
        uri = span_head(uri, (size_t)(regex_group(&found, 0).data - uri.data));
    memmove(links->value.data, uri.data, uri.len);
    links->value.len = uri.len;
    add_value(links, element);
}

/* "title/href": what stands behind the name of another attribute and a slash is found as well. */
static bool
read_hidden_attribute(const struct html_token *token, const char *name, struct bytes *value)
{
    struct span wanted = span_of(name);

    for (size_t i = 0; i < token->attribute_count; i++) {
        struct span written = token->attributes[i].name;

        for (size_t at = 1; written.len > wanted.len && at < written.len - wanted.len; at++) {
            char before = written.data[at - 1];

            if (written.data[at] == '/' && (isalnum((unsigned char)before) || before == '_') &&
                span_starts_nocase(span_tail(written, at + 1), wanted)) {
                struct html_token     one     = {.attributes = &token->attributes[i], .attribute_count = 1};
                struct html_attribute renamed = {.name = wanted, .value = token->attributes[i].value};

                one.attributes = &renamed;
                return html_attribute(&one, name, value);
            }
        }
    }
    return false;
}

/* Takes the byte order marks out; octets that make one only then go as well. */
static void
remove_marks(struct bytes *value)
{
    static const struct span mark = {"\ufeff", 3};
    size_t                   kept = 0;

    for (size_t i = 0; i < value->len; i++) {
        value->data[kept++] = value->data[i];
        if (kept >= mark.len && memcmp(value->data + kept - mark.len, mark.data, mark.len) == 0)
            kept -= mark.len;
    }
    value->len = kept;
}

/* The attribute that links, to `links->value`. */
static bool
read_link(struct html_links *links, const struct html_element *element, const struct html_token *token)
{
    struct bytes *value = &links->value;
    const char   *name  = element->link;

    if ((strcmp(name, "href") != 0 && strcmp(name, "src") != 0) || element->role == HTML_BASE)
        return html_attribute(token, name, value);
    if (!read_hidden_attribute(token, name, value) && !html_attribute(token, name, value))
        return false;
    if (name[0] == 'h')
        remove_marks(value);
    return true;
}

static void
end_anchor(struct html_links *links)
{
    if (links->anchor_count > 0)
        links->anchors[links->anchor_count - 1].text = arena_copy(links->arena, bytes_span(&links->anchor_text));
    bytes_clear(&links->anchor_text);
}

/* An anchor's text belongs to the address as it stands there, not to where that leads from the base. */
static void
begin_anchor(struct html_links *links, bool linked)
{
    struct span uri = linked ? clean_uri(links, bytes_span(&links->value)) : SPAN("");

    end_anchor(links);
    if (links->anchor_count == links->anchor_capacity) {
        links->anchor_capacity = links->anchor_count > 0 ? links->anchor_count * 2 : 16;
        links->anchors         = memory_resize_array(links->anchors, links->anchor_capacity, sizeof(links->anchors[0]));
    }
    links->anchors[links->anchor_count++] = (struct html_anchor){.place = find_place(links, uri)};
}

void
html_links_follow(struct html_links *links, const struct html_element *element, const struct html_token *token)
{
    bool linked = element->link != NULL && read_link(links, element, token);

    if (element->role == HTML_META)
        follow_meta(links, element, token);
    if (linked)
        add_value(links, element);
    if (linked && element->role == HTML_BASE)
        set_base(links);
    if (element->role == HTML_ANCHOR)
        begin_anchor(links, linked);
    if ((element->link_type & (URI_A | URI_AREA | URI_LINK)) != 0 &&
        html_attribute(token, "data-saferedirecturl", &links->value))
        add_value(links, element);
}

void
html_links_add_text(struct html_links *links, struct span text)
{
    bytes_add(&links->anchor_text, text);
}

/* The texts of the anchors, those that lead to one place together. */
static void
finish_texts(struct html_links *links)
{
    struct span *texts = arena_new(links->arena, links->anchor_count * sizeof(*texts)), *next = texts;
    size_t      *counts = memory_new((links->places.count + 1) * sizeof(*counts));

    for (size_t i = 0; i < links->anchor_count; i++)
        if (links->anchors[i].place != SIZE_MAX)
            counts[links->anchors[i].place]++;
    for (size_t i = 0; i < links->places.count; i++) {
        links->places.items[i].texts = next;
        next += counts[i];
        counts[i] = (size_t)(links->places.items[i].texts - texts);
    }
    for (size_t i = 0; i < links->anchor_count; i++) {
        size_t place = links->anchors[i].place;

        if (place == SIZE_MAX)
            continue;
        texts[counts[place]++] = links->anchors[i].text;
        links->places.items[place].text_count++;
    }
    free(counts);
}

void
html_links_finish(struct html_links *links, struct html_facts *facts)
{
    struct span      *anchors = arena_new(links->arena, links->anchor_count * sizeof(*anchors));
    struct uri_place *places  = arena_new(links->arena, links->places.count * sizeof(*places));

    end_anchor(links);
    finish_texts(links);
    for (size_t i = 0; i < links->anchor_count; i++)
        anchors[i] = links->anchors[i].text;
    if (links->places.count > 0)
        memcpy(places, links->places.items, links->places.count * sizeof(*places));
    facts->lists[HTML_ANCHORS]       = anchors;
    facts->list_counts[HTML_ANCHORS] = links->anchor_count;
    facts->links                     = places;
    facts->link_count                = links->places.count;
    if (links->truncated)
        facts->numbers[HTML_URI_TRUNCATED] = 1;
}

void
html_links_free(struct html_links *links)
{
    bytes_free(&links->target);
    bytes_free(&links->value);
    bytes_free(&links->anchor_text);
    bytes_free(&links->base);
    free(links->anchors);
    forget_written(links);
    uri_places_free(&links->places);
    span_index_free(&links->raws);
    *links = (struct html_links){0};
}
