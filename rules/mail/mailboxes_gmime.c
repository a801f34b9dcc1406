/* GMime's list of addresses as mailboxes, those in groups among them. */
#include <gmime/gmime.h>
#include <stdlib.h>

#include "base/memory.h"
#include "rules/mail/mailboxes_gmime.h"

/* GMime's time grows with the square of a field's length, and a field that is the name of each of its words is as many
 * times its own length. */
enum { VALUE_MAX = 2048, WHOLE_NAMES_MAX = 20 };

/*
 * Encoded words are hidden from GMime, which would decode them: a ~, which hardly ever follows a =, stands in for their
 * first question mark.
 */
static void
hide_words(char *text)
{
    for (char *word = strstr(text, "=?"); word != NULL; word = strstr(word, "=?"))
        word[1] = '~';
}

static struct span
show_words(const char *text, struct arena *arena)
{
    struct span copy = {0};
    char       *shown;

    if (text == NULL || *text == '\0')
        return copy;
    copy  = arena_copy(arena, span_of(text));
    shown = (char *)copy.data;
    for (size_t i = 0; i + 1 < copy.len; i++)
        if (shown[i] == '=' && shown[i + 1] == '~')
            shown[i + 1] = '?';
    return copy;
}

/* A lone word is nobody's address; where there is no name either, all of the field is one. */
static void
add_mailbox(struct mailboxes *mailboxes, InternetAddress *address, struct span value, struct arena *arena,
            unsigned *whole_names)
{
    const char    *mail    = INTERNET_ADDRESS_IS_MAILBOX(address) ? INTERNET_ADDRESS_MAILBOX(address)->addr : NULL;
    bool           lone    = mail != NULL && strchr(mail, '@') == NULL;
    struct mailbox mailbox = {show_words(lone ? NULL : mail, arena),
                              show_words(internet_address_get_name(address), arena)};

    if (mailbox.address.data == NULL && mailbox.phrase.data == NULL && (*whole_names)++ < WHOLE_NAMES_MAX)
        mailbox.phrase = value;
    mailboxes_add(mailboxes, mailbox);
}

void
mailboxes_read_gmime(struct mailboxes *mailboxes, struct span value, struct arena *arena)
{
    char                *copy = memory_copy_span(span_head(value, value.len < VALUE_MAX ? value.len : VALUE_MAX));
    unsigned             whole_names = 0;
    InternetAddressList *list;

    hide_words(copy);
    list = internet_address_list_parse(NULL, copy);
    for (int i = 0; list != NULL && i < internet_address_list_length(list); i++) {
        InternetAddress     *address = internet_address_list_get_address(list, i);
        InternetAddressList *members =
            INTERNET_ADDRESS_IS_GROUP(address) ? INTERNET_ADDRESS_GROUP(address)->members : NULL;

        if (members == NULL)
            add_mailbox(mailboxes, address, value, arena, &whole_names);
        for (int j = 0; members != NULL && j < internet_address_list_length(members); j++)
            add_mailbox(mailboxes, internet_address_list_get_address(members, j), value, arena, &whole_names);
    }
    if (list != NULL)
        g_object_unref(list);
    free(copy);
}
