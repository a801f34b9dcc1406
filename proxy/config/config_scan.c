/* A look at proxy.conf ahead of libConfuse, with the rules of its lexer: pieces, words, comments. */
#include <stdlib.h>

#include "base/memory.h"
#include "proxy/config/config_scan.h"

enum piece { PIECE_SPACE, PIECE_COMMENT, PIECE_STRING, PIECE_WORD, PIECE_SIGN, PIECE_UNENDED };

static enum piece
read_comment(const char *text, size_t *len)
{
    const char *end = strstr(text + 2, "*/");

    if (end == NULL)
        return PIECE_UNENDED;
    *len = (size_t)(end + 2 - text);
    return PIECE_COMMENT;
}

/* It ends in its line: where a quote is missing, all quotes behind it mean the opposite. */
static enum piece
read_string(const char *text, size_t *len)
{
    const char *end = text + 1;

    for (; *end != '\0' && *end != '\n' && *end != text[0]; end++)
        if (*end == '\\' && end[1] != '\0')
            end++;
    *len = (size_t)(end + 1 - text);
    return *end == text[0] ? PIECE_STRING : PIECE_UNENDED;
}

/* What the text begins with, and how long that is. */
static enum piece
read_piece(const char *text, size_t *len)
{
    *len = strspn(text, " \t\r\n");
    if (*len > 0)
        return PIECE_SPACE;
    if (text[0] == '"' || text[0] == '\'')
        return read_string(text, len);
    if (strncmp(text, "/*", 2) == 0)
        return read_comment(text, len);
    if (text[0] == '#' || strncmp(text, "//", 2) == 0) {
        *len = strcspn(text, "\n");
        return PIECE_COMMENT;
    }
    *len = strcspn(text, " #\"'\t\n\r={}()+,*");
    if (*len > 0)
        return PIECE_WORD;
    *len = 1;
    return PIECE_SIGN;
}

static void
add_word(struct config_words *words, struct span text, enum config_word_kind kind)
{
    for (size_t i = 0; i < words->count; i++)
        if ((words->items[i].kind == CONFIG_WORD_KEY) == (kind == CONFIG_WORD_KEY) &&
            span_equal(span_of(words->items[i].text), text))
            return;
    words->items                 = memory_resize_array(words->items, words->count + 1, sizeof(*words->items));
    words->items[words->count++] = (struct config_word){memory_copy_span(text), kind};
}

/* What stands in front of the piece that is read. */
struct history {
    struct span last;   /* the piece before, if it is a word and no value */
    struct span before; /* as that, of the piece before it, if it is itself a word or a string */
    char        sign;   /* the piece before, if it is a sign */
    bool        in_list;
    unsigned    depth; /* of braces */
    const char *open;  /* the outermost of those that are open */
};

/* What a word is shows by what follows it. */
static void
learn_word(struct config_words *words, const struct history *history, bool text_follows, char sign)
{
    bool opens = sign == '{';

    if (history->before.len > 0)
        add_word(words, history->before, opens ? CONFIG_WORD_NAMED : CONFIG_WORD_KEY);
    else if (history->last.len > 0 && opens)
        add_word(words, history->last, CONFIG_WORD_SECTION);
    if (history->last.len > 0 && !opens && !text_follows)
        add_word(words, history->last, CONFIG_WORD_KEY);
}

static void
learn_piece(struct config_words *words, struct history *history, enum piece piece, struct span text)
{
    bool text_follows = piece == PIECE_WORD || piece == PIECE_STRING;
    bool value        = history->sign == '=' || history->sign == ',';
    char sign         = piece == PIECE_SIGN ? *text.data : '\0';

    learn_word(words, history, text_follows, sign);
    if (sign == '{' && history->depth++ == 0)
        history->open = text.data;
    else if (sign == '}' && history->depth > 0)
        history->depth--;
    history->in_list = sign == '{' ? history->sign == '=' : history->in_list && sign != '}';
    history->before  = text_follows ? history->last : (struct span){0};
    history->last    = piece == PIECE_WORD && !value ? text : (struct span){0};
    history->sign    = sign;
}

static void
make_blank(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] != '\n')
            text[i] = ' ';
}

static unsigned
line_at(const char *text, const char *at)
{
    unsigned line = 1;

    for (; text < at; text++)
        line += *text == '\n';
    return line;
}

/* What is written so in other languages, and what to write here; NULL if the word is right. */
static const char *
find_habit(const struct history *history, struct span word)
{
    bool value = history->sign == '=' || history->in_list;

    if (word.data[word.len - 1] == ';')
        return "no line ends in a semicolon here: remove it";
    if (!value && word.len > 1 && word.data[word.len - 1] == ':')
        return "a key and its value are joined by =, as in: workers = 1";
    if (!value && span_equal(word, SPAN("include")))
        return "there is no include: write all into this file";
    return NULL;
}

int
config_scan(char *text, struct config_words *words, const char *file, struct error *error)
{
    struct history history = {0};
    size_t         len = 0, before = error->count;

    for (char *at = text; *at != '\0'; at += len) {
        enum piece  piece = read_piece(at, &len);
        const char *habit = piece == PIECE_WORD ? find_habit(&history, (struct span){at, len}) : NULL;

        if (piece == PIECE_UNENDED) {
            error_add(error, file, line_at(text, at),
                      *at == '/' ? "this comment has no end"
                                 : "this string has no end in its line: a quote is missing");
            return -1;
        }
        if (habit != NULL)
            error_add(error, file, line_at(text, at), "%.*s: %s", (int)len, at, habit);
        if (piece == PIECE_COMMENT)
            make_blank(at, len);
        else if (piece != PIECE_SPACE)
            learn_piece(words, &history, piece, (struct span){at, len});
    }
    learn_word(words, &history, false, '\0');
    if (history.depth > 0)
        error_add(error, file, line_at(text, history.open), "this { has no }");
    return error->count > before ? -1 : 0;
}

bool
config_words_section(const struct config_words *words, const char *text)
{
    for (size_t i = 0; i < words->count; i++)
        if (words->items[i].kind != CONFIG_WORD_KEY && strcmp(words->items[i].text, text) == 0)
            return true;
    return false;
}

void
config_words_free(struct config_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->items[i].text);
    free(words->items);
    *words = (struct config_words){0};
}
