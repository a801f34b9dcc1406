"""
Messages of our own writing, each odd in some way: what SpamAssassin and popgate have to see alike. A table of names and
octets; whoever finds a mail that the two see differently adds one like it.
"""
import base64

POSTFIX = b"Received: from mail.sender.example (mail.sender.example [192.0.2.9])\n\tby mx.example.net (Postfix) with ESMTP id 4F1A2B3C\n" \
          b"\tfor <bob@example.net>; Mon, 5 Jan 2026 10:00:00 +0000 (UTC)\n"
DATE = b"Date: Mon, 5 Jan 2026 09:59:50 +0000\n"
FROM = b"From: Ann Example <ann@sender.example>\n"
TO = b"To: Bob <bob@example.net>\n"
ID = b"Message-ID: <20260105095950.1@sender.example>\n"
MIME = b"MIME-Version: 1.0\n"
HEAD = POSTFIX + DATE + FROM + TO + ID
GIF = b"GIF89a" + bytes((0xf4, 1, 0x2c, 1)) + b"\x80\0\0\xff\xff\xff\0\0\0" + b"," + bytes(9) + b"\2\2\x4c\1\0;"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (640).to_bytes(4, "big") + (480).to_bytes(4, "big") + b"\x08\2\0\0\0" + bytes(4)


def head(subject, *lines):
    return HEAD + b"Subject: " + subject + b"\n" + b"".join(line + b"\n" for line in lines)


def text(subject, body, content_type=b"text/plain; charset=UTF-8", encoding=b"8bit"):
    return head(subject, MIME[:-1], b"Content-Type: " + content_type, b"Content-Transfer-Encoding: " + encoding) + b"\n" + body


def html(subject, body, charset=b"UTF-8"):
    return text(subject, body, b"text/html; charset=" + charset)


def part(content_type, body, *lines):
    return b"--b0\nContent-Type: " + content_type + b"\n" + b"".join(line + b"\n" for line in lines) + b"\n" + body + b"\n"


def parts(subject, kind, *all_parts, end=b"--b0--\n"):
    return head(subject, MIME[:-1], b"Content-Type: multipart/" + kind + b'; boundary="b0"') + b"\npreamble\n" + b"".join(all_parts) + end


def in_base64(octets):
    return base64.encodebytes(octets).rstrip(b"\n")


RELAYS = {
    "relays-postfix-ipv6-authenticated":
        b"Received: from [IPv6:2001:db8::7] (unknown [IPv6:2001:db8::7])\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384)\n"
        b"\t(Client did not present a certificate)\n\tby mx.example.net (Postfix) with ESMTPSA id AA11\n\tfor <bob@example.net>;"
        b" Mon,  5 Jan 2026 10:00:00 +0000\n" + DATE + FROM + TO + ID + b"Subject: sent by one of us\n\nhello\n",
    "relays-exim-qmail-sendmail":
        b"Received: from [10.0.0.7] (helo=desk.lan)\n\tby smtp.example.org with esmtpa (Exim 4.96)\n\t(envelope-from <ann@sender.example>)\n"
        b"\tid 1abcde-000123-AB\n\tfor bob@example.net; Mon, 05 Jan 2026 09:59:58 +0000\n"
        b"Received: (qmail 4711 invoked by uid 1001); 5 Jan 2026 09:59:57 -0000\n"
        b"Received: from unknown (HELO friend) (203.0.113.77)\n  by 0 with SMTP; 5 Jan 2026 09:59:56 -0000\n"
        b"Received: from dialup-1-2-3-4.pool.sender.example (dialup-1-2-3-4.pool.sender.example [198.51.100.4])\n"
        b"\tby relay.sender.example (8.17.1/8.17.1) with ESMTP id 605A0; Mon, 5 Jan 2026 09:59:55 GMT\n"
        + DATE + FROM + TO + ID + b"Subject: by three daemons\n\nhello\n",
    "relays-forged-helo":
        b"Received: from 203.0.113.99 ([203.0.113.99])\n\tby mx.example.net with SMTP id x1; Mon, 5 Jan 2026 10:00:00 +0000\n"
        b"Received: from hotmail.com (HELO yahoo.com) ([192.168.3.4])\n\tby microsoft.com with Microsoft SMTPSVC(5.0.2195.6713);\n"
        b"\t Mon, 5 Jan 2026 05:59:40 -0400\n" + DATE + b"From: offers@hotmail.com\n" + TO + ID + b"Subject: forged\n\nhello\n",
    "relays-fetchmail-and-originating-ip":
        b"Received: from pop.example.com [192.0.2.110]\n\tby desk.lan with POP3 (fetchmail-6.4.37)\n\tfor <bob@localhost> (single-drop);"
        b" Mon, 05 Jan 2026 10:01:00 +0000 (UTC)\n" + POSTFIX + b"X-Originating-IP: [198.51.100.200]\n" + DATE + FROM + TO + ID
        + b"Subject: fetched\n\nhello\n",
    "relays-odd-lines":
        b"Received: by 2002:a05:6500:1234:b0:2f1:abcd with SMTP id q12csp; Mon, 5 Jan 2026 02:00:00 -0800 (PST)\n"
        b"Received: from a\0b (c.example.org [192.0.2.30]) by d.example.net (Postfix) with ESMTP id AAA2; x\n"
        b"Received: nonsense\nReceived: from localhost (localhost [127.0.0.1]) by localhost (amavisd-new, port 10024) with ESMTP id z;"
        b" Mon, 5 Jan 2026 09:00:00 +0000\nReceived:\nReceived: from \xe9l\xe9 ([203.0.113.8]) by mx with local\n"
        + DATE + FROM + TO + ID + b"Subject: odd received lines\n\nhello\n",
    "relays-none": DATE + FROM + TO + ID + b"Subject: from nowhere\n\nhello\n",
}

HEADERS = {
    "headers-doubled": POSTFIX + DATE + DATE + FROM + b"From: Eve <eve@other.example>\n" + TO + TO + ID + ID
                       + b"Subject: one\nSubject: two\nReply-To: a@gmail.com\nReply-To: b@yahoo.com\n\ntwice\n",
    "headers-encoded-words": POSTFIX + DATE + b"From: =?UTF-8?B?w4RubmE=?= <ann@sender.example>\n"
                             b"To: =?iso-8859-1?Q?B=F6b_=28home=29?= <bob@example.net>\n" + ID
                             + b"Subject: =?utf-8?Q?Caf=C3=A9_?= =?utf-8?Q?free?= =?koi8-r?B?8NLJ18XU?=\n"
                             b"\t=?iso-2022-jp?B?GyRCJDMkcyRLJEEkTxsoQg==?= =?x-none?Q?=41?= =?utf-8?Q?broken\n\nhello\n",
    "headers-raw-octets": POSTFIX + DATE + b"From: \xc4nna <ann@sender.example>\n" + TO + ID
                          + b"Subject: \xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82 \xff\xfe caf\xe9\nX-\xe9: x\n\nhello\n",
    "headers-folded-oddly": POSTFIX + DATE + b"From:\n Ann\n\t<ann@sender.example>\nTo:bob@example.net,\n  \n carl@example.net\n" + ID
                            + b"Subject:\t \n  GET RICH\n \t NOW!!!   \nX-Long: " + b"word " * 300 + b"\n\nhello\n",
    "headers-no-date-no-id": POSTFIX + FROM + TO + b"Subject: \n\nhello\n",
    "headers-bad-dates": POSTFIX + b"Date: Mon, 32 Foo 2026 25:61:00 +9999\n" + FROM + TO + ID + b"Subject: bad date\n\nhello\n",
    "headers-future": POSTFIX + b"Date: Fri, 1 Jan 2038 00:00:00 -0500 (EST)\n" + FROM + TO + ID + b"Subject: from the future\n\nhello\n",
    "headers-past-in-two-digits": POSTFIX + b"Date: 1 Jan 99 00:00 GMT\n" + FROM + TO + ID + b"Subject: from the past\n\nhello\n",
    "headers-addresses": POSTFIX + DATE + b'From: "bank@bank.example" (really) <x12345678@free.example.com>\nSender: y@z.example\n'
                         b"To: friends: a@b.example, \"C, D\" <c.d@e.example>;, undisclosed-recipients:;\n"
                         b"Cc: bob@example.net, bob1@example.net, bob2@example.net, bob3@example.net, bob4@example.net, bob5@example.net\n"
                         b"Reply-To: <another.one@gmail.com>\nReturn-Path: <bounce-1@mailer.example>\n" + ID + b"Subject: who is it\n\nhello\n",
    "headers-outlook-forged": POSTFIX + DATE + FROM + TO + b"Message-ID: <000001c3d1a2$12345678$0100007f@desk>\n"
                              b"X-Mailer: Microsoft Outlook Express 6.00.2900.2180\nX-MSMail-Priority: High\nX-Priority: 1 (Highest)\n"
                              b"Importance: High\nThread-Index: x\nSubject: URGENT REPLY NEEDED $$$\n\nhello\n",
    "headers-of-a-list": head(b"[list] re: Fwd: news", b"List-Id: <news.lists.example.org>", b"List-Unsubscribe: <mailto:off@lists.example.org>",
                              b"Precedence: bulk", b"In-Reply-To: <a@b.example>", b"References: <a@b.example> <c@d.example>",
                              b"DKIM-Signature: v=1; a=rsa-sha256; d=lists.example.org; s=x; b=AAAA") + b"\nnews\n",
    "headers-end-without-body": HEAD + b"Subject: the end",
    "headers-that-are-none": b"From bob Mon Jan  5 10:00:00 2026\n>From eve\n" + HEAD + b"Subject : spaced\nno colon here\nX-After: all\n\nhello\n",
    "headers-none": b"\njust a body, http://www.nothing.example.com/\n",
    "nothing": b"",
}

BODIES = {
    "body-crlf": head(b"line ends").replace(b"\n", b"\r\n") + b"\r\nHello,\r\n\r\nthis has CR LF.\r\n\r\n\r\nBye\r\n",
    "body-mixed-line-ends": head(b"line ends") + b"\none\r\ntwo\rthree\nfour\r\r\nfive\n\r\nsix",
    "body-nul": head(b"zero") + b"\nvia\0gra is free\0\0now\n\0\nhttp://www.a\0b.example.com/ end\n",
    "body-blank": head(b"nothing to see") + b"\n \t \n\n   \n\n",
    "body-long-lines": head(b"long") + b"\n" + b"lorem ipsum dolor sit amet " * 400 + b"\n" + b"x" * 3000 + b"\n\n" + b"a b " * 600 + b"\n",
    "body-shouting": head(b"YOU WON!!! CLAIM YOUR PRIZE NOW") + b"\nDEAR FRIEND,\n\nI AM BARRISTER JOHN AND I HAVE $25,500,000.00 USD (TWENTY FIVE "
                     b"MILLION DOLLARS) OF A DECEASED CUSTOMER WITHOUT NEXT OF KIN. SEND YOUR BANK ACCOUNT, PHONE AND FULL NAME. "
                     b"THIS IS 100% RISK FREE.\n\nGOD BLESS,\nMR. JOHN\n+44 7700 900123\n",
    "body-pills": head(b"V1agra, C!alis & more") + b"\nBuy V.I.A.G.R.A and C1ALlS onl1ne, no prescripti0n needed! 80% OFF.\nClick here: "
                  b"http://pills.example.com/?id=1\nTo be removed click http://pills.example.com/remove.php?e=bob@example.net\n",
    "body-gtube": head(b"test") + b"\nXJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\n",
    "body-koi8": text(b"=?koi8-r?B?8NLJ18XU?=", b"\xf0\xd2\xc9\xd7\xc5\xd4, \xd0\xcf\xcb\xd5\xd0\xc1\xca!\n", b"text/plain; charset=koi8-r"),
    "body-windows-1251": text(b"mail", b"\xcf\xf0\xe8\xe2\xe5\xf2 \xe8\xe7 \xcc\xee\xf1\xea\xe2\xfb\n", b"text/plain; charset=windows-1251"),
    "body-iso-2022-jp": text(b"mail", b"\x1b$B$3$s$K$A$O\x1b(B http://jp.example.com/\x1b$B$3$s\x1b(B end\n", b"text/plain; charset=iso-2022-jp", b"7bit"),
    "body-gb2312": text(b"mail", b"\xc4\xe3\xba\xc3\xa3\xac \xca\xc0\xbd\xe7 \xb5\xe7\xbb\xb0 12345678\n", b"text/plain; charset=gb2312"),
    "body-shift-jis": text(b"mail", b"\x82\xb1\x82\xf1\x82\xc9\x82\xbf\x82\xcd \x83\x5c www.jp.example.com\n", b"text/plain; charset=Shift_JIS"),
    "body-utf-16": text(b"wide", "Hello wide world, http://wide.example.com/ é\n".encode("utf-16"), b"text/plain; charset=utf-16", b"binary"),
    "body-charset-lies": text(b"lies", b"caf\xc3\xa9 na\xefve \x80uro \xff\n", b'text/plain; charset="us-ascii"'),
    "body-charset-unknown": text(b"unknown", b"caf\xe9 \x93quoted\x94\n", b"text/plain; charset=x-made-up"),
    "body-invisible-characters": text(b"in\xe2\x80\x8bvisible", "via\u200bgra \u00adso\u00adft \u202eevil\u202c zero\ufeffwidth a\u0301 \uff36\uff49\uff41\n".encode()),
    "body-quoted-printable": text(b"qp", b"soft=\nline=20\nbroken=ZZ =3D =E9 trailing  \t\nvi=61gra=\n\n=", encoding=b"quoted-printable"),
    "body-base64": text(b"b64", in_base64(b"Hello from base64\n\nhttp://b64.example.com/ click here\n" * 5) + b"\n", encoding=b"base64"),
    "body-base64-broken": text(b"b64", b"SGVsbG8g*!*\nd29ybGQ=SGk=\n=\n!!!\nQQ\n", encoding=b"Base64 "),
    "body-encoding-unknown": text(b"what", b"a=20b SGVsbG8=\n", encoding=b"x-uue"),
    "body-uuencode": head(b"uu") + b"\nsee the file\n\nbegin 644 hello.txt\n,2&5L;&\\@=V]R;&0A\n`\nend\n\nbye\n",
    "body-flowed": text(b"flowed", b"> quoted text \n> goes on\n\nan own line \nthat flows\n-- \nAnn\n", b"text/plain; charset=UTF-8; format=flowed; delsp=yes"),
    "body-bounce": POSTFIX + DATE + b"From: MAILER-DAEMON@mx.example.org (Mail Delivery System)\n" + TO + ID +
                   b"Subject: Undelivered Mail Returned to Sender\nAuto-Submitted: auto-replied\n" + MIME +
                   b'Content-Type: multipart/report; report-type=delivery-status; boundary="b0"\n\n--b0\nContent-Type: text/plain\n\n'
                   b"This is the mail system at host mx.example.org.\n\nI'm sorry to have to inform you that your message could not\n"
                   b"be delivered to one or more recipients.\n\n<x@example.org>: user unknown\n\n--b0\nContent-Type: message/delivery-status\n\n"
                   b"Final-Recipient: rfc822; x@example.org\nAction: failed\nStatus: 5.1.1\n\n--b0\nContent-Type: message/rfc822\n\n" + HEAD +
                   b"Subject: original\n\nBuy viagra at http://inner.example.com/\n--b0--\n",
}

MIMES = {
    "mime-alternative": parts(b"both", b"alternative", part(b"text/plain; charset=us-ascii", b"plain words http://one.example.com/"),
                              part(b"text/html; charset=us-ascii", b"<p>other words <a href='http://two.example.com/'>link</a></p>")),
    "mime-mixed-disposition": parts(b"files", b"mixed", part(b"text/plain", b"see the file"),
                                    part(b'text/plain; name="a.txt"', b"viagra in the file", b'Content-Disposition: attachment; filename="a.txt"'),
                                    part(b'application/x-msdownload; name="invoice.pdf.exe"', in_base64(b"MZ\x90\0" * 50), b"Content-Transfer-Encoding: base64")),
    "mime-nested-message": parts(b"Fwd: inner", b"mixed", part(b"text/plain", b"look at this"),
                                 part(b"message/rfc822", FROM + TO + b"Subject: inner\nMIME-Version: 1.0\nContent-Type: text/html\n\n"
                                                         b"<b>inner</b> <a href='http://inner.example.com/x'>x</a>\n")),
    "mime-boundary-never-ends": parts(b"cut", b"mixed", part(b"text/plain", b"first"), part(b"text/html", b"<p>second"), end=b""),
    "mime-boundary-wrong": parts(b"wrong", b"mixed", end=b"") + b"--other\nContent-Type: text/plain\n\nwhere is this http://lost.example.com/\n--other--\n",
    "mime-boundary-missing": head(b"missing", MIME[:-1], b"Content-Type: multipart/mixed") + b"\n--b0\nContent-Type: text/html\n\n<b>x</b>\n--b0--\n",
    "mime-boundary-odd": head(b"odd", MIME[:-1], b'Content-Type: multipart/mixed; boundary="=_ (a) \'b\' "') +
                         b"\n--=_ (a) 'b'\n\nno header at all\n--=_ (a) 'b'  \nContent-Type: text/html\n\n<i>italic</i>\n--=_ (a) 'b'--\nepilogue http://e.example.com/\n",
    "mime-nested-multiparts": parts(b"deep", b"related", b"--b0\nContent-Type: multipart/alternative; boundary=b1\n\n--b1\n\nplain\n--b1\n"
                                    b"Content-Type: text/html\n\n<img src='cid:x@y'>\n--b1--\n",
                                    part(b"image/gif; name=x.gif", in_base64(GIF), b"Content-Transfer-Encoding: base64", b"Content-ID: <x@y>")),
    "mime-images": parts(b"pictures", b"mixed", part(b"text/html", b"<img src='cid:1'>"),
                         part(b"image/gif", in_base64(GIF), b"Content-Transfer-Encoding: base64"),
                         part(b"image/png; name=\"a.png\"", in_base64(PNG), b"Content-Transfer-Encoding: base64"),
                         part(b"image/jpeg", in_base64(b"\xff\xd8\xff\xc0\0\x11\x08\1\0\2\0\3"), b"Content-Transfer-Encoding: base64")),
    "mime-types-odd": parts(b"types", b"mixed", part(b"TEXT/PLAIN; CHARSET=\"utf-8\"; format", b"one"), part(b"text", b"two <b>x</b>"),
                            part(b"; charset=x", b"three"), part(b"text/html; charset", b"<p>four"), part(b"application/octet-stream; name*=utf-8''%e2%82%ac.html", b"<p>five")),
    "mime-without-version": head(b"no version", b"Content-Type: text/html") + b"\n<html><body>hello <b>there</b></body></html>\n",
    "mime-type-doubled": head(b"two types", MIME[:-1], b"Content-Type: text/plain", b"Content-Type: text/html") + b"\n<b>which?</b>\n",
    "mime-digest": parts(b"digest", b"digest", b"--b0\n\n" + FROM + b"Subject: a\n\nfirst http://d.example.com/1\n", b"--b0\n\n" + FROM + b"Subject: b\n\nsecond\n"),
    "mime-empty-parts": parts(b"empty", b"mixed", b"--b0\n", b"--b0\n\n", b"--b0\nContent-Type: text/html\n\n", part(b"text/plain", b"")),
    "mime-calendar-and-key": parts(b"meet", b"mixed", part(b"text/calendar; method=REQUEST", b"BEGIN:VCALENDAR\nSUMMARY:http://cal.example.com/\nEND:VCALENDAR"),
                                   part(b"application/pgp-signature", b"-----BEGIN PGP SIGNATURE-----\nx\n-----END PGP SIGNATURE-----")),
}

LINK = b"<a href='http://real.example.com/path?x=1&amp;y=2'>https://www.bank.example.com/login</a>"
PAGES = {
    "html-unbalanced": html(b"tags", b"<html><body><center><b><i>bold</b> <table><tr><td>cell</table></i></html></body></body> tail <u>\n"),
    "html-hidden": html(b"hidden", b"<body bgcolor=#ffffff text=black><font color=white>secret words</font><span style='display:none'>more</span>"
                                   b"<font size=1>tiny</font><p style=\"font-size:1px;color:#fffffe\">faint</p><font color='#FEFEFE'>near</font> seen</body>\n"),
    "html-references": html(b"references", b"&#86;i&#x61;gra &lt;b&gt; &nbsp;&copy; &euro &#8364; &#0; &#xffffff; &unknown; &amp;amp; caf&eacute; &#128;\n"),
    "html-comments": html(b"comments", b"vi<!-- x -->agra v<b></b>ia<!>gra <!-- not closed > <b>here</b>\n<!DOCTYPE html><?php x ?><![CDATA[ y ]]> end\n"),
    "html-base": html(b"base", b"<base href='http://base.example.com/dir/page.html'><a href='x.html'>1</a><a href='/y'>2</a><a href='//z.example.com/'>3</a>"
                               b"<a href='?q'>4</a><a href='#f'>5</a><a href=''>6</a><img src='../i.gif'><form action=go></form>\n"),
    "html-links": html(b"links", LINK + b"<area href='ftp://ftp.example.com/'><link rel=x href=http://l.example.com/s.css><iframe src=\"http://f.example.com\">"
                                        b"</iframe><body background='http://bg.example.com/b.gif'><a href='javascript:go()'>j</a><a href='MAILTO:A@B.example.com?subject=x'>m</a>\n"),
    "html-style-and-script": html(b"style", b"<style>p { color: red } a:hover {}</style><script>document.write('<a href=http://s.example.com/>')</script>"
                                            b"<title>The title is long</title><noscript>none</noscript><textarea>area <b></textarea><xmp><b>xmp</b></xmp>\n"),
    "html-images-alone": html(b"image", b"<html><body><a href=http://i.example.com/go><img src=\"http://i.example.com/a.gif\" width=600 height=400></a>"
                                        b"<img src=http://t.example.com/w.gif width=1 height=1></body></html>\n"),
    "html-in-the-subject": html(b"<b>bold</b> &amp; =?utf-8?Q?=3Ci=3E?=", b"<p>one<br>two<br/>three<hr><li>four<h1>five</h1><pre> six\n  seven</pre><q>eight</q>\n"),
    "html-attributes": html(b"attributes", b"<a href=http://a.example.com/ href='http://b.example.com/' target=_blank>x</a><a HREF = \"http://c.example.com/\n d\">y</a>"
                                           b"<a href=\"http://e.example.com/'>z</a><font color=\"\"face>w</font><a href=http://f.example.com/>\xe2\x82\xac</a\n"),
    "html-latin-1": html(b"latin", b"<p>caf\xe9 <a href='http://a.example.com/\xe9'>na\xefve</a> \x93q\x94</p>\n", b"iso-8859-1"),
    "html-meta-charset": head(b"meta", MIME[:-1], b"Content-Type: text/html") + b"\n<meta http-equiv=Content-Type content='text/html; charset=koi8-r'>"
                         b"<meta http-equiv=refresh content='0;url=http://r.example.com/'>\xf0\xd2\xc9\xd7\xc5\xd4\n",
    "html-idn": html(b"idn", "<a href='http://b\u00fccher.example.com/'>1</a><a href='http://a\u00f0b&#159;.example.com/x'>2</a>"
                             "<a href='http://xn--bcher-kva.example.com/'>3</a><a href='http://\u3042&amp;c.example.com:80/'>4</a>\n".encode()),
    "html-cut-in-a-tag": html(b"cut", b"<html><body><p>hello <a href='http://cut.example.com/very/long"),
    "html-in-plain-text": text(b"plain", b"<html><body><b>not</b> <a href=http://plain.example.com/>html</a>\n", b"text/plain"),
}

ADDRESSES = {
    "uri-plain": head(b"addresses") + b"\nhttp://www.example.com/a?b=c#d, (see http://e.example.com/(x)), <http://f.example.com>, www.g.example.com. ftp.h.example.com;\n"
                 b"i.example.com/j k.example.org: l@m.example.com mailto:n@o.example.com?subject=p HTTP://Q.EXAMPLE.COM/R https:s.example.com\n"
                 b"http:/t.example.com http:\\\\u.example.com\\v hxxp://w.example.com x.nonsense y.co.uk z..example.com \"http://aa.example.com\"\n",
    "uri-numbers": head(b"numbers") + b"\nhttp://2130706433/ http://0x7f.1/ http://017700000001/a http://192.0.2.1:8080/ http://[2001:db8::1]/ http://1.2.3/\n"
                   b"http://192.0.2.300/ http://user:pass@192.0.2.2:80/ http://0300.0.2.1/\n",
    "uri-disguised": head(b"disguise") + b"\nhttp://%77%77%77.example.com/%2e%2e/%41 http://a.example.com:80/ https://b.example.com:443/x http://bank.example.com@evil.example.com/\n"
                     b"http://c.example.com.../ http://-d.example.com/ http://e.example.com%2f http://f&#46;example.com/ http://g.example.com\x01h/\n",
    "uri-redirects": head(b"redirects") + b"\nhttp://www.google.com/url?q=http://hidden.example.com/&x=1 http://r.example.com/?http://s.example.com/?http://t.example.com/\n"
                     b"http://rd.yahoo.com/*http://u.example.com http://v.example.com/https:/w.example.com\n",
    "uri-mail-addresses": head(b"mail") + b"\nuser%host@relay.example.com 100%@a.example.com b%41c@d.example.com e+f@g.example.com mailto:h%40i.example.com\n"
                          b"\"j k\"@l.example.com <m@n.example.com> o@p q@r.example.com?s skype:t@u.example.com v@w.example.com/x y/z@aa.example.com\n",
    "uri-many": head(b"many") + b"\n" + b"".join(b"http://h%d.example.com/p%d?q=%d\n" % (i % 40, i, i * i) for i in range(120)),
    "uri-long": head(b"long") + b"\nhttp://long.example.com/" + b"a" * 3000 + b" http://next.example.com/\n",
}

MESSAGES = {**RELAYS, **HEADERS, **BODIES, **MIMES, **PAGES, **ADDRESSES}
