"""The columns of the bench: proxies to compare with, and popgate with what it may be asked to do. Configurations are in peers/."""
import dataclasses
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
RULES = HERE.parent.parent / "rules/local.cf"


@dataclasses.dataclass(frozen=True)
class Column:
    """A proxy as it is measured. In the commands `conf` is its configuration, and $-words are what a Place says."""

    name: str
    conf: str = ""                  # a file of peers/
    commands: tuple = ()
    modes: tuple = ("tls", "stls", "plain")     # of work.py: towards the client, and behind _ towards the server
    version: str = ""               # a command that says it
    kind: str = "peer"              # "peer", "direct" or "popgate"
    marks: str = ""                 # of popgate: which column of the marks it has to reach
    values: dict = dataclasses.field(default_factory=dict)
    idle: int = 10000               # sessions that are held at most
    edits: bool = False             # the headers do not arrive as they were sent
    fast: bool = True               # it may be the best in a row, and is there in a quick run


PERDITION = ("perdition --no_daemon --quiet --no_lookup --pid_file= --map_library= --bind_address=127.0.0.1 "
             "--username=$user --group=$group --outgoing_server=127.0.0.1:$upstream --ssl_cert_file=$site/site.pem "
             "--ssl_key_file=$site/site.key --pop_capability=UIDL.USER.TOP.PIPELINING --config_file=/dev/null ")

SECURED = ("plain_once", "plain_tls")
RELAYED = ("tls", "plain", *SECURED, "tls_tls")

PEERS = (
    Column("hitch", "hitch.conf", ("hitch --user=$user --config=$conf",), ("tls",), "hitch --version"),
    Column("haproxy", "haproxy.cfg", ("haproxy -db -f $conf",), RELAYED, "haproxy -v"),
    Column("nginx stream", "nginx-stream.conf", ("nginx -e $folder/error.log -c $conf",), RELAYED, "nginx -v"),
    Column("nginx mail", "nginx-mail.conf", ("nginx -e $folder/error.log -c $conf",), version="nginx -v"),
    Column("stunnel", "stunnel.conf", ("stunnel4 $conf",), ("tls", "stls", *SECURED), "stunnel4 -version", fast=False),
    Column("Dovecot", "dovecot.conf", ("dovecot -F -c $conf",), version="dovecot --version", fast=False),
    Column("Perdition", commands=(PERDITION + "--protocol=POP3S --ssl_mode=ssl_listen --listen_port=$tls",
                                  PERDITION + "--protocol=POP3 --ssl_mode=tls_listen --listen_port=$stls",
                                  PERDITION + "--protocol=POP3 --listen_port=$plain"),
           version="perdition --help", idle=1000, fast=False),
)

DIRECT = Column("no proxy", commands=("$upstream_program -c $site/site.pem -k $site/site.key",), kind="direct")

# What popgate is asked to do: filters, and settings of the proxy. The work is the same few messages again and again, so
# that their verdicts are remembered after the first time; "each time" has each scored as if it were the first.
FILTERS = {
    "no filters": ("no filters", "", ""),
    "header-rewrite": ("header-rewrite", '"headers"', ""),
    "rewrite and audit": ("rewrite + audit-log", '"headers", "audit"', ""),
    "all three": ("all three", '"score", "headers", "audit"', ""),
    "all three each time": ("all three each time", '"score", "headers", "audit"', 'verdict_cache = "0"'),
}


def popgate(program, name="popgate", workers=1):
    """The columns of one build of popgate."""
    return tuple(Column(f"{name} {suffix}", "popgate.conf", (f"{program} -c $conf",), (*RELAYED, "stls"), f"{program} -V",
                        "popgate", marks, values={"filters": filters, "settings": settings, "workers": workers, "rules": RULES},
                        edits=bool(filters))
                 for suffix, (marks, filters, settings) in FILTERS.items())
