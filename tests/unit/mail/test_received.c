/* Received fields as many MTAs write them, and as nobody does. What is expected is what SpamAssassin finds in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <time.h>

#include "base/bytes.h"
#include "base/count.h"
#include "rules/mail/received.h"

enum { BOUND_MS = 100 }; /* generous: with the sanitizers and beside other work */

static const struct {
    const char *value;
    const char *expected; /* what is not empty of a relay; or what else it is */
} lines[] = {
    {"from mx.example.org (mail.example.org [192.0.2.1]) by mx.example.net (Postfix) with ESMTP id 0A1B2C3D4E for "
     "<a@example.net>; Mon, 1 Jan 2024 10:00:00 +0100 (CET)",
     "ip=192.0.2.1 rdns=mail.example.org helo=mx.example.org by=mx.example.net id=0A1B2C3D4E"},
    {"from mx.example.org (unknown [192.0.2.1]) by mx.example.net (Postfix) with SMTP id 0A1B2C3D4E; Mon, 1 Jan 2024 "
     "10:00:00 +0100",
     "ip=192.0.2.1 helo=mx.example.org by=mx.example.net id=0A1B2C3D4E no-rdns"},
    {"from mx.example.org (mail.example.org[192.0.2.1]) by mx.example.net (Postfix) with SMTP id 0A1B2C3D4E; Mon, 1 "
     "Jan 2024 10:00:00 +0100",
     "ip=192.0.2.1 rdns=mail.example.org helo=mx.example.org by=mx.example.net id=0A1B2C3D4E"},
    {"from [10.1.2.3] (host.example.org [192.0.2.1]) (Authenticated sender: joe) by mx.example.net (Postfix) with "
     "ESMTPSA id 0A1B2C3D4E; Mon, 1 Jan 2024 10:00:00 +0100",
     "ip=192.0.2.1 rdns=host.example.org helo=!10.1.2.3! by=mx.example.net id=0A1B2C3D4E auth=ESMTPSA"},
    {"from pc (host.example.org [192.0.2.1]) (Authenticated sender: joe) by mx.example.net (Mailer) with ESMTP id "
     "0A1B2C3D4E; Mon, 1 Jan 2024 10:00:00 +0100",
     "ip=192.0.2.1 rdns=host.example.org helo=pc by=mx.example.net id=0A1B2C3D4E auth=Postfix (Mailer)"},
    {"from mx.example.org (mail.example.org [IPv6:2001:db8::25]) (using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 "
     "(256/256 bits)) (No client certificate requested) by mx.example.net (Postfix) with ESMTPS id 0A1B2C3D4E",
     "ip=2001:db8::25 rdns=mail.example.org helo=mx.example.org by=mx.example.net id=0A1B2C3D4E"},
    {"from localhost (localhost [127.0.0.1])by mx.example.net (Postfix) with ESMTP id 0A1B2C3D4E; Mon, 1 Jan 2024 "
     "10:00:00 +0100",
     "ip=127.0.0.1 rdns=localhost helo=localhost by=mx.example.net id=0A1B2C3D4E private"},
    {"by mx.example.net (Postfix, from userid 1000) id 0A1B2C3D4E; Mon, 1 Jan 2024 10:00:00 +0100 (CET)", "skipped"},
    {"from mx.example.org (root@mail.example.org [192.0.2.1]) by mx.example.net (8.17.1/8.17.1) with ESMTP id "
     "301A0x2Y031856 for <a@example.net>; Mon, 1 Jan 2024 10:00:00 GMT",
     "ip=192.0.2.1 rdns=mail.example.org helo=mx.example.org by=mx.example.net ident=root id=301A0x2Y031856"},
    {"from mx.example.org (IDENT:qmailr@mail.example.org [192.0.2.1] (may be forged)) by mx.example.net "
     "(8.17.1/8.17.1) with ESMTP id 301A0x2Y031856",
     "ip=192.0.2.1 rdns=mail.example.org helo=mx.example.org by=mx.example.net ident=qmailr id=301A0x2Y031856"},
    {"from mx.example.org ([192.0.2.1]) by mx.example.net (8.17.1/8.17.1) with ESMTP id 301A0x2Y031856",
     "ip=192.0.2.1 helo=mx.example.org by=mx.example.net id=301A0x2Y031856 no-rdns"},
    {"from pc (host.example.org [192.0.2.1]) (authenticated bits=0) by mx.example.net (8.17.1/8.17.1) with ESMTP id "
     "301A0x2Y031856; Mon, 1 Jan 2024 10:00:00 GMT",
     "ip=192.0.2.1 rdns=host.example.org helo=pc by=mx.example.net id=301A0x2Y031856 auth=Sendmail"},
    {"from pc (joe@[192.0.2.1]) by mx.example.net (8.17.1/8.17.1) with SMTP id 301A0x2Y031856",
     "ip=192.0.2.1 helo=pc by=mx.example.net ident=joe id=301A0x2Y031856 no-rdns"},
    {"(from joe@localhost) by mx.example.net (8.17.1/8.17.1/Submit) id 301A0x2Y031856; Mon, 1 Jan 2024 10:00:00 GMT",
     "skipped"},
    {"from localhost (localhost [[UNIX: localhost]]) by mx.example.net (8.17.1/8.17.1/Submit) id 301A0x2Y031856",
     "skipped"},
    {"from mail.example.org ([192.0.2.1] helo=mx.example.org ident=joe) by mx.example.net with esmtps (TLS1.3) tls "
     "TLS_AES_256_GCM_SHA384 (Exim 4.96) (envelope-from <b@example.org>) id 1rKJxY-0001Ab-2C for a@example.net; Mon, "
     "01 Jan 2024 10:00:00 +0100",
     "ip=192.0.2.1 rdns=mail.example.org helo=mx.example.org by=mx.example.net ident=joe envfrom=b@example.org "
     "id=1rKJxY-0001Ab-2C"},
    {"from [192.0.2.1] (helo=pc.example.org) by mx.example.net with esmtpa (Exim 4.96) id 1rKJxY-0001Ab-2C",
     "ip=192.0.2.1 helo=pc.example.org by=mx.example.net id=1rKJxY-0001Ab-2C auth=esmtpa"},
    {"from mail.example.org ([192.0.2.1]:52313) by mx.example.net with esmtp (Exim 4.96) id 1rKJxY-0001Ab-2C",
     "ip=192.0.2.1 rdns=mail.example.org helo=mail.example.org by=mx.example.net id=1rKJxY-0001Ab-2C"},
    {"from mail.example.org [192.0.2.1] by mx.example.net with esmtp (Exim 4.96) id 1rKJxY-0001Ab-2C",
     "ip=192.0.2.1 rdns=mail.example.org helo=mail.example.org by=mx.example.net id=1rKJxY-0001Ab-2C"},
    {"from mail.example.org (mx.example.org) [192.0.2.1.4321] (mail) by mx.example.net with esmtp (Exim 3.36) id "
     "1rKJxY-0001Ab-2C",
     "ip=192.0.2.1 rdns=mail.example.org helo=mx.example.org by=mx.example.net id=1rKJxY-0001Ab-2C"},
    {"from joe by mx.example.net with local (Exim 4.96) id 1rKJxY-0001Ab-2C; Mon, 01 Jan 2024 10:00:00 +0100",
     "skipped"},
    {"from joe (helo=pc) by mx.example.net with local-esmtp (Exim 4.96) id 1rKJxY-0001Ab-2C", "skipped"},
    {"from mail.example.org (HELO mx.example.org) (192.0.2.1) by mx.example.net with SMTP; 1 Jan 2024 09:00:00 -0000",
     "ip=192.0.2.1 rdns=mail.example.org helo=mx.example.org by=mx.example.net"},
    {"from unknown (HELO mx.example.org) (joe@192.0.2.1) by mx.example.net with SMTP; 1 Jan 2024 09:00:00 -0000",
     "ip=192.0.2.1 helo=mx.example.org by=mx.example.net ident=joe"},
    {"from mail.example.org (192.0.2.1) by mx.example.net with ESMTPS (TLS_AES_256_GCM_SHA384 encrypted SMTP); 1 Jan "
     "2024 09:00:00 -0000",
     "ip=192.0.2.1 rdns=mail.example.org helo=mail.example.org by=mx.example.net"},
    {"from unknown (EHLO mx.example.org) (joe@[192.0.2.1]) (envelope-sender <b@example.org>) by mx.example.net "
     "(qmail-ldap-1.03) with SMTP for <a@example.net>; 1 Jan 2024 09:00:00 -0000",
     "ip=192.0.2.1 helo=mx.example.org by=mx.example.net ident=joe envfrom=b@example.org"},
    {"from mail.example.org (joe@192.0.2.1) by mx.example.net with QMQP; 1 Jan 2024 09:00:00 -0000",
     "ip=192.0.2.1 rdns=mail.example.org helo=mail.example.org by=mx.example.net ident=joe"},
    {"(qmail 12345 invoked from network); 1 Jan 2024 09:00:00 -0000", "skipped"},
    {"(qmail 12345 invoked by uid 89); 1 Jan 2024 09:00:00 -0000", "skipped"},
    {"from mail.example.org (HELO mx(1)) (192.0.2.1) by mx.example.net with SMTP; 1 Jan 2024 09:00:00 -0000",
     "helo=mx by=mx.example.net no-rdns"},
    {"(ezmlm-idx 7.2 invoked by alias); 1 Jan 2024 09:00:00 -0000", "skipped"},
    {"with LISTS (v1.0.0; list some-list); Mon, 01 Jan 2024 10:00:00 +0000 (UTC)", "skipped"},
    {"from MBX1.example.org (10.1.2.3) by MBX2.example.org (10.1.2.4) with Microsoft SMTP Server (version=TLS1_2, "
     "cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.1.2507.35; Mon, 1 Jan 2024 10:00:00 +0100",
     "ip=10.1.2.3 rdns=MBX1.example.org helo=MBX1.example.org by=MBX2.example.org id=15.1.2507.35 private"},
    {"from AB1PR01MB0001.eurprd01.prod.example.com ([fe80::1234:5678:9abc:def0]) by "
     "AB1PR01MB0002.eurprd01.prod.example.com ([fe80::1234:5678:9abc:def0%6]) with mapi id 15.20.7159.020; Mon, 1 Jan "
     "2024 09:00:00 +0000",
     "ip=fe80::1234:5678:9abc:def0 helo=AB1PR01MB0001.eurprd01.prod.example.com "
     "by=AB1PR01MB0002.eurprd01.prod.example.com private"},
    {"from AB1PR01MB0001.example.com (2603:10a6:800:a8::20) by AB1PR01MB0002.example.com (2603:10a6:102:2a0::13) with "
     "Microsoft SMTP Server (version=TLS1_2, cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.20.7159.20; Mon, 1 "
     "Jan 2024 09:00:00 +0000",
     "ip=2603:10a6:800:a8::20 rdns=AB1PR01MB0001.example.com helo=AB1PR01MB0001.example.com "
     "by=AB1PR01MB0002.example.com id=15.20.7159.20"},
    {"from mx.example.org ([192.0.2.1]) by mx.example.net with Microsoft SMTPSVC(6.0.3790.4675); Mon, 1 Jan 2024 "
     "10:00:00 +0100",
     "ip=192.0.2.1 helo=mx.example.org by=mx.example.net"},
    {"from pc ([192.0.2.1] RDNS failed) by mx.example.net with Microsoft SMTPSVC(6.0.3790.4675)",
     "ip=192.0.2.1 helo=pc by=mx.example.net"},
    {"from mail pickup service by mx.example.net with Microsoft SMTPSVC; Mon, 1 Jan 2024 10:00:00 +0100", "skipped"},
    {"from mx.example.org (mail.example.org [192.0.2.1]) by mx.example.net with SMTP (Microsoft Exchange Internet Mail "
     "Service Version 5.5.2653.13) id ABCDEF12",
     "ip=192.0.2.1 rdns=mail.example.org helo=mx.example.org by=mx.example.net id=ABCDEF12"},
    {"from pc ([192.0.2.1]) by mx.example.net (Lotus Domino Release 9.0.1FP10) with ESMTP id 2024010110000000-1234",
     "ip=192.0.2.1 helo=pc by=mx.example.net id=2024010110000000-1234"},
    {"from mail-ab1-f41.example.com (mail-ab1-f41.example.com. [192.0.2.41]) by mx.google.com with ESMTPS id "
     "a640c23a62f3a-1234567890 for <a@example.net> (version=TLS1_3 cipher=TLS_AES_128_GCM_SHA256 bits=128/128); Mon, "
     "01 Jan 2024 01:00:00 -0800 (PST)",
     "ip=192.0.2.41 rdns=mail-ab1-f41.example.com helo=mail-ab1-f41.example.com by=mx.google.com "
     "id=a640c23a62f3a-1234567890"},
    {"from pc ([192.0.2.1]) by mx.google.com with ESMTPS id ab12sm3456789abc.12.2024.01.01.01.00.00 (version=TLS1_3 "
     "cipher=TLS_AES_128_GCM_SHA256); Mon, 01 Jan 2024 01:00:00 -0800 (PST)",
     "ip=192.0.2.1 helo=pc by=mx.google.com id=ab12sm3456789abc.12.2024.01.01.01.00.00 auth=GMail - transport=TLS1_3 "
     "cipher=TLS_AES_128_GCM_SHA256 no-rdns"},
    {"by 2002:a05:6402:1234:b0:555:1234:5678 with SMTP id a18csp123456edx; Mon, 1 Jan 2024 01:00:00 -0800 (PST)",
     "skipped"},
    {"from 123456789012 named unknown by gmailapi.google.com with HTTPREST; Mon, 1 Jan 2024 01:00:00 -0800", "skipped"},
    {"from [192.0.2.1] by web1.mail.yahoo.example via HTTP; Mon, 01 Jan 2024 09:00:00 UTC",
     "ip=192.0.2.1 by=web1.mail.yahoo.example"},
    {"from pc (joe@192.0.2.1 with login) by smtp1.mail.bf1.yahoo.com with SMTP; 01 Jan 2024 01:00:00 -0800 PST",
     "ip=192.0.2.1 helo=pc by=smtp1.mail.bf1.yahoo.com"},
    {"from 192.0.2.1 (SquirrelMail authenticated user joe) by webmail.example.net with HTTP; Mon, 1 Jan 2024 10:00:00 "
     "+0100",
     "ip=192.0.2.1 by=webmail.example.net auth=HTTP"},
    {"from 192.0.2.1 ([192.0.2.1]) by webmail.example.net (Horde Framework) with HTTPS; Mon, 01 Jan 2024 10:00:00 "
     "+0100",
     "ip=192.0.2.1 helo=192.0.2.1 by=webmail.example.net auth=HTTPS no-rdns"},
    {"from [192.0.2.1] by mx.example.net; Mon, 1 Jan 2024 10:00:00 +0100",
     "ip=192.0.2.1 helo=!192.0.2.1! by=mx.example.net"},
    {"from host.example.org by mx.example.net; Mon, 1 Jan 2024 10:00:00 +0100", "skipped"},
    {"from pc (host.example.org [192.0.2.1]) by mail.gmx.net (mrgmx104) with ESMTPSA (Nemesis) id 1Mabcd-1qAbCd-00; "
     "Mon, 01 Jan 2024 10:00:00 +0100",
     "ip=192.0.2.1 rdns=host.example.org helo=pc by=mail.gmx.net id=1Mabcd-1qAbCd-00 auth=ESMTPSA"},
    {"from host.example.org (EHLO pc) [192.0.2.1] by mail.gmx.net (mp001) with SMTP; 01 Jan 2024 10:00:00 +0100",
     "ip=192.0.2.1 rdns=host.example.org helo=pc by=mail.gmx.net auth=GMX (SMTP / mail.gmx.net)"},
    {"from ([192.0.2.1:33672] helo=mx.example.org) by mx.example.net (ecelerity 4.2.38 r(:)) with ESMTP id "
     "52/92-02454-89FBA054 for <a@example.net>",
     "ip=192.0.2.1 helo=mx.example.org by=mx.example.net id=52/92-02454-89FBA054"},
    {"from x ([192.0.2.1:33672]) by mx.example.net (ecelerity 4.2.38 r(:)) with ESMTP id 52/92-02454-89FBA054 for "
     "<a@example.net>",
     "ip=192.0.2.1 by=mx.example.net id=52/92-02454-89FBA054"},
    {"from mx.example.org (192.0.2.1:23198) by mx.example.net with [XMail 1.27 ESMTP Server] id <S1A2B> for "
     "<a@example.net> from <b@example.org>; Mon, 1 Jan 2024 10:00:00 +0100",
     "ip=192.0.2.1 helo=mx.example.org by=mx.example.net envfrom=b@example.org id=S1A2B"},
    {"from mx.example.org ([192.0.2.1] verified) by mx.example.net (CommuniGate Pro SMTP 6.2) with ESMTP id 1234567 "
     "for a@example.net",
     "ip=192.0.2.1 rdns=mx.example.org helo=mx.example.org by=mx.example.net id=1234567"},
    {"from [192.0.2.1] (account joe HELO [10.1.2.3]) by mx.example.net (CommuniGate Pro SMTP 6.2) with ESMTPA id "
     "1234567",
     "ip=192.0.2.1 helo=!10.1.2.3! by=mx.example.net id=1234567 auth=ESMTPA"},
    {"from mx.example.org [192.0.2.1] by mx.example.net [192.0.2.2] with SMTP (MDaemon.PRO.v20.0.0.R) for "
     "<a@example.net>",
     "ip=192.0.2.1 helo=mx.example.org by=mx.example.net no-rdns"},
    {"from pc (LHLO pc.example.org) (192.0.2.1) by mx.example.net with LMTP; Mon, 1 Jan 2024 10:00:00 +0100 (CET)",
     "ip=192.0.2.1 rdns=pc helo=pc.example.org by=mx.example.net"},
    {"from mx.example.net ([unix socket]) by mx.example.net (Cyrus v3.2.6) with LMTPA; Mon, 01 Jan 2024 10:00:00 +0100",
     "skipped"},
    {"from mail.example.org(192.0.2.1) by mx.example.net via smap (V2.1) id xma012345; Mon, 1 Jan 24 10:00:00 +0100",
     "ip=192.0.2.1 rdns=mail.example.org by=mx.example.net id=xma012345"},
    {"from mail.example.org(192.0.2.1), claiming to be \"pc.example.org\" via SMTP by mx.example.net, id smtpdABCDEF; "
     "Mon Jan 1 10:00:00 2024",
     "ip=192.0.2.1 rdns=mail.example.org helo=pc.example.org by=mx.example.net id=smtpdABCDEF"},
    {"from UNKNOWN(192.0.2.1) via SMTP by mx.example.net, id smtpdABCDEF; Mon Jan 1 10:00:00 2024",
     "ip=192.0.2.1 by=mx.example.net id=smtpdABCDEF"},
    {"FROM pc.example.org (unverified [192.0.2.1]) BY mx.example.net ID 434B508E.174A6.13932 ; 1 Jan 2024 10:00:00 "
     "-0000",
     "ip=192.0.2.1 helo=pc.example.org by=mx.example.net id=434B508E.174A6.13932 no-rdns"},
    {"FROM pc.example.org (host.example.org [192.0.2.1]) BY mx.example.net (Rockliffe SMTPRA 10.3.0) WITH SMTP ID "
     "<B0065361981@mx.example.net> FOR <a@example.net>; Mon, 1 Jan 2024 10:00:00 +0100",
     "ip=192.0.2.1 rdns=host.example.org helo=pc.example.org by=mx.example.net id=B0065361981@mx.example.net"},
    {"(from pc [192.0.2.1]) by mx.example.net (NAVGW 2.5.2.12) with SMTP id M2024010110000000000",
     "ip=192.0.2.1 helo=pc by=mx.example.net id=M2024010110000000000"},
    {"from pc.example.org (softdnserr [::ffff:192.0.2.1]) by mx.example.net with esmtp; Mon, 01 Jan 2024 10:00:00 "
     "+0100",
     "ip=192.0.2.1 helo=pc.example.org by=mx.example.net"},
    {"from pc ([::ffff:10.1.2.3]) (AUTH: PLAIN joe, TLS: TLSv1.3,256bits,TLS_AES_256_GCM_SHA384) by mx.example.net "
     "with ESMTPSA id 000000000001; Mon, 01 Jan 2024 10:00:00 +0100",
     "ip=10.1.2.3 helo=pc by=mx.example.net id=000000000001 auth=ESMTPSA no-rdns private"},
    {"from mail.example.org [192.0.2.1] by localhost with POP3 (fetchmail-6.4.16) for <a@localhost> (single-drop); "
     "Mon, 01 Jan 2024 10:00:00 +0100 (CET)",
     "fetched"},
    {"from joe@example.org by mx by uid 89 with qmail-scanner-1.24 (clamdscan: 0.80. Clear:RC:0(192.0.2.1):. Processed "
     "in 0.1 secs); 01 Jan 2024 09:00:00 -0000",
     "skipped"},
    {"from 192.0.2.1 by mx.example.net (envelope-from <b@example.org>, uid 502) with qmail-scanner-1.24 (clamdscan: "
     "0.80. Clear:RC:0(192.0.2.1):. Processed in 0.1 secs); 01 Jan 2024 09:00:00 -0000",
     "skipped"},
    {"from abcdefghijk (unknown) by geopod-ismtpd-1 (SG) with HTTP id aqHKNX2kSp-HiqspAa-uvw for <a@example.net>; Mon, "
     "01 Jan 2024 09:00:00.516 +0000 (UTC)",
     "skipped"},
    {"from something new [192.0.2.1] somewhere by mx.example.net using carrier pigeons",
     "ip=192.0.2.1 helo=something by=mx.example.net"},
    {"from something new at mx.example.net using carrier pigeons", "unparseable"},
    {"From pc.example.org [192.0.2.1] by mx.example.net ;;", "ip=192.0.2.1 by=mx.example.net"},
    {"from <script> (a]b[c#d|e [192.0.2.1]) by mx.example.net (8.17.1/8.17.1) with SMTP id 1",
     "ip=192.0.2.1 rdns=a!b!c!d!e helo=!script! by=mx.example.net"},
    {"from pc (host.example.org [300.0.2.1]) by mx.example.net (Postfix) with SMTP id 0A1B2C3D4E", "unparseable"},
    {"from pc (host.example.org [1:2:3]) by mx.example.net (Postfix) with SMTP id 0A1B2C3D4E", "unparseable"},
    {"from pc (host.example.org. [192.0.2.1]) by mx.example.net; (8.17.1/8.17.1) with SMTP id 0A1B2C3D4E",
     "ip=192.0.2.1 rdns=host.example.org helo=pc by=mx.example.net id=0A1B2C3D4E"},
    {"from", "skipped"},
    {"", "skipped"},
};

static const char *const kinds[] = {
    [RECEIVED_RELAY]       = "relay",
    [RECEIVED_SKIPPED]     = "skipped",
    [RECEIVED_FETCHED]     = "fetched",
    [RECEIVED_UNPARSEABLE] = "unparseable",
};

static void
add_part(struct bytes *text, const char *name, struct span value)
{
    if (value.len > 0)
        bytes_printf(text, "%s%s=%.*s", text->len > 0 ? " " : "", name, SPAN_ARG(value));
}

/* What is found in a value, as the table above has it. */
static void
show(struct span value, struct bytes *text)
{
    struct arena       arena = {0};
    struct relay       relay;
    enum received_kind kind = received_read(value, &arena, &relay);

    bytes_clear(text);
    if (kind != RECEIVED_RELAY) {
        bytes_add(text, span_of(kinds[kind]));
    } else {
        add_part(text, "ip", relay.ip);
        add_part(text, "rdns", relay.rdns);
        add_part(text, "helo", relay.helo);
        add_part(text, "by", relay.by);
        add_part(text, "ident", relay.ident);
        add_part(text, "envfrom", relay.envfrom);
        add_part(text, "id", relay.id);
        add_part(text, "auth", relay.auth);
        bytes_add(text, relay.no_reverse_dns ? SPAN(" no-rdns") : SPAN(""));
        bytes_add(text, relay.ip_private ? SPAN(" private") : SPAN(""));
    }
    arena_free(&arena);
}

static void
test_lines(void **state)
{
    struct bytes found = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        show(span_of(lines[i].value), &found);
        if (!span_equal(bytes_span(&found), span_of(lines[i].expected)))
            fail_msg("%s\nis     %s\nand not %s", lines[i].value, found.data, lines[i].expected);
    }
    bytes_free(&found);
}

/* White space of any kind and folds are the same, and at the ends nothing. */
static void
test_folded(void **state)
{
    struct bytes found = {0}, folded = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        bytes_clear(&folded);
        bytes_add(&folded, SPAN(" \t"));
        for (const char *c = lines[i].value; *c != '\0'; c++)
            bytes_add(&folded, *c == ' ' ? SPAN("\n\t \r") : (struct span){c, 1});
        bytes_add(&folded, SPAN(" \n"));
        show(bytes_span(&folded), &found);
        if (!span_equal(bytes_span(&found), span_of(lines[i].expected)))
            fail_msg("%s, folded\nis     %s\nand not %s", lines[i].value, found.data, lines[i].expected);
    }
    bytes_free(&folded);
    bytes_free(&found);
}

/* Who sent it is said a field above the one that it belongs to. */
static void
test_sender_for_next(void **state)
{
    const struct span value = SPAN("from 192.0.2.1 by mx.example.net (envelope-from <b@example.org>, uid 5) with "
                                   "qmail-scanner-1.24 (Clear)");
    struct arena      arena = {0};
    struct relay      relay;

    (void)state;
    assert_int_equal(received_read(value, &arena, &relay), RECEIVED_SKIPPED);
    assert_true(span_equal(relay.envfrom, SPAN("b@example.org")));
    assert_int_equal(received_read(SPAN("from x by y with local (envelope-from <b@example.org>)"), &arena, &relay),
                     RECEIVED_SKIPPED);
    assert_null(relay.envfrom.data);
    assert_int_equal(received_read(SPAN("from x ([192.0.2.1]) by y (1) (envelope-from <>)"), &arena, &relay),
                     RECEIVED_RELAY);
    arena_free(&arena);
}

static void
test_find_address(void **state)
{
    static const struct {
        const char *text, *address;
    } rows[] = {
        {"[192.0.2.1]", "192.0.2.1"},
        {"1:2:3 at 10:30, 192.0.2.256, 2001:db8::1", "2001:db8::1"},
        {"IPv6:2001:db8::1", "IPv6:2001:db8::1"},
        {"1.2.3", ""},
        {"12:34:56", ""},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct span found = received_find_address(span_of(rows[i].text));

        if (!span_equal(found, span_of(rows[i].address)))
            fail_msg("%s: %.*s", rows[i].text, SPAN_ARG(found));
    }
}

/* What patterns are slow at: a megabyte of it takes no longer than a few thousand octets. */
static void
test_bounded(void **state)
{
    static const char *const units[] = {
        "<",
        "@",
        "([192.0.2.1]) (authenticated)",
        ") by a (1.2.345) (authenticated as ",
        "; ",
        "[",
        "(",
        "1:",
        "1.1:",
        "Exim [192.0.2.1] (",
        "ident=helo=",
        " (a)",
        ") with SMTP ",
        " id <",
        " by a",
        "a@[192.0.2.1",
        "envelope-from ",
        " ",
        "a",
        "0:",
        "0:ffff:",
    };
    struct bytes value = {0}, found = {0};

    (void)state;
    received_start();
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        clock_t start;
        long    ms;

        bytes_clear(&value);
        bytes_add(&value, SPAN("from x (y [192.0.2.1]) "));
        while (value.len < 1000000)
            bytes_add(&value, span_of(units[i]));
        start = clock();
        show(bytes_span(&value), &found);
        ms = (long)((clock() - start) * 1000 / CLOCKS_PER_SEC);
        if (ms > BOUND_MS)
            fail_msg("\"%s\" again and again: %ld ms", units[i], ms);
    }
    bytes_clear(&value);
    bytes_add(&value, SPAN("from "));
    while (value.len < 1000000)
        bytes_add_char(&value, 'a');
    bytes_add(&value, SPAN(" ([192.0.2.1]) by mx.example.net (1)"));
    show(bytes_span(&value), &found);
    assert_string_equal(found.data, "unparseable");
    bytes_free(&found);
    bytes_free(&value);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),        cmocka_unit_test(test_folded),  cmocka_unit_test(test_sender_for_next),
        cmocka_unit_test(test_find_address), cmocka_unit_test(test_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
