/* The functions of HeaderEval, each on mails that it hits and on mails that it does not; and on mails made to hurt. */
#include "base/count.h"
#include "tests/unit/eval/eval_fixture.h"

#define FROM(address) "From: <" address ">\n"
#define RCVD(text) "Received: " text "\n"
#define PLAIN RCVD("from a.example.com by b.example.com; Mon, 5 Jan 2026 12:00:00 +0000")
#define TO_HOTMAIL FROM("ann@hotmail.com")
#define END "\nText.\n"

static const struct eval_row received_rows[] = {
    {"", "check_for_fake_aol_relay_in_rcvd()", RCVD("from x (1.2.3.4) by\n\trly-xw01.mx.example.com with QMQP") END, 1},
    {"", "check_for_fake_aol_relay_in_rcvd()", RCVD("from rly-xj02.mx.aol.com by omr with ESMTP id RELAYIN7-05") END,
     0},
    {"", "check_for_fake_aol_relay_in_rcvd()", RCVD("from a by rly-ip01.mx.aol.com (8.8.8/8.8.8/AOL-5.0.0)") END, 0},
    {"", "check_for_fake_aol_relay_in_rcvd()", PLAIN END, 0},
    {"", "check_for_forged_gw05_received_headers()",
     PLAIN RCVD("from mail3.example.com by gw05 with ESMTP; Thu, 21 Jun 2001 02:28:32 -0400") END, 1},
    {"", "check_for_forged_gw05_received_headers()",
     PLAIN RCVD("from mail3.example.com by gw05.net with ESMTP; Thu, 21 Jun 2001 02:28:32 -0400") END, 0},
    {"", "gated_through_received_hdr_remover()", "Subject: x\n" END, 1},
    {"", "gated_through_received_hdr_remover()", PLAIN END, 0},
    {"", "gated_through_received_hdr_remover()", RCVD("from groups.msn.com (tk2.msn.com [1.2.3.4]) by b") END, 1},
    {"", "gated_through_received_hdr_remover()",
     "Mailing-List: contact list-help@example.com; run by ezmlm\nDelivered-To: mailing list list@example.com\n" RCVD(
         "(qmail 123 invoked from network); 5 Jan 2026 12:00:00 -0000") END,
     1},
    {"", "gated_through_received_hdr_remover()",
     "Mailing-List: contact list-help@example.com; run by ezmlm\nDelivered-To: list@example.com\n" RCVD(
         "(qmail 123 invoked from network); 5 Jan 2026 12:00:00 -0000") END,
     0},
    {"", "check_messageid_not_usable()", PLAIN "List-Unsubscribe: <mailto:leave-list-12@example.com>\n" END, 1},
    {"", "check_messageid_not_usable()", PLAIN "List-Unsubscribe: <mailto:list@example.com>\n" END, 0},
    {"", "check_messageid_not_usable()", RCVD("from a by b (iPlanet Messaging Server 5.2)") END, 1},
    {"", "check_messageid_not_usable()", "Subject: x\n" END, 1},
};

static const struct eval_row forged_rows[] = {
    {"", "check_for_forged_hotmail_received_headers()", RCVD("from hotmail.com (HELO x) (1.2.3.4) by b") END, 1},
    {"", "check_for_forged_hotmail_received_headers()", PLAIN TO_HOTMAIL END, 0},
    {"", "check_for_forged_hotmail_received_headers()",
     "X-Originating-IP: [1.2.3.4]\n" RCVD("from hotmail.com (f1.law8.hotmail.com [216.33.241.135]) by b") END, 0},
    {"", "check_for_forged_hotmail_received_headers()",
     RCVD("from hotmail.com (f1.law8.hotmail.com [216.33.241.135]) by b") END, 1},
    {"", "check_for_no_hotmail_received_headers()", PLAIN TO_HOTMAIL END, 1},
    {"", "check_for_no_hotmail_received_headers()", PLAIN FROM("ann@example.com") END, 0},
    {"", "check_for_no_hotmail_received_headers()",
     TO_HOTMAIL RCVD("from mail pickup service by hotmail.com with Microsoft SMTPSVC; Mon") END, 0},
    {"", "check_for_no_hotmail_received_headers()",
     TO_HOTMAIL "X-OriginatorOrg: hotmail.com\n" RCVD(
         "from EUR01.outbound.protection.outlook.com (m.outbound.protection.outlook.com [40.92.66.56]) by b") END,
     0},
    {"", "check_for_no_hotmail_received_headers()",
     TO_HOTMAIL "X-OriginatorOrg: hotmail.com\n" RCVD("from A.eurprd04.prod.outlook.com (2603:10a6:802:b::13) by b")
         END,
     0},
    {"", "check_for_no_hotmail_received_headers()",
     TO_HOTMAIL "X-OriginatorOrg: hotmail.com\n" RCVD("from A.eurprd04.prod.outlook.com (2603:10a6:802:g::13) by b")
         END,
     1},
    {"", "check_for_msn_groups_headers()",
     "To: \"N\" <notifications@groups.msn.com>\nMessage-ID: <ABC@p04.groups.msn.com>\n" RCVD(
         "from mail pickup service by p04.groups.msn.com with Microsoft SMTPSVC") END,
     1},
    {"", "check_for_msn_groups_headers()",
     "To: \"N\" <notifications@groups.msn.com>\nMessage-ID: <ABC@p05.groups.msn.com>\n" RCVD(
         "from mail pickup service by p04.groups.msn.com with Microsoft SMTPSVC") END,
     0},
    {"", "check_for_msn_groups_headers()", PLAIN "To: <ann@example.com>\n" END, 0},
    {"", "check_for_forged_eudoramail_received_headers()", PLAIN FROM("a@eudoramail.com") END, 1},
    {"", "check_for_forged_eudoramail_received_headers()", PLAIN FROM("a@example.com") END, 0},
    {"", "check_for_forged_eudoramail_received_headers()",
     FROM("a@eudoramail.com") "X-Sender-Ip: 1.2.3.4\n" RCVD("from L ([?.?.?.?]) by shared1.whowhere.com; Thu") END, 0},
    {"", "check_for_forged_yahoo_received_headers()", PLAIN FROM("a@yahoo.com") END, 1},
    {"", "check_for_forged_yahoo_received_headers()", PLAIN FROM("a@yahoo.example.com") END, 0},
    {"", "check_for_forged_yahoo_received_headers()",
     FROM("a@yahoo.com") RCVD("from [1.2.3.4] by web123.mail.re2.yahoo.com via HTTP; Mon") END, 0},
    {"", "check_for_forged_yahoo_received_headers()",
     FROM("a@yahoo.com") RCVD("from [98.137.12.188] by nm1.bullet.scd.yahoo.com with NNFMP; Mon") END, 0},
    {"", "check_for_forged_yahoo_received_headers()",
     FROM("a@yahoo.com") RCVD("from [98.137.12.288] by nm1.bullet.scd.yahoo.com with NNFMP; Mon") END, 1},
    {"", "check_for_forged_yahoo_received_headers()",
     PLAIN FROM("a@yahoo.com") "Resent-From: <b@b.com>\nResent-To: <c@c.com>\n"
                               "X-Received: by smtp101.mail.yahoo.com with SMTP\n" END,
     0},
    {"", "check_for_forged_yahoo_received_headers()",
     FROM("a@reply.yahoo.com") RCVD("from mailer1.bulk.scd.yahoo.com by b") END, 0},
    {"", "check_for_forged_juno_received_headers()", PLAIN FROM("a@juno.com") END, 1},
    {"", "check_for_forged_juno_received_headers()", PLAIN FROM("a@example.com") END, 0},
    {"", "check_for_forged_juno_received_headers()",
     FROM("a@juno.com") "X-Originating-IP: 1.2.3.4\nX-Mailer: Juno 5\n" RCVD(
         "from m1.juno.com (m1.juno.com [1.2.3.4]) by b") END,
     0},
    {"", "check_for_forged_juno_received_headers()",
     FROM("a@juno.com") "X-Originating-IP: 1.2.3.4\nX-Mailer: Mutt\n" RCVD(
         "from m1.juno.com (m1.juno.com [1.2.3.4]) by b") END,
     1},
    {"", "check_for_forged_gmail_received_headers()", PLAIN FROM("a@gmail.com") END, 1},
    {"", "check_for_forged_gmail_received_headers()", PLAIN FROM("a@gmail.example.com") END, 0},
    {"", "check_for_forged_gmail_received_headers()",
     PLAIN FROM("a@gmail.com") "X-Received: by 10.1.2.3 with SMTP id abc\n" END, 0},
    {"", "check_for_forged_gmail_received_headers()",
     PLAIN FROM("a@gmail.com") "X-Received: by 2002:a05:6402:1:b0 with SMTP id abc\n" END, 0},
    {"", "check_for_forged_gmail_received_headers()",
     PLAIN FROM(
         "a@gmail.com") "X-Gm-Message-State: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
                        "X-Google-Smtp-Source: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n" END,
     0},
};

static const struct eval_row chars_rows[] = {
    {"ok_locales en ja", "check_for_faraway_charset_in_headers()", "Subject: =?koi8-r?Q?=C1?=\n" END, 1},
    {"ok_locales en ja", "check_for_faraway_charset_in_headers()", "From: =?koi8-r?Q?=C1?= <a@a.com>\n" END, 1},
    {"ok_locales en ja", "check_for_faraway_charset_in_headers()", "Subject: =?iso-2022-jp?B?AA==?=\n" END, 0},
    {"ok_locales en ja", "check_for_faraway_charset_in_headers()", "Subject: =?utf-8?Q?=C3=A4?=\n" END, 0},
    {"ok_locales en ja", "check_for_faraway_charset_in_headers()", "Subject: =?utf-8?Q?=C3=A4?= =?big5?B?AA==?=\n" END,
     1},
    {"ok_locales en", "check_for_faraway_charset_in_headers()", "Subject: =?3Diso-8859-1?Q?x?=\n" END, 0},
    {"ok_locales zh_TW", "check_for_faraway_charset_in_headers()", "Subject: =?big5?B?AA==?=\n" END, 0},
    {"ok_locales ja\nok_locales all", "check_for_faraway_charset_in_headers()", "Subject: =?koi8-r?Q?=C1?=\n" END, 0},
    {"", "check_for_faraway_charset_in_headers()", "Subject: =?koi8-r?Q?=C1?=\n" END, 0},
    {"", "check_for_unique_subject_id()", "Subject: buy now    12345\n" END, 0},
    {"", "check_illegal_chars('Subject', '0.1', '2')", "Subject: \xe4\xf6 abc\n" END, 1},
    {"", "check_illegal_chars('Subject', '0.9', '2')", "Subject: \xe4\xf6 abc\n" END, 0},
    {"", "check_illegal_chars('Subject', '0.1', '3')", "Subject: \xe4\xf6 abc\n" END, 0},
    {"", "check_illegal_chars('Subject:raw', '0', '1')", "Subject: \xc3\xa4\xc3\xb6\n" END, 0},
    {"", "check_illegal_chars('Subject', '0', '1')", "Subject: \xc3\xa4\xc3\xb6\x01\n" END, 1},
    {"", "check_illegal_chars('Subject', '0', '1')", "Subject: 5 \xa3\n" END, 0},
    {"", "check_illegal_chars('Subject', '0', '1')", "Subject: 5 \xa3\xa3\n" END, 1},
    {"", "check_illegal_chars('From', '0', '1')", "From: 5 \xa3 <a@a.com>\n" END, 1},
    {"", "check_illegal_chars('ALL', '0', '1')", "Subject: x\nX-Other: \xff\n" END, 1},
    {"", "check_illegal_chars('Subject', '0', '0')", "Subject: \n" END, 0},
    {"", "subject_is_all_caps()", "Subject: BUY THIS NOW\n" END, 1},
    {"", "subject_is_all_caps()", "Subject: Re: FWD: BUY THIS NOW\n" END, 1},
    {"", "subject_is_all_caps()", "Subject: BUY THIS nOW\n" END, 0},
    {"", "subject_is_all_caps()", "Subject: BUYTHISNOW!\n" END, 0},
    {"", "subject_is_all_caps()", "Subject: BUY THIS!\n" END, 0},
    {"", "subject_is_all_caps()", "Subject: 123 4567 8900\n" END, 0},
    {"", "subject_is_all_caps()", "Subject: =?iso-2022-jp?Q?BUY_THIS_NOW?=\n" END, 0},
    {"", "subject_is_all_caps()", "Subject: =?utf-8?Q?BUY_THIS_NOW?=\n" END, 1},
    {"", "check_unresolved_template()", "X-Thing: %RANDOM_WORD\n" END, 1},
    {"", "check_unresolved_template()", "Subject: %RANDOM_WORD\nX-Message-ID: %AB\n" END, 0},
    {"", "check_unresolved_template()", "X-Thing: %Random 100%A\n" END, 0},
};

static const struct eval_row recipient_rows[] = {
    {"", "check_for_missing_to_header()", "Cc: a@a.com\n" END, 1},
    {"", "check_for_missing_to_header()", "To: a@a.com\n" END, 0},
    {"", "check_for_missing_to_header()", "Apparently-To: a@a.com\n" END, 0},
    {"", "sorted_recipients()", "To: a@a.com, b@a.com, c@a.com, d@a.com\nCc: e@a.com, f@a.com, g@a.com\n" END, 1},
    {"", "sorted_recipients()", "To: a@a.com, b@a.com, c@a.com, d@a.com, e@a.com, f@a.com\n" END, 0},
    {"", "sorted_recipients()", "To: b@a.com, a@a.com, c@a.com, d@a.com, e@a.com, f@a.com, g@a.com\n" END, 0},
    {"", "sorted_recipients()", "Bcc: a@a.com, b@a.com, c@a.com, d@a.com, e@a.com, f@a.com, g@a.com\n" END, 1},
    {"", "similar_recipients('1', 'undef')", "To: ann1@a.com, ann2@b.com, ann3@c.com, ann4@d.com, ann5@e.com\n" END, 1},
    {"", "similar_recipients('0.4', '0.5')", "To: ann1@a.com, ann2@b.com, ann3@c.com, ann4@d.com, bob@e.com\n" END, 0},
    {"", "similar_recipients('0.6', '0.61')", "To: ann1@a.com, ann2@b.com, ann3@c.com, ann4@d.com, bob@e.com\n" END, 1},
    {"", "similar_recipients('0.1', 'undef')", "To: ann1@a.com, ann2@b.com, ann3@c.com, ann4@d.com\n" END, 0},
    {"", "similar_recipients('undef', 'undef')", "To: ann@a.com\n" END, 1},
    {"", "check_for_to_in_subject('address')", "To: ann@a.com\nSubject: you, ANN@a.com!\n" END, 1},
    {"", "check_for_to_in_subject('address')", "To: ann@a.com\nSubject: joann@a.com\n" END, 0},
    {"", "check_for_to_in_subject('user')", "To: ann@a.com\nSubject: ann\n" END, 1},
    {"", "check_for_to_in_subject('user')", "To: ann@a.com\nSubject: Re: Ann\n" END, 1},
    {"", "check_for_to_in_subject('user')", "To: ann@a.com\nSubject: Re: hello Ann\n" END, 1},
    {"", "check_for_to_in_subject('user')", "To: ann@a.com\nSubject: Re: hello dear Ann\n" END, 0},
    {"", "check_for_to_in_subject('user')", "To: ann@a.com\nSubject: ann, buy this\n" END, 1},
    {"", "check_for_to_in_subject('user')", "To: ann@a.com\nSubject: Ann, buy this\n" END, 0},
    {"", "check_for_to_in_subject('user')", "To: ann@a.com\nSubject: , ann!\n" END, 1},
    {"", "check_for_to_in_subject('user')", "To: ann@a.com\nSubject: buy this, ann\n" END, 0},
    {"", "check_for_to_in_subject('other')", "To: ann@a.com\nSubject: ann\n" END, 0},
    {"", "check_for_to_in_subject('user')", "Subject: ann\n" END, 0},
    {"", "check_header_count_range('Received', '2', '3')", "Received: a\nReceived: b\nReceived: a\n" END, 1},
    {"", "check_header_count_range('Received', '3', '3')", "Received: a\nReceived: b\nReceived: a\n" END, 0},
    {"", "check_header_count_range('X-None', '0', '0')", "Received: a\n" END, 1},
    {"", "check_ratware_name_id()",
     "Message-ID: <ABCDEFGHIJKLMNOPQRSTUVWXYZAB.ann@a.com>\nFrom: \"Ann\" <ann@a.com>\n" END, 1},
    {"", "check_ratware_name_id()",
     "Message-ID: <ABCDEFGHIJKLMNOPQRSTUVWXYZAB.ann@a.com>\nFrom: \"Ann\" <bob@a.com>\n" END, 0},
    {"", "check_ratware_name_id()", "Message-ID: <ABCDEFGHIJKLMNOPQRSTUVWXYZAB.ann@a.com>\nFrom: Ann <ann@a.com>\n" END,
     0},
};

#define DATE(date, received) "Date: " date "\n" RCVD("from a by b; " received)

static const struct eval_row date_rows[] = {
    {"", "check_for_shifted_date('3', '6')",
     DATE("Mon, 5 Jan 2026 12:00:00 +0000", "Mon, 5 Jan 2026 08:30:00 +0000") END, 1},
    {"", "check_for_shifted_date('3', '6')",
     DATE("Mon, 5 Jan 2026 12:00:00 +0000", "Mon, 5 Jan 2026 09:30:00 +0000") END, 0},
    {"", "check_for_shifted_date('3', '3.001')", DATE("Mon, 5 Jan 26 12:00 GMT", "Mon, 5 Jan 2026 04:00:00 -0500") END,
     1},
    {"", "check_for_shifted_date('-6', '-3')", DATE("5 jan 2026 12:00:00 EST", "Mon, 5 Jan 2026 21:00:01 +0000") END,
     1},
    {"", "check_for_shifted_date('undef', '-96')", DATE("1 Jan 99 0:0:0", "Mon, 5 Jan 2026 21:00:01 +0000") END, 1},
    {"", "check_for_shifted_date('0', '0.001')", DATE("no date", "Mon, 5 Jan 2026 21:00:01 +0000") END, 1},
    {"", "check_for_shifted_date('0', '0.001')", "Date: Mon, 5 Jan 2026 21:00:01 +0000\n" END, 1},
    {"", "check_for_shifted_date('11', '13')",
     "Resent-Date: Tue, 6 Jan 2026 00:00:00 +0000\n" DATE("Mon, 5 Jan 2026 12:00:00 +0000",
                                                          "Mon, 5 Jan 2026 12:00:00 +0000") END,
     1},
    /* the nearest of several */
    {"", "check_for_shifted_date('-1.5', '-0.5')",
     DATE("Mon, 5 Jan 2026 12:00:00 +0000", "Mon, 5 Jan 2026 20:00:00 +0000")
         RCVD("from a by b; Mon, 5 Jan 2026 13:00:00 +0000") END,
     1},
    /* the lowest says nothing if it is the same */
    {"", "check_for_shifted_date('-9', '-7')",
     DATE("Mon, 5 Jan 2026 12:00:00 +0000", "Mon, 5 Jan 2026 20:00:00 +0000")
         RCVD("from a by b; Mon, 5 Jan 2026 12:00:00 +0000") END,
     1},
    /* fetchmail's own lines do not count */
    {"", "check_for_shifted_date('-1.5', '-0.5')",
     "Date: Mon, 5 Jan 2026 12:00:00 +0000\n" RCVD("from localhost by a; Mon, 5 Jan 2026 12:00:00 +0000")
         RCVD("from b by localhost with POP3 (fetchmail-6.3.1); Mon, 5 Jan 2026 12:00:00 +0000")
             RCVD("from a by b; Mon, 5 Jan 2026 13:00:00 +0000") END,
     1},
    /* numbers that cannot be are put right: day 31 of a month of 30 is the next day, minute 99 is 59 */
    {"", "check_for_shifted_date('0', '0.001')", DATE("31 Apr 2025 00:00:00 +0000", "1 May 2025 00:00:00 +0000") END,
     1},
    {"", "check_for_shifted_date('0', '0.001')", DATE("1 Apr 2025 99:99:99 +0000", "1 Apr 2025 23:59:59 +0000") END, 1},
    {"", "check_for_shifted_date('0', '0.001')",
     DATE("99999999999999999999 Dec 9999 00:00:00 +0000", "1 Jan 2037 00:00:00 +0000") END, 1},
    {"", "check_for_shifted_date('0', '0.001')", DATE("29 Feb 2040 00:00:00 +0000", "1 Feb 2037 00:00:00 +0000") END,
     1},
    {"", "check_for_shifted_date('0', '0.001')", DATE("1 Jan 1800 00:00:00 +9999", "1 Jan 1970 00:00:00 +0000") END, 1},
    {"", "check_for_shifted_date('0', '0.001')", DATE("Jan 5 12:00:00 2026", "Mon, 5 Jan 2026 00:00:00 +0000") END, 1},
    {"", "received_within_months('undef', '12')", DATE("5 Jan 2001 12:00:00 +0000", "5 Jan 2001 12:00:00 +0000") END,
     0},
    {"", "received_within_months('12', 'undef')", DATE("5 Jan 2001 12:00:00 +0000", "5 Jan 2001 12:00:00 +0000") END,
     1},
    {"", "received_within_months('600', 'undef')", "Subject: x\n" END, 1},
    /* Outlook's identifiers hold the time: this one's is 5 January 2026, noon */
    {"", "check_outlook_message_id()",
     DATE("Mon, 5 Jan 2026 12:00:00 +0000",
          "Mon, 5 Jan 2026 12:00:00 +0000") "Message-ID: "
                                            "<000301c1e3ce$0a1b2c3d$0a1b2c3d@a>\n" END,
     1},
    {"", "check_outlook_message_id()",
     DATE("Sun, 14 Apr 2002 16:13:00 +0000",
          "Mon, 5 Jan 2026 12:00:00 +0000") "Message-ID: "
                                            "<000301c1e3ce$0a1b2c3d$0a1b2c3d@a>\n" END,
     0},
    {"", "check_outlook_message_id()", DATE("5 Jan 2026", "5 Jan 2026") "Message-ID: <a@b>\n" END, 0},
};

#define SENDER(address) "X-Envelope-From: <" address ">\n"

static const struct eval_row envelope_rows[] = {
    {"", "check_for_matching_env_and_hdr_from()", SENDER("ann@a.com") FROM("ANN@a.com") END, 1},
    {"", "check_for_matching_env_and_hdr_from()", SENDER("bob@a.com") FROM("ann@a.com") END, 0},
    {"", "check_for_matching_env_and_hdr_from()", "Subject: x\n" END, 1},
    {"", "check_equal_from_domains()", SENDER("ann@b.com") FROM("ann@a.com") END, 1},
    {"", "check_equal_from_domains()", SENDER("ann@mail.A.com") FROM("ann@www.a.com") END, 0},
    {"", "check_equal_from_domains()", SENDER("ann@a.co.uk") FROM("ann@b.co.uk") END, 0},
    {"", "check_equal_from_domains()", FROM("ann@a.com") END, 0},
    {"", "check_ratware_envelope_from()", SENDER("x-a.com.ann@b.net") "To: ann@mail.a.com\n" END, 1},
    {"", "check_ratware_envelope_from()", SENDER("xa.com-ann@b.net") "To: ann@a.com\n" END, 0},
    {"", "check_ratware_envelope_from()", SENDER("a.com-bob@b.net") "To: ann@a.com\n" END, 0},
    {"", "check_ratware_envelope_from()", SENDER("SRS0=a=b=a.com=ann@b.net") "To: ann@a.com\n" END, 0},
    {"", "check_ratware_envelope_from()", SENDER("a.invalidtop-ann@b.net") "To: ann@a.invalidtop\n" END, 0},
    {"", "check_for_msn_groups_headers()",
     SENDER("list-bounce@groups.msn.com") "To: <list@groups.msn.com>\nMessage-ID: <list-12@groups.msn.com>\n" RCVD(
         "from mail pickup service by p04.groups.msn.com with Microsoft SMTPSVC") END,
     1},
    {"", "check_for_msn_groups_headers()",
     SENDER("other-bounce@groups.msn.com") "To: <list@groups.msn.com>\nMessage-ID: <list-12@groups.msn.com>\n" RCVD(
         "from mail pickup service by p04.groups.msn.com with Microsoft SMTPSVC") END,
     0},
    {"", "check_for_forged_yahoo_received_headers()",
     FROM("a@yahoo.com")
         RCVD("from mta1.mud.yahoo.com (mta1.mud.yahoo.com [192.0.2.1]) by b.example.com (Postfix) with "
              "ESMTP id 12345; Mon, 5 Jan 2026 12:00:00 +0000") END,
     0},
};

static void
test_envelope(void **state)
{
    (void)state;
    check_rows(envelope_rows, COUNT_OF(envelope_rows));
}

static void
test_received(void **state)
{
    (void)state;
    check_rows(received_rows, COUNT_OF(received_rows));
}

static void
test_forged(void **state)
{
    (void)state;
    check_rows(forged_rows, COUNT_OF(forged_rows));
}

static void
test_chars(void **state)
{
    (void)state;
    check_rows(chars_rows, COUNT_OF(chars_rows));
}

static void
test_recipients(void **state)
{
    (void)state;
    check_rows(recipient_rows, COUNT_OF(recipient_rows));
}

static void
test_dates(void **state)
{
    (void)state;
    check_rows(date_rows, COUNT_OF(date_rows));
}

/* A mail of this very hour. */
static void
test_received_now(void **state)
{
    struct bytes mail = {0};
    time_t       now  = time(NULL);
    char         date[64];

    (void)state;
    assert_true(strftime(date, sizeof(date), "%d %b %Y %H:%M:%S +0000", gmtime(&now)) > 0);
    bytes_printf(&mail, "Date: %s\n\n", date);
    assert_int_equal(hits_of("", "received_within_months('undef', '1')", bytes_span(&mail)), 1);
    assert_int_equal(hits_of("", "received_within_months('1', 'undef')", bytes_span(&mail)), 0);
    bytes_free(&mail);
}

static const char *const all_calls[] = {
    "check_for_fake_aol_relay_in_rcvd()",
    "check_for_faraway_charset_in_headers()",
    "check_illegal_chars('ALL', '0.1', '2')",
    "check_illegal_chars('Subject', '0.1', '2')",
    "check_for_forged_hotmail_received_headers()",
    "check_for_no_hotmail_received_headers()",
    "check_for_msn_groups_headers()",
    "check_for_forged_eudoramail_received_headers()",
    "check_for_forged_yahoo_received_headers()",
    "check_for_forged_juno_received_headers()",
    "check_for_forged_gmail_received_headers()",
    "check_for_matching_env_and_hdr_from()",
    "sorted_recipients()",
    "similar_recipients('0.65', 'undef')",
    "check_for_missing_to_header()",
    "check_for_forged_gw05_received_headers()",
    "check_for_shifted_date('3', '6')",
    "subject_is_all_caps()",
    "check_for_to_in_subject('address')",
    "check_for_to_in_subject('user')",
    "check_outlook_message_id()",
    "check_messageid_not_usable()",
    "check_header_count_range('Received', '2', '3')",
    "check_unresolved_template()",
    "check_ratware_name_id()",
    "check_ratware_envelope_from()",
    "gated_through_received_hdr_remover()",
    "received_within_months('1', '2')",
    "check_equal_from_domains()",
};

static const struct hostile_mail hostile[] = {
    {"To: ", "a@b.com,\n ", 100000, "\n\n"},
    {"", "To: a@b.com\n", 100000, "\n\n"},
    {"From: a@juno.com\nSubject: ", "A ", 500000, "\n\n"},
    {"To: aaaaaaaaaaaaaaaaaaaaaaaa@a.com\nSubject: ", "a", 1000000, "\n\n"},
    {"From: a@yahoo.com\n", "Received: from [1.2.3.4] by a (a [1.1.1.1]) 99999999999 Jan 999999 99:99:99 -9999\n",
     20000, "\n"},
    {"From: a@hotmail.com\nX-Originating-IP: 1.2.3.4\nReceived: ", "from hotmail.com (x ", 50000, "\n\n"},
    {"Date: ", "9", 1000000, " Jan 2026\n\n"},
    {"Date: ", " 1 Jan", 100000, "\n\n"},
    {"Message-ID: <ABCDEFGHIJKLMNOPQRSTUVWXYZAB.a>\nFrom: ", "\"<a", 100000, "\n\n"},
    {"Subject: ", "=?a?", 250000, "\n\n"},
    {"X-A: ", "%", 1000000, "\n\n"},
    {"X-A: ", "\xc3", 1000000, "\n\n"},
    {"Subject: ", "re:", 300000, "\n\n"},
    {"", "", 0, ""},
};

static void
test_hostile(void **state)
{
    (void)state;
    check_hostile("ok_locales en", all_calls, COUNT_OF(all_calls), hostile, COUNT_OF(hostile));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_received),   cmocka_unit_test(test_forged),  cmocka_unit_test(test_chars),
        cmocka_unit_test(test_recipients), cmocka_unit_test(test_dates),   cmocka_unit_test(test_received_now),
        cmocka_unit_test(test_envelope),   cmocka_unit_test(test_hostile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
