/*
 * The table, most telling forms first: the first that fits has the line. A form that fits only lines which one above it
 * fits as well has no place here.
 */
#include <stddef.h>

#include "base/count.h"
#include "rules/mail/received_forms.h"

#define HELO "`(?:HE|EH)LO` "
#define ENVELOPE "`(?: \\(envelope-sender <\\S+>\\))?`"
#define QMAIL .looked_up = true, .nameless = "unknown"

const struct received_form received_from_forms[] = {
    /* webmail */
    {.form   = "`(?=.* \\((?:Squirrel|NaS)Mail authenticated user ).*?`%i`\\b(?![.-]).{10,80}`by %b with HTTP",
     .needle = "Mail authenticated user "},
    {.form = "...%i by %b (%a) with HTTP (WebMailUI)", .needle = "aol.com"},

    /* Microsoft's */
    {.form = "%h{\\S*} ([%i]`[^)]{0,40}`) by %b with Microsoft SMTPSVC", .family = FAMILY_SMTPSVC},
    {.form = "mail pickup service by %w with Microsoft SMTPSVC`$`", .action = FORM_SKIP, .family = FAMILY_SMTPSVC},
    {.form = "%h (`\\[?`%i`(?:%[A-Z0-9._~-]*)?\\]?`) by %b %d{}", .family = FAMILY_EXCHANGE},

    {.form   = "`(?=(?:.*? id <`%d{\\S+}`>)?+)(?=(?:.*? from <`%e{\\S+}`>)?+)`%h (`\\[?`%i`\\]?:\\d+`) by %b`(?: "
               "\\(\\S+\\))?` "
               "with [XMail",
     .family = FAMILY_XMAIL},

    {.form = "([%i`:\\d+`] helo=%h) by %b ", .family = FAMILY_ECELERITY},
    {.form = "%w ([%i`:\\d+`]) by %b ", .family = FAMILY_ECELERITY},

    /* Exim's, of which there are many; from the fifth on whatever can be found */
    {.form = "...`\\bwith local(?:-\\S+)? `", .action = FORM_SKIP, .family = FAMILY_EXIM},
    {.form = "[%i] (%o{.*?}) by %b ", .family = FAMILY_EXIM},
    {.form = "%R ([%i]%o{.*?}) by %b ", .family = FAMILY_EXIM},
    {.form = "%R [%i]`(?::\\d+)?` by %b ", .family = FAMILY_EXIM},
    {.form = "%r ", .action = FORM_NOTE, .family = FAMILY_EXIM},
    {.form = "... (%h) ", .action = FORM_NOTE, .family = FAMILY_EXIM},
    {.form = "... [%i`(?:\\.\\d+)?`] ", .action = FORM_NOTE, .family = FAMILY_EXIM},
    {.form = "...by %b ", .action = FORM_NOTE_BY, .family = FAMILY_EXIM},

    {.form = "%h (%r [%i]) by %b ", .family = FAMILY_POSTFIX, .looked_up = true},
    {.form = "%h (%r[%i]) by %b ", .family = FAMILY_POSTFIX, .looked_up = true},

    {.form = "%h (` ?`%i) by %b", .family = FAMILY_SCALIX},
    {.form = "%h ([%i]) by %b (Lotus", .family = FAMILY_DOMINO},

    {.form = "`(?=.*\\bwith HTTP\\b)`%i ([%a]) by %b", .needle = "with HTTP"},

    /* Sendmail, but not qmail-ldap, which looks like it */
    {.form = "%h (%x [%i]`(?!.* by \\S+ \\(qmail-\\S+\\) with ).*`) by %b (", .looked_up = true},

    {.form = "%h (%r [%i]) by %b with %w (", .looked_up = true},
    {.form = "%r ([%i] helo=%h) by %b with "},
    {.form = "%h (<unknown`\\S*`>[%i]) by %b "},
    {.form = "%h (%r{\\S+\\.\\S+}[%i]) by %b ", .looked_up = true},
    {.form = "%h (%n{\\S*}@[%i]`.*`) by %b (", .looked_up = true},
    {.form = "`(?:`%i` .*?|.*?)`by %b{\\S+\\.hotmail\\.msn\\.com} ", .needle = ".hotmail.msn.com "},
    {.form = "%r (" HELO "%h{\\S*}) (%i) by %b (qpsmtpd/%w) with `E?SMTP`", .needle = "(qpsmtpd/"},
    {.form = "%r (LHLO %h{\\S*}) (%i) by %b with LMTP", .needle = "(LHLO "},
    {.form = "%r (" HELO "%h{\\S*}) [%i] by %b (`[^)]+`) with `E?SMTP`"},
    {.form = "%h ([%i]) by %b via smtpd (for %w) with SMTP(", .needle = " via smtpd (for "},

    /* qmail: the HELO is there if it differs from the name, the user's name if identd told it */
    {.form = "%w`(?: \\((?:HE|EH)LO \\S*\\))?` (`(?:\\S+@)?\\[?`%a`\\]?`)" ENVELOPE
             " by %w`(?: \\(.+\\))?` with `(?:.* )?(?:SMTP|QMQP)(?! id )`",
     .action = FORM_GATE,
     .gated  = 5},
    {.form = "%r (" HELO "%h{[^ ()]*}) (%n{\\S*}@`\\[?`%i`\\]?`)" ENVELOPE " by %b", QMAIL},
    {.form = "%r (" HELO "%h{[^ ()]*}) (`\\[?`%i`\\]?`)" ENVELOPE " by %b", QMAIL},
    {.form = "%R (%n{\\S*}@`\\[?`%i`\\]?`)" ENVELOPE " by %b", QMAIL},
    {.form = "%R (`\\[?`%i`\\]?`)" ENVELOPE " by %b", QMAIL},
    {.form = "", .looked_up = true},

    {.form = "%w ( [%i])`.*?` by %b "},
    {.form = "(%h [%i]) by %b "},
    {.form = "[%i] by %b via HTTP`$`"},
    {.form = "[%i] by %b "},
    {.form = "(`\\[?`%i`\\]?`) by %b "},
    {.form = "%h [%i] by %b [%a] with ", .looked_up = true},
    {.form = "%h [(%i)] by %b (%a) "},
    {.form = "%h ([%i]) by %b (", .looked_up = true},
    {.form = "%h (%r [%i])`.*?` by %b`\\b`", .looked_up = true, .nameless = "softdnserr"},
    {.form = "%h ([%i`(?:[.:]\\d+)?`])`.*?` by %b ", .looked_up = true},

    {.form = "...with `(?:POP3|IMAP)`", .action = FORM_FETCHED},

    {.form = "%r (" HELO "%h{[^)]*}) (`(?:`%n{\\S*}`@)?\\[?`%i`\\]?`)`.*` by %b ", .looked_up = true},
    {.form = "%R (`(?:`%n{\\S*}`@)?\\[?`%i`\\]?`)`.*` by %b ", .looked_up = true},
    {.form = "%r(%i) by %b via smap ", .looked_up = true},
    {.form = "%r(%i, " HELO "%h{\\S*}) by %b via smap ", .looked_up = true},
    {.form = "%i by %b (`(?:SMTPL|InterScan)\\b`"},
    {.form = "%w by %w with BSMTP", .action = FORM_SKIP},
    {.form = "%r (" HELO "%h{\\S*}) (`(?:`%n{\\S+}`@)?`%i`.*?`) by %b with ", .looked_up = true},
    {.form = "[%i] (`(?:account \\S+ )?`" HELO "%h{\\S*}) by %b ("},
    {.form = "%R ([%i] verified) by %b (", .needle = " (CommuniGate Pro", .looked_up = true},
    {.form = "%w (%w) by %w (Content Technologies ", .action = FORM_SKIP},
    {.form = "%h ([%i] [%w]) by %b with "},
    {.form = "%i by %b with "},
    {.form = "%h (%r[%i]) by %b ", .looked_up = true},
    {.form = "[%i]%w (" HELO "%h{\\S*}) by %b "},
    {.form = "%i (" HELO "%h{\\S*}) by %b "},
    {.form = "%h [%i] by %b "},
    {.form = "%r(%i) by %b "},
    {.form = "%i (`[A-Za-z][^)]+`) by %b with "},
    {.form = "[%i] (%o{[^)]+}) by %b "},
    {.form = "%r(%i), claiming to be \"%h\" via %w by %b,", .looked_up = true, .nameless = "UNKNOWN"},
    {.form = "%r(%i)%h{} via %w by %b,", .looked_up = true, .nameless = "UNKNOWN"},
    {.form = "%h (%w@%i with login) by %b{\\S+\\.yahoo\\.com} with SMTP", .needle = " with login)"},
    {.form = "X-Originating-IP: %i%b{}`$`", .needle = "X-Originating-IP: "},

    /* handed over on one machine */
    {.form = "%w (`[^\\s@]+`@%L) by %w (", .action = FORM_SKIP},
    {.form = "%w %w by %w with `local-e?smtp `", .action = FORM_SKIP},
    {.form = "127.0.0.1 (AVG SMTP %w [%w])", .action = FORM_SKIP},
    {.form = "`\\S[^\\s@]*@`%w by %w ", .action = FORM_SKIP},
    {.form = "Unknown/Local (", .action = FORM_SKIP},
    {.form = "%L (`(?:\\S+@)?`%L`[)[]`", .action = FORM_SKIP},
    {.form = "%w (`(?:\\S+@)?`%L) ", .action = FORM_SKIP},
    {.form = "%w (%w@%w [%L]) ", .action = FORM_SKIP},
    {.form = "(AUTH: %w) by %w with ", .action = FORM_SKIP},
    {.form = "localhost (localhost [[UNIX: localhost]]) by ", .action = FORM_SKIP},
    {.form = "`[^.]+` by %w with Novell_GroupWise", .action = FORM_SKIP, .needle = " with Novell_GroupWise"},
    {.form = "%w by %w (`.{0,100}`) with qmail-scanner", .action = FORM_SKIP_SENDER, .needle = " with qmail-scanner"},
    {.form = "%w ([unix socket]) by %w (Cyrus v`\\d*\\.\\d*\\.\\d*`) with LMTPA", .action = FORM_SKIP},

    /* between machines, but none of them has an address */
    {.form = "%w by %w `(?:with|via|for|\\()`", .action = FORM_SKIP},
    {.form = "%w `(?:(?:with|via|for) \\S+|\\(unverified\\))` by`\\b`", .action = FORM_SKIP},
    {.form = "%w (unknown) by %w (SG) with `\\b`", .action = FORM_SKIP},
    {.form = "%w (%w [local]) by %w (OpenSMTPD) with `\\b`", .action = FORM_SKIP},
    {.form = "...(LSMTP for", .action = FORM_SKIP},
    {.form = "([%L]) with MailEnable ", .action = FORM_SKIP},
    {.form = "facebook.com (`[^)]+`) by facebook.com with Thrift id %w`$`", .action = FORM_SKIP},
    {.form = "%w named %w by gmailapi.google.com with HTTPREST`$`", .action = FORM_SKIP},
    {.form = "%w id %w`$`", .action = FORM_SKIP},
    {.form = "[<`.*?` (Jetsend", .action = FORM_SKIP},

    {.form = "%h`[^-A-Za-z0-9.]`", .action = FORM_NOTE_HELO},
};
const size_t received_from_count = COUNT_OF(received_from_forms);

const struct received_form received_upper_forms[] = {
    {.form =
         "%h (`(?:unverified|`%r`)` [%i]) BY %b `(?:\\([^)]+\\) WITH SMTP )?`ID `<?`%d{\\S+?}`>?(?: FOR <[^>]+>)?$`",
     .looked_up = true},
};
const size_t received_upper_count = COUNT_OF(received_upper_forms);

const struct received_form received_paren_forms[] = {
    {.form = "%h{\\S*} [%i]) by %b (NAVGW `.*?`) with "},
    {.form = "%w@localhost) by %w ", .action = FORM_SKIP},
    {.form = "`[^\\s@]+@[^)]+`) by %w(jqueuemail) id `[^\\s;]`", .action = FORM_SKIP},
};
const size_t received_paren_count = COUNT_OF(received_paren_forms);
