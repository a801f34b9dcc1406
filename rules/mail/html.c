/* Tags become white space or links, the rest is text. One table says what each element does. */
#include <ctype.h>

#include "rules/mail/charset.h"
#include "rules/mail/html.h"
#include "rules/mail/html_token.h"
#include "rules/mail/uri_forms.h"
#include "rules/mail/uri_resolve.h"
#include "rules/regex.h"

struct element {
    const char *name;
    const char *space;     /* what its start and its end look like; NULL: nothing */
    const char *link;      /* the attribute that links somewhere; NULL: none */
    const char *also_link; /* and another */
};

static const struct element elements[] = {
    {.name = "a", .link = "href", .also_link = "data-saferedirecturl"},
    {.name = "area", .link = "href", .also_link = "data-saferedirecturl"},
    {.name = "base", .link = "href"},
    {.name = "bgsound", .link = "src"},
    {.name = "blockquote", .space = "\n\n"},
    {.name = "body", .link = "background"},
    {.name = "br", .space = "\n"},
    {.name = "dd", .space = " "},
    {.name = "div", .space = "\n"},
    {.name = "dt", .space = " "},
    {.name = "embed", .space = " ", .link = "src"},
    {.name = "form", .link = "action"},
    {.name = "frame", .link = "src"},
    {.name = "h1", .space = " "},
    {.name = "h2", .space = " "},
    {.name = "h3", .space = " "},
    {.name = "h4", .space = " "},
    {.name = "h5", .space = " "},
    {.name = "h6", .space = " "},
    {.name = "hr", .space = "\n\n"},
    {.name = "iframe", .link = "src"},
    {.name = "img", .link = "src"},
    {.name = "li", .space = " "},
    {.name = "link", .link = "href", .also_link = "data-saferedirecturl"},
    {.name = "listing", .space = "\n\n"},
    {.name = "p", .space = "\n\n"},
    {.name = "plaintext", .space = "\n\n"},
    {.name = "pre", .space = "\n\n"},
    {.name = "script", .link = "src"},
    {.name = "table", .link = "background"},
    {.name = "td", .space = " ", .link = "background"},
    {.name = "th", .space = " "},
    {.name = "title", .space = "\n\n"},
    {.name = "tr", .link = "background"},
    {.name = "xmp", .space = "\n\n"},
};

struct render {
    struct arena      *arena;
    struct bytes      *text;
    struct uri_places *links;
    size_t             last;       /* where in `text` the last piece starts */
    bool               any;        /* is there a piece? */
    bool               last_space; /* is it white space that an element made? */
    unsigned           in_script, in_style;
    struct bytes       base;
    size_t             link_octets; /* of all links so far */
};

static struct regex_built_in refresh_pattern   = {"^.*\\burl\\s*=\\s*(.*?)(?:\\s*;.*)?$", "is", NULL};
static struct regex_built_in base_pattern      = {"^(?:https?|ftp):/{0,2}", "i", NULL};
static struct regex_built_in base_file_pattern = {"^([a-z]+:/{0,2}[^/]+/.*?)[^/.]+\\.[^/.]{2,4}$", "i", NULL};
static struct regex_built_in opaque_pattern    = {"^(?:data|mailto|file|cid|tel):", "i", NULL};

static const struct element *
find_element(const char *name)
{
    for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++)
        if (strcmp(elements[i].name, name) == 0)
            return &elements[i];
    return NULL;
}

static void
begin_piece(struct render *render, bool space)
{
    render->last       = render->text->len;
    render->any        = true;
    render->last_space = space;
}

/* White space in front of what an element makes goes. */
static void
add_space(struct render *render, const char *space)
{
    struct bytes *text = render->text;

    if (render->any && !render->last_space && text->len > render->last && text->data[text->len - 1] == ' ')
        text->len--;
    begin_piece(render, true);
    bytes_add(text, span_of(space));
}

/* Runs of ASCII white space become a space, and one behind what an element made goes. */
static void
add_text(struct render *render, struct span text, bool literal)
{
    struct bytes decoded      = {0};
    bool         behind_space = render->any && render->last_space;

    if (literal)
        bytes_add(&decoded, text);
    else
        html_decode_entities(text, &decoded);
    begin_piece(render, false);
    for (size_t i = 0; i < decoded.len; i++) {
        bool space = decoded.data[i] == ' ' || (decoded.data[i] >= '\t' && decoded.data[i] <= '\r');
        bool again = space && i > 0 &&
                     (decoded.data[i - 1] == ' ' || (decoded.data[i - 1] >= '\t' && decoded.data[i - 1] <= '\r'));

        if (!again && !(space && behind_space && i == 0))
            bytes_add_char(render->text, (char)(space ? ' ' : decoded.data[i]));
    }
    bytes_free(&decoded);
}

static struct span
trim_uri(struct span uri)
{
    size_t len;

    while ((len = charset_white_space(uri)) > 0)
        uri = span_tail(uri, len);
    while (uri.len > 0 && isspace((unsigned char)uri.data[uri.len - 1]))
        uri.len--;
    while (uri.len >= 2 && memcmp(uri.data + uri.len - 2, "\u00a0", 2) == 0)
        uri.len -= 2;
    return uri.len > URI_LENGTH_MAX ? span_head(uri, URI_LENGTH_MAX) : uri;
}

static void
keep_link(struct render *render, unsigned type, struct span uri)
{
    uri_places_add(render->links, (struct uri_place){.raw = arena_copy(render->arena, uri), .types = type});
    render->link_octets += uri.len;
}

static void
add_link(struct render *render, unsigned type, struct span uri)
{
    struct bytes target = {0};

    uri = trim_uri(uri);
    if (uri.len == 0 || render->link_octets > HTML_LINKS_MAX)
        return;
    if (regex_matches(regex_of(&opaque_pattern), uri))
        bytes_add(&target, uri);
    else
        uri_resolve(bytes_span(&render->base), uri, &target);
    if (target.len > 0)
        keep_link(render, type, bytes_span(&target));
    bytes_free(&target);
}

/* <base> counts only if it is absolute; the file name at its end goes. */
static void
set_base(struct render *render, struct span uri)
{
    struct regex_found found;

    uri = trim_uri(uri);
    if (!regex_matches(regex_of(&base_pattern), uri))
        return;
    if (regex_find(regex_of(&base_file_pattern), uri, 0, &found))
        uri = regex_group(&found, 1);
    bytes_clear(&render->base);
    bytes_add(&render->base, uri);
    if (uri.len > 0 && uri.data[uri.len - 1] != '/')
        bytes_add_char(&render->base, '/');
}

static void
follow_attribute(struct render *render, const struct html_token *token, const char *name)
{
    struct bytes uri = {0};

    if (html_attribute(token, name, &uri)) {
        add_link(render, uri_type_of(token->name), bytes_span(&uri));
        if (strcmp(token->name, "base") == 0)
            set_base(render, bytes_span(&uri));
        if (strcmp(token->name, "a") == 0 && trim_uri(bytes_span(&uri)).len > 0)
            keep_link(render, 0, trim_uri(bytes_span(&uri)));
    }
    bytes_free(&uri);
}

/* <meta http-equiv="refresh" content="0; url=..."> */
static void
follow_refresh(struct render *render, const struct html_token *token)
{
    struct bytes       equiv = {0}, content = {0};
    struct regex_found found;

    if (html_attribute(token, "http-equiv", &equiv) && html_attribute(token, "content", &content) &&
        memmem(equiv.data, equiv.len, "efresh", 6) != NULL &&
        regex_find(regex_of(&refresh_pattern), bytes_span(&content), 0, &found))
        add_link(render, URI_META, regex_group(&found, 1));
    bytes_free(&content);
    bytes_free(&equiv);
}

static void
count_inside(unsigned *inside, enum html_token_kind kind)
{
    if (kind == HTML_START)
        ++*inside;
    else if (*inside > 0)
        --*inside;
}

static void
render_tag(struct render *render, const struct html_token *token)
{
    const struct element *element = find_element(token->name);

    if (strcmp(token->name, "script") == 0)
        count_inside(&render->in_script, token->kind);
    if (strcmp(token->name, "style") == 0)
        count_inside(&render->in_style, token->kind);
    if (strcmp(token->name, "meta") == 0 && token->kind == HTML_START)
        follow_refresh(render, token);
    if (element == NULL)
        return;
    if (element->space != NULL)
        add_space(render, element->space);
    if (element->link != NULL && token->kind == HTML_START)
        follow_attribute(render, token, element->link);
    if (element->also_link != NULL && token->kind == HTML_START)
        follow_attribute(render, token, element->also_link);
}

/* What SpamAssassin changes before it parses: &nbsp; is a space, quotation marks that look like quotes are quotes. */
static void
prepare(struct span source, struct bytes *prepared)
{
    static const struct {
        struct span from;
        char        to;
    } changes[] = {{SPAN("&nbsp;"), ' '}, {SPAN("\u201c"), '"'}, {SPAN("\u201d"), '"'}};

    (void)bytes_reserve(prepared, source.len);
    for (size_t at = 0; at < source.len;) {
        struct span rest   = span_tail(source, at);
        size_t      change = 0;

        while (change < 3 && (rest.data[0] != changes[change].from.data[0] || rest.len < changes[change].from.len ||
                              memcmp(rest.data, changes[change].from.data, changes[change].from.len) != 0))
            change++;
        prepared->data[prepared->len++] = change < 3 ? changes[change].to : rest.data[0];
        at += change < 3 ? changes[change].from.len : 1;
    }
    bytes_add(prepared, SPAN(""));
}

void
html_render(struct span source, struct arena *arena, struct bytes *text, struct uri_places *links)
{
    struct bytes       prepared = {0};
    struct render      render   = {.arena = arena, .text = text, .links = links};
    struct html_reader reader;
    struct html_token  token;

    prepare(source, &prepared);
    reader = (struct html_reader){.rest = bytes_span(&prepared)};
    while (html_read(&reader, &token)) {
        if (token.kind == HTML_START || token.kind == HTML_END)
            render_tag(&render, &token);
        else if (token.kind == HTML_TEXT && render.in_script == 0 && render.in_style == 0)
            add_text(&render, token.text, token.literal);
    }
    bytes_free(&render.base);
    bytes_free(&prepared);
}
