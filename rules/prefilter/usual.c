/*
 * The counts are those of some hundred mails of many kinds, evened out: what one mail never has another is full of:
 * mail in other scripts, of octets beyond ASCII. The text is made up of what such mails have in common.
 */
#include "rules/prefilter/usual.h"

static const unsigned short counts[256] = {
    1,   1,   1,   1,   1,   1,   1,   1,   1,  61,  218,  1,   1,   1,   1,   1,   1,   1,   1,   1,  1,   1,
    1,   1,   1,   1,   1,   2,   1,   1,   1,  1,   1206, 8,   152, 15,  8,   7,   12,  11,  26,  25, 9,   9,
    48,  129, 200, 148, 189, 112, 107, 76,  42, 41,  40,   31,  36,  43,  98,  25,  141, 145, 156, 9,  26,  53,
    30,  41,  65,  45,  37,  19,  20,  61,  9,  8,   28,   43,  31,  32,  38,  8,   46,  48,  72,  13, 12,  18,
    11,  11,  8,   8,   3,   8,   3,   28,  3,  380, 120,  235, 201, 581, 135, 143, 217, 410, 19,  52, 260, 186,
    344, 437, 150, 18,  350, 329, 493, 143, 59, 113, 33,   82,  38,  3,   3,   3,   3,   1,   12,  12, 12,  12,
    12,  12,  12,  12,  12,  12,  12,  12,  12, 12,  12,   12,  12,  12,  12,  12,  12,  12,  12,  12, 12,  12,
    12,  12,  12,  12,  12,  12,  12,  12,  12, 12,  12,   12,  12,  12,  12,  12,  12,  12,  12,  12, 12,  12,
    12,  12,  12,  12,  12,  12,  12,  12,  12, 12,  12,   12,  12,  12,  12,  12,  12,  12,  12,  12, 12,  12,
    12,  12,  12,  12,  12,  12,  12,  12,  12, 12,  12,   12,  12,  12,  12,  12,  12,  12,  12,  12, 12,  12,
    12,  12,  12,  12,  12,  12,  12,  12,  12, 12,  12,   12,  12,  12,  12,  12,  12,  12,  12,  12, 12,  12,
    12,  12,  12,  12,  12,  12,  12,  12,  12, 12,  12,   12,  12,  12,
};

enum { TOTAL = 11577 };

double
usual_odds(const struct octet_set *set)
{
    unsigned count = 0;

    for (unsigned i = 0; i < 4; i++)
        for (uint64_t word = set->words[i]; word != 0; word &= word - 1)
            count += counts[64 * i + (unsigned)__builtin_ctzll(word)];
    return (double)count / TOTAL;
}

static const char text[] =
    "Return-Path: <anna.miller@example.com>\n"
    "Delivered-To: john@example.org\n"
    "Received: from mail.example.com (mail.example.com [192.0.2.10])\n"
    "\tby mx.example.org (Postfix) with ESMTPS id 4F2A81C3D5\n"
    "\tfor <john@example.org>; Tue, 14 May 2024 09:31:22 +0200 (CEST)\n"
    "Received: from localhost (localhost [127.0.0.1]) by mail.example.com with SMTP id 123456;\n"
    "\tMon, 13 May 2024 23:05:47 -0700 (PDT)\n"
    "[ ip=192.0.2.10 rdns=mail.example.com helo=mail.example.com by=mx.example.org ident= envfrom= intl=0 "
    "id=4F2A81C3D5 auth= msa=0 ] [ ip=127.0.0.1 rdns= helo=localhost by=mail.example.com ident= envfrom= intl=0 "
    "id= auth= msa=0 ]\n"
    "Date: Tue, 14 May 2024 09:31:20 +0200\n"
    "From: \"Anna Miller\" <anna.miller@example.com>\n"
    "Reply-To: news@lists.example.com\n"
    "To: John Smith <john@example.org>\n"
    "Subject: Re: Your order and the news of this week\n"
    "Message-ID: <20240514073120.8A1B2C3D4E@mail.example.com>\n"
    "In-Reply-To: <CAF1a2b3c4d5e6f@mail.example.org>\n"
    "MIME-Version: 1.0\n"
    "Content-Type: multipart/alternative; boundary=\"----=_NextPart_000_0012_01C2A7B3.5D6E7F80\"\n"
    "Content-Type: text/plain; charset=\"iso-8859-1\"\n"
    "Content-Type: text/html; charset=\"utf-8\"\n"
    "Content-Transfer-Encoding: quoted-printable\n"
    "Content-Disposition: inline\n"
    "X-Priority: 3\n"
    "X-MSMail-Priority: Normal\n"
    "X-Mailer: Microsoft Outlook Express 6.00.2600.0000\n"
    "X-MimeOLE: Produced By Microsoft MimeOLE V6.00\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:60.0) Gecko/20100101 Thunderbird/60.0\n"
    "List-Id: News <news.lists.example.com>\n"
    "List-Unsubscribe: <mailto:news-request@lists.example.com?subject=unsubscribe>\n"
    "Precedence: bulk\n"
    "Errors-To: news-admin@lists.example.com\n"
    "Sender: news-admin@lists.example.com\n"
    "X-BeenThere: news@lists.example.com\n"
    "X-Mailman-Version: 2.0.11\n"
    "http://www.example.com/ https://www.example.org/index.html http://lists.example.com/mailman/listinfo/news "
    "http://www.example.net/images/logo.gif https://www.w3.org/TR/html4/loose.dtd mailto:anna.miller@example.com "
    "http://example.com/cgi-bin/go.cgi?id=12345&user=john "
    "https://click.example.com/track/a1b2c3d4/?utm_source=mail www.example.com example.com "
    "https://www.example.com/unsubscribe.php?email=john@example.org\n"
    "Dear John,\n"
    "Thank you for your email of last week. I have looked at the information that you sent me, and there are a "
    "few things which we would like to know before we can go on with it. Please call me at the office at "
    "555-0123, or send a message to this address; my phone number is below. We will be there from Monday to "
    "Friday.\n"
    "If you do not want to receive these messages any more, please click here to unsubscribe: we are sorry to "
    "see you go. This message was sent to john@example.org because you are on our mailing list. To change your "
    "account or your password, please visit our web site at http://www.example.com. For more information, "
    "contact our customer service.\n"
    "Our new products are free for the first 30 days, and you save up to 50% of the price: only $19.95, and no "
    "credit card is needed. Get your money back if you are not happy. Order now, and make the most of your time "
    "at home. All offers end today. This is what people say about the company: the best business that I have "
    "been with in years!\n"
    "On Mon, May 13, 2024 at 11:05:47PM -0700, Anna Miller wrote:\n"
    "> I don't know how it is in other countries, but here the work could not have been done by one man. It's "
    "about time that some of them were told what the other people think; after all, they've got to live with "
    "what comes of it.\n"
    ">> Has anybody tried the latest version? When I run it under Linux it says that there is an error in the "
    "file, and just stops.\n"
    ">\n"
    "> Yes, that should be fixed in the next release. You need to install the new package first, then build the "
    "source again.\n"
    "Best regards,\n"
    "Anna Miller\n"
    "-- \n"
    "Example Inc., 12 Main Street, Suite 200, New York, NY 10001\n"
    "Tel: (212) 555-0123\n"
    "_______________________________________________\n"
    "News mailing list\n"
    "News@lists.example.com\n"
    "------------------------------------------------------------\n"
    "Copyright 2024 Example Inc. All rights reserved.\n"
    "<!DOCTYPE html PUBLIC \"-//W3C//DTD HTML 4.01 Transitional//EN\">\n"
    "<html><head>\n"
    "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\">\n"
    "<title>News</title>\n"
    "<style type=\"text/css\">\n"
    "body { margin: 0; padding: 0; font-family: Arial, sans-serif; font-size: 12px; color: #333333; "
    "background-color: #ffffff }\n"
    "</style></head>\n"
    "<body bgcolor=\"#FFFFFF\" link=\"#0000FF\">\n"
    "<table width=\"600\" border=\"0\" cellspacing=\"0\" cellpadding=\"0\" align=\"center\">\n"
    "<tr>\n"
    "<td valign=\"top\" style=\"padding: 10px; text-align: left;\">\n"
    "<p><font face=\"Arial, Helvetica, sans-serif\" size=\"2\"><b>Hello John</b>,<br>\n"
    "&nbsp;<br>\n"
    "<a href=\"http://www.example.com/offers/index.html?id=12345\" target=\"_blank\"><img "
    "src=\"http://www.example.com/images/top.gif\" width=\"600\" height=\"80\" border=\"0\" "
    "alt=\"\"></a></font></p>\n"
    "<div align=\"center\"><span style=\"font-size:10.0pt;font-family:Verdana\">Click <a "
    "href=\"http://www.example.com/\">here</a></span></div>\n"
    "</td></tr></table>\n"
    "</body></html>\n";

const struct span usual_text = {text, sizeof(text) - 1};
