/* A table of what MTAs write; the first row that fits decides. */
#include "rules/mail/received_auth.h"
#include "base/bytes.h"
#include "base/count.h"
#include "rules/mail/received_pattern.h"

/*
 * `said` is what it comes to; $1 and $2 are the pattern's groups. Protocols that are used after authentication alone
 * are those of RFC 3848 and RFC 6531, and HTTP, which webmail says. Atomic groups keep the time in proportion to the
 * line.
 */
static struct {
    const char           *needle; /* is in the line as well */
    struct regex_built_in pattern;
    const char           *said;
} rows[] = {
    {" by ", {" with ((?:ES|L|UTF8S|UTF8L)MTPS?A|ASMTP|HTTP[SU]?)(?: |;|$)", "i", NULL}, "$1"},
    {" by mx.google.com with ESMTPS id ",
     {"^(?=.* by mx\\.google\\.com with ESMTPS id [a-z0-9]{1,4}sm\\d{2,9}[a-z]{3}\\.\\d{1,3}\\.\\d{4}\\.(?:[0-6]\\d\\.)"
      "{4}[0-6]\\d).*?\\(version=([^ ]+) cipher=([^)]+)\\)",
      "", NULL},
     "GMail - transport=$1 cipher=$2"},
    {" (AUTH: ",
     {"^from .*?(?:\\]\\)|\\)\\]) \\(AUTH: (LOGIN|PLAIN|DIGEST-MD5|CRAM-MD5) \\S+(?:, .*?)?\\) by ", "", NULL},
     "$1"},
    {"authenticated",
     {"^from (?>.*?(?:\\](?: \\([^)]*\\))?\\)|\\)\\]) )(?>.*?\\()(?>.*?authenticated)(?>.*?\\)).*? by", "", NULL},
     "Sendmail"},
    {"] by mail.gmx.",
     {"from \\S* \\((?:HE|EH)LO \\S*\\) \\[" RECEIVED_ADDRESS
      "\\] by (mail\\.gmx\\.(?:net|com)) \\([^)]+\\) with (E?SMTP)",
      "", NULL},
     "GMX ($2 / $1)"},
    {" (authenticated as ",
     {"\\) by (?>.+? \\(\\d{1,2}\\.\\d\\.\\d{3}(?:\\.\\d{1,3})?\\) \\(authenticated as ).+\\) id ", "", NULL},
     "CriticalPath"},
    {") (Authenticated sender: ",
     {"\\) \\(Authenticated sender: \\S+\\) by \\S+ \\(Postfix\\) with ", "", NULL},
     "Postfix"},
    {") (Authenticated sender: ",
     {"\\) \\(Authenticated sender: \\S+\\) by \\S+ \\(([^)]+)\\) with ", "", NULL},
     "Postfix ($1)"},
    {" (account ", {"CommuniGate Pro (?:HTTP|SMTP|XIMSS|IMAP)", "", NULL}, "Communigate"},
    {"HTTP-DAV", {" with Microsoft Exchange Server HTTP-DAV\\b", "", NULL}, "HTTP-DAV"},
    {" by ", {" \\(via (HTTP.?)\\)(?: |;|$)", "i", NULL}, "$1"},
};

enum { ROWS = COUNT_OF(rows) };

void
received_auth_start(void)
{
    for (size_t i = 0; i < ROWS; i++)
        (void)regex_of(&rows[i].pattern);
}

static struct span
fill_in(const char *said, const struct regex_found *found, struct arena *arena)
{
    struct bytes text = {0};
    struct span  copy;

    for (; *said != '\0'; said++)
        if (*said != '$')
            bytes_add_char(&text, *said);
        else
            bytes_add(&text, regex_group(found, (size_t)(*++said - '0')));
    copy = arena_copy(arena, bytes_span(&text));
    bytes_free(&text);
    return copy;
}

struct span
received_auth(struct span line, struct arena *arena)
{
    struct regex_found found;

    for (size_t i = 0; i < ROWS; i++)
        if (memmem(line.data, line.len, rows[i].needle, strlen(rows[i].needle)) != NULL &&
            regex_find(regex_of(&rows[i].pattern), line, 0, &found))
            return fill_in(rows[i].said, &found, arena);
    return (struct span){"", 0};
}
