/* MIMEEval: what it finds out about all parts of a message at once, and remembers. */
#ifndef RULES_EVAL_MIME_EVAL_H
#define RULES_EVAL_MIME_EVAL_H

#include "rules/eval/eval_field.h"

/* By SpamAssassin's names: numbers, or 0 and 1. */
struct mime_facts {
    bool known;

    double mime_base64_count;        /* parts in base64 */
    double mime_qp_count;            /* octets encoded without need; where there is no quoted-printable text, parts */
    double mime_qp_bytes;            /* octets of quoted-printable text */
    double mime_qp_long_line;        /* a line of more than 78 in it */
    double mime_qp_ratio;            /* of those two */
    double mime_body_html_count;     /* parts of text/html */
    double mime_body_text_count;     /* and of text of other kinds */
    double mime_attachment;          /* attachments */
    double mime_base64_encoded_text; /* ASCII in base64 */
    double mime_bad_iso_charset;     /* a charset called iso-..., that ISO does not know */
    double mime_faraway_charset;     /* a charset of none of the languages of ok_locales */
    double mime_missing_boundary;    /* a boundary that began a multipart does not end it */
    double mime_multipart_alternative;
    double mime_multipart_ratio;    /* octets of the last plain text for each of the last HTML; 1: unknown */
    double mime_ascii_text_illegal; /* lines of ASCII text with octets that are none */
    double mime_text_unicode_ratio; /* entities in plain text for each octet of it */

    struct bytes charsets; /* of all parts, with a space between */

    bool   uppercase_known;
    double uppercase; /* capitals among the letters and digits of the body, in percent */
    bool   base64_known;
    double base64_length; /* octets of the longest line of base64, its end among them */
};

/* Finds it all out when first asked. */
struct mime_facts *mime_facts(struct eval_run *);

#endif
