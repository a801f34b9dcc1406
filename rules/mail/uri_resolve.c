/* RFC 3986, 5.2 and 5.3, as SpamAssassin reads it. */
#include "rules/mail/uri_resolve.h"
#include "rules/regex/regex.h"

/* An address taken apart (RFC 3986, appendix B). NULL data: not there. */
struct uri_pieces {
    struct span scheme, authority, path, query, fragment;
};

static struct regex_built_in pieces_pattern = {"^(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\\?([^#]*))?(?:#(.*))?", "",
                                               NULL};
static struct regex_built_in www_pattern    = {"^www\\d*\\.", "i", NULL};
static struct regex_built_in ftp_pattern    = {"^ftp\\d*\\.", "i", NULL};

static void
split(struct span uri, struct uri_pieces *pieces)
{
    struct regex_found found;

    *pieces = (struct uri_pieces){.path = SPAN("")};
    if (!regex_find(regex_of(&pieces_pattern), uri, 0, &found))
        return;
    pieces->scheme    = regex_group(&found, 1);
    pieces->authority = regex_group(&found, 2);
    pieces->path      = regex_group(&found, 3);
    pieces->query     = regex_group(&found, 4);
    pieces->fragment  = regex_group(&found, 5);
}

/* RFC 3986, 5.2.4, in one pass: "." goes, ".." takes the segment before it along. */
static void
add_without_dots(struct span path, struct bytes *target)
{
    size_t start = target->len;

    while (path.len > 0) {
        size_t      slash   = path.data[0] == '/';
        const char *next    = memchr(path.data + slash, '/', path.len - slash);
        size_t      len     = next != NULL ? (size_t)(next - path.data) : path.len;
        struct span segment = {path.data + slash, len - slash};
        bool        up      = span_equal(segment, SPAN(".."));

        if (up || span_equal(segment, SPAN("."))) {
            while (up && target->len > start && target->data[target->len - 1] != '/')
                target->len--;
            if (up && target->len > start)
                target->len--;
            if (next == NULL)
                bytes_add_char(target, '/');
        } else {
            bytes_add(target, span_head(path, len));
        }
        path = span_tail(path, len);
    }
}

static void
add_merged_path(const struct uri_pieces *base, struct span path, struct bytes *target)
{
    struct bytes merged = {0};
    const char  *slash  = base->path.len > 0 ? memrchr(base->path.data, '/', base->path.len) : NULL;

    if (base->authority.data != NULL && base->path.len == 0)
        bytes_add_char(&merged, '/');
    else if (slash != NULL)
        bytes_add(&merged, span_head(base->path, (size_t)(slash - base->path.data) + 1));
    bytes_add(&merged, path);
    add_without_dots(bytes_span(&merged), target);
    bytes_free(&merged);
}

static void
add_scheme(struct bytes *target, struct span scheme)
{
    bytes_add(target, scheme);
    bytes_add_char(target, ':');
}

static void
add_marked(struct bytes *target, char mark, struct span piece)
{
    bytes_add_char(target, mark);
    bytes_add(target, piece);
}

static void
add_start(struct span scheme, struct span authority, struct bytes *target)
{
    if (scheme.len > 0)
        add_scheme(target, scheme);
    else if (authority.data != NULL && regex_matches(regex_of(&www_pattern), authority))
        bytes_add(target, SPAN("http:"));
    else if (authority.data != NULL && regex_matches(regex_of(&ftp_pattern), authority))
        bytes_add(target, SPAN("ftp:"));
    if (authority.data != NULL) {
        bytes_add(target, SPAN("//"));
        bytes_add(target, authority);
    }
}

void
uri_resolve(struct span base_uri, struct span reference, struct bytes *target)
{
    struct uri_pieces base, pieces;
    bool              absolute;

    split(base_uri, &base);
    split(reference, &pieces);
    absolute = pieces.scheme.data != NULL && (base.scheme.data == NULL || !span_equal(pieces.scheme, base.scheme));
    if (absolute || pieces.authority.data != NULL) {
        add_start(absolute ? pieces.scheme : base.scheme, pieces.authority, target);
        add_without_dots(pieces.path, target);
    } else {
        add_start(base.scheme, base.authority, target);
        if (pieces.path.len == 0)
            bytes_add(target, base.path);
        else if (pieces.path.data[0] == '/')
            add_without_dots(pieces.path, target);
        else
            add_merged_path(&base, pieces.path, target);
        if (pieces.path.len == 0 && pieces.query.data == NULL)
            pieces.query = base.query;
    }
    if (pieces.query.data != NULL)
        add_marked(target, '?', pieces.query);
    if (pieces.fragment.data != NULL)
        add_marked(target, '#', pieces.fragment);
}
