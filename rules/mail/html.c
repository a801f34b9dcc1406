/* One pass over the tokens: tags become white space, links, looks and numbers, the rest is text. */
#include <ctype.h>
#include <math.h>

#include "base/budget.h"
#include "base/count.h"
#include "rules/mail/charset.h"
#include "rules/mail/html.h"
#include "rules/mail/html_entity.h"
#include "rules/mail/html_links.h"
#include "rules/mail/html_markup.h"
#include "rules/mail/html_names.h"
#include "rules/mail/html_style.h"
#include "rules/mail/html_text.h"
#include "rules/mail/html_token.h"
#include "rules/regex/regex.h"

enum { TOKEN_COST = 64 }; /* octets that a token counts as, beside its own */

enum { IMAGE_SIDE = 200, SCREEN_WIDTH = 800, SCREEN_HEIGHT = 600 }; /* pixels; the first is a guess */

struct render {
    struct arena              *arena;
    bool                       wide; /* is the source more than ASCII? */
    struct html_facts         *facts;
    struct html_text           text;
    struct html_style          style;
    struct html_names          names;
    struct html_links          links;
    struct spans               lists[HTML_LISTS];
    struct bytes               title; /* the last one */
    struct bytes               decoded, value;
    const struct html_element *anchor_element, *script_element, *style_element, *title_element;
};

static void
set(struct render *render, enum html_number number)
{
    render->facts->numbers[number] = 1;
}

static bool
is_inside(const struct render *render, const struct html_element *element)
{
    return html_names_open(&render->names, element) > 0;
}

/* "120" or, of a screen's `full` pixels, "50%". Anything else, and nothing, is guessed. */
static double
side_length(struct span value, double full)
{
    double length = 0;
    size_t digits = 0;

    for (; digits < value.len && isdigit((unsigned char)value.data[digits]); digits++)
        length = length * 10 + (value.data[digits] - '0');
    value = span_tail(value, digits);
    if (value.len > 0 && value.data[value.len - 1] == '\n')
        value.len--;
    if (digits == 0 || (value.len > 0 && !span_equal(value, SPAN("%"))))
        length = 0;
    else if (value.len > 0)
        length *= full / 100;
    return length > 0 ? length : IMAGE_SIDE;
}

static void
look_at_image(struct render *render, const struct html_token *token)
{
    struct bytes *value = &render->value;
    double        width;

    if (is_inside(render, render->anchor_element))
        html_links_add_text(&render->links, SPAN("<img>\n"));
    if (!html_attribute(token, "width", value))
        return;
    width = side_length(bytes_span(value), SCREEN_WIDTH);
    if (html_attribute(token, "height", value))
        render->facts->numbers[HTML_IMAGE_AREA] += width * side_length(bytes_span(value), SCREEN_HEIGHT);
}

static void
look_at_font(struct render *render, const struct html_token *token)
{
    static struct regex_built_in good = {
        "^\\s*+(?:[\"'.][a-z ]|[a-z]|(?<= ))[a-z -]*[a-z]\\d?[\"']?(?:,\\s*[\"']?[a-z][a-z -]*[a-z]\\d?[\"']?)*;?$",
        "i", NULL};

    if (html_attribute(token, "face", &render->value) && !regex_matches(regex_of(&good), bytes_span(&render->value)))
        set(render, HTML_FONT_FACE_BAD);
}

static void
look_at_form(struct render *render, const struct html_token *token)
{
    static struct regex_built_in mailto = {"mailto:", "i", NULL};

    if (html_attribute(token, "action", &render->value) && regex_matches(regex_of(&mailto), bytes_span(&render->value)))
        set(render, HTML_FORM_ACTION_MAILTO);
}

static void
look_at_embedded(struct render *render, const struct html_token *token)
{
    (void)token;
    set(render, HTML_EMBEDS);
}

static void
end_title(struct render *render)
{
    struct spans *titles = &render->lists[HTML_TITLES];

    if (titles->count > 0)
        titles->items[titles->count - 1] = arena_copy(render->arena, bytes_span(&render->title));
    bytes_clear(&render->title);
}

static void
look_at_title(struct render *render, const struct html_token *token)
{
    (void)token;
    end_title(render);
    spans_add(&render->lists[HTML_TITLES], SPAN(""));
}

static void (*const looks[HTML_ROLES])(struct render *, const struct html_token *start) = {
    [HTML_EMBEDDED] = look_at_embedded, [HTML_FONT] = look_at_font,   [HTML_FORM] = look_at_form,
    [HTML_IMAGE] = look_at_image,       [HTML_TITLE] = look_at_title,
};

static void
render_tag(struct render *render, const struct html_token *token)
{
    const struct html_element *element = html_element_find(token->name);

    html_names_count(&render->names, element, token->name, token->kind == HTML_START);
    if (element == NULL || element->name[0] == '!')
        return;
    if (element->styled != HTML_NO_STYLE)
        html_style_follow(&render->style, element, token);
    if (element->space != NULL)
        html_text_add_space(&render->text, element->space);
    if (token->kind == HTML_END)
        return;
    html_links_follow(&render->links, element, token);
    if (looks[element->role] != NULL)
        looks[element->role](render, token);
}

/* Is there more in it than white space? */
static bool
shows(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == ' ' || (text.data[i] >= '\t' && text.data[i] <= '\r'))
            continue;
        if (text.len - i < 4 || memcmp(text.data + i, "\u00c2\u00a0", 4) != 0)
            return true;
        i += 3;
    }
    return false;
}

/* Can it be seen? Notes why not. */
static bool
is_invisible(struct render *render, struct span text)
{
    enum html_visibility visibility = shows(text) ? html_style_visibility(&render->style) : HTML_VISIBLE;

    if (visibility == HTML_LOW_CONTRAST)
        set(render, HTML_FONT_LOW_CONTRAST);
    if (visibility == HTML_INVALID_COLOR)
        set(render, HTML_FONT_INVALID_COLOR);
    return visibility != HTML_VISIBLE;
}

static void
render_text(struct render *render, const struct html_token *token)
{
    struct span text = token->text;
    bool        wide = render->wide;

    if (is_inside(render, render->script_element))
        spans_add(&render->lists[HTML_SCRIPTS], text);
    if (is_inside(render, render->script_element) || is_inside(render, render->style_element))
        return;
    if (!token->literal && text.len > 0 && memchr(text.data, '&', text.len) != NULL) {
        bytes_clear(&render->decoded);
        wide |= html_decode_entities(text, true, &render->decoded);
        text = bytes_span(&render->decoded);
    }
    if (is_inside(render, render->anchor_element))
        html_links_add_text(&render->links, text);
    if (is_inside(render, render->title_element))
        bytes_add(&render->title, text);
    html_text_add(&render->text, text, wide, is_invisible(render, text));
}

static void
render_token(struct render *render, const struct html_token *token)
{
    switch (token->kind) {
    case HTML_START:
    case HTML_END:
        render_tag(render, token);
        break;
    case HTML_TEXT:
        render_text(render, token);
        break;
    case HTML_COMMENT:
        spans_add(&render->lists[HTML_COMMENTS], token->text);
        break;
    case HTML_DECLARATION:
        if (span_starts_nocase(token->text, SPAN("<!doctype")))
            html_names_count_doctype(&render->names);
        break;
    }
}

/* "<br/>" is "<br>": its length, and that of the name; 0: it is none. */
static size_t
empty_tag_length(struct span text, size_t *name)
{
    size_t at = 1;

    while (at < text.len && (isalnum((unsigned char)text.data[at]) || text.data[at] == '_'))
        at++;
    *name = at - 1;
    at    = html_skip_space(text, at);
    return *name > 0 && text.len - at >= 2 && text.data[at] == '/' && text.data[at + 1] == '>' ? at + 2 : 0;
}

/* What stands at the front is not copied as it is: how long it is, what it becomes to `*to`. 0: it stays. */
static size_t
change(struct span text, struct span *to)
{
    static const struct {
        struct span from, to;
    } changes[] = {{{"&nbsp;", 6}, {" ", 1}}, {{"\u201c", 3}, {"\"", 1}}, {{"\u201d", 3}, {"\"", 1}}};

    for (size_t i = 0; text.data[0] != '<' && i < COUNT_OF(changes); i++) {
        if (!span_starts(text, changes[i].from))
            continue;
        *to = changes[i].to;
        return changes[i].from.len;
    }
    return 0;
}

/* What SpamAssassin changes before it parses: &nbsp; is a space, quotation marks that look like quotes are quotes, and
 * tags that end in a slash do not. Never longer than the source. */
static struct span
prepare_source(struct span source, struct arena *arena)
{
    static const bool special[256] = {['&'] = true, ['<'] = true, [0xe2] = true};
    char             *prepared     = arena_new(arena, source.len);
    size_t            len          = 0;

    for (struct span rest = source, to; rest.len > 0;) {
        size_t plain = 0, changed, name;

        while (plain < rest.len && !special[(unsigned char)rest.data[plain]])
            plain++;
        memcpy(prepared + len, rest.data, plain);
        len += plain;
        rest = span_tail(rest, plain);
        if (rest.len == 0)
            break;
        if ((changed = change(rest, &to)) > 0) {
            prepared[len++] = to.data[0];
        } else if (rest.data[0] == '<' && (changed = empty_tag_length(rest, &name)) > 0) {
            memcpy(prepared + len, rest.data, name + 1);
            len += name + 1;
            prepared[len++] = '>';
        } else {
            prepared[len++] = rest.data[0];
            changed         = 1;
        }
        rest = span_tail(rest, changed);
    }
    arena_trim(arena, source.len, len);
    return (struct span){prepared, len};
}

static void
start(struct render *render, struct span source)
{
    struct html_facts *facts = render->facts;

    for (size_t i = 0; i < HTML_NUMBERS; i++)
        facts->numbers[i] = NAN;
    facts->numbers[HTML_IMAGE_AREA] = 0;
    facts->numbers[HTML_LENGTH]     = (double)html_text_count(source);
    set(render, HTML_IS_HTML);
    render->wide           = !charset_is_ascii(source);
    render->names.arena    = render->arena;
    render->links.arena    = render->arena;
    render->links.wide     = render->wide;
    render->anchor_element = html_element_find(SPAN("a"));
    render->script_element = html_element_find(SPAN("script"));
    render->style_element  = html_element_find(SPAN("style"));
    render->title_element  = html_element_find(SPAN("title"));
    html_style_start(&render->style);
}

static void
finish_lists(struct render *render)
{
    end_title(render);
    html_links_finish(&render->links, render->facts);
    for (size_t i = HTML_COMMENTS; i < HTML_LISTS; i++) {
        struct spans *list = &render->lists[i];
        struct span  *kept = arena_new(render->arena, list->count * sizeof(*kept));

        if (list->count > 0)
            memcpy(kept, list->items, list->count * sizeof(*kept));
        render->facts->lists[i]       = kept;
        render->facts->list_counts[i] = list->count;
    }
}

static void
finish_numbers(struct render *render, struct span text, size_t octets)
{
    double *numbers = render->facts->numbers, characters = (double)html_text_count(text);

    html_names_finish(&render->names, render->facts);
    numbers[HTML_HTML_LENGTH]   = characters;
    numbers[HTML_NON_SPACE_LEN] = characters - (double)html_text_spaces(text, render->text.wide);
    numbers[HTML_MIN_SIZE]      = render->style.least_size;
    numbers[HTML_MAX_SIZE]      = render->style.most_size;
    if (octets > 0)
        numbers[HTML_RATIO] = ((double)octets - characters) / (double)octets;
    if (render->names.tags > 0 && render->text.obfuscation > 0)
        numbers[HTML_OBFUSCATION_RATIO] = (double)render->text.obfuscation / (double)render->names.tags;
    if (render->text.backhair > 0)
        numbers[HTML_BACKHAIR_COUNT] = __builtin_popcountll(render->text.backhair);
}

static void
clear_render(struct render *render)
{
    for (size_t i = 0; i < HTML_LISTS; i++)
        spans_free(&render->lists[i]);
    bytes_free(&render->value);
    bytes_free(&render->decoded);
    bytes_free(&render->title);
    html_links_free(&render->links);
    html_names_free(&render->names);
    html_style_free(&render->style);
}

struct html_rendering {
    struct render      render;
    struct html_reader reader;
    struct html_token  token;
    struct bytes      *text;
    size_t             before; /* octets of `text` */
    size_t             octets;
};

struct html_rendering *
html_render_begin(struct span source, size_t octets, struct arena *arena, struct bytes *text)
{
    struct html_rendering *rendering = arena_new(arena, sizeof(*rendering));
    struct html_facts     *facts     = arena_new(arena, sizeof(*facts));

    *facts     = (struct html_facts){0};
    *rendering = (struct html_rendering){
        .render = {.arena = arena, .facts = facts, .text = {.out = text}},
        .reader = {.rest = prepare_source(source, arena)},
        .text   = text,
        .before = text->len,
        .octets = octets,
    };
    start(&rendering->render, source);
    return rendering;
}

bool
html_render_go_on(struct html_rendering *rendering)
{
    struct html_token *token = &rendering->token;

    while (!budget_use(token->text.len + TOKEN_COST) && html_read(&rendering->reader, token)) {
        render_token(&rendering->render, token);
        if (budget_slice_is_over())
            return false;
    }
    return true;
}

const struct html_facts *
html_render_end(struct html_rendering *rendering)
{
    struct render *render = &rendering->render;

    html_reader_free(&rendering->reader);
    finish_lists(render);
    finish_numbers(render, span_tail(bytes_span(rendering->text), rendering->before), rendering->octets);
    clear_render(render);
    return render->facts;
}

const struct html_facts *
html_render(struct span source, size_t octets, struct arena *arena, struct bytes *text)
{
    struct html_rendering *rendering = html_render_begin(source, octets, arena, text);

    while (!html_render_go_on(rendering))
        ;
    return html_render_end(rendering);
}
