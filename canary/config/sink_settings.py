"""The mail listener's settings, one row each."""

from typing import Final

from canary.config import kinds, places
from canary.config.setting import Setting

SINK_SETTINGS: Final = (
    Setting(
        "sink.listen",
        places.endpoints(),
        ("127.0.0.1:2525",),
        "Where the sink listens for SMTP; an IPv6 address stands in brackets.",
    ),
    Setting(
        "sink.hostname",
        places.host_name(),
        "",
        "The name that the sink greets with; the MX record should lead to it. Empty: `mail.` and the first "
        "of mint.domains.",
        example="mail.example.org",
    ),
    Setting(
        "sink.hostnames",
        places.named_addresses(),
        (),
        "Other names to greet with, by the address of ours that the client came to: domains that shall have "
        "nothing in common need an address and a name each. A domain is ours only where we go by a name in "
        "or under it; everywhere, if no name is.",
        example=("192.0.2.1=mx.example.org", "192.0.2.2=mail.example.net"),
    ),
    Setting(
        "sink.profile",
        kinds.choice("postfix", "exim", "generic"),
        "postfix",
        "The mail server whose words, extensions and habits the sink has.",
    ),
    Setting(
        "sink.lmtp",
        places.endpoints(least=0, unix=True),
        (),
        "Where the sink listens for LMTP from a mail server of yours in front of it; never to the public.",
        example=("unix:/run/canary/lmtp",),
    ),
    Setting(
        "sink.proxy_peers",
        places.networks(),
        (),
        "Whose connections begin with a PROXY protocol header (version 1 or 2): your load balancers.",
        example=("192.0.2.10/32",),
    ),
    Setting(
        "sink.workers",
        kinds.whole(1, 64),
        1,
        "How many processes receive mail; each takes a core when there is much.",
    ),
    Setting(
        "sink.drain",
        kinds.duration("0", "1h"),
        "20s",
        "How long what was begun may take to end when the sink is told to stop.",
    ),
    Setting(
        "sink.unknown",
        kinds.choice("reject", "some", "accept-all"),
        "reject",
        "What becomes of recipients nobody has: refused; a keyed few of the natural-looking ones taken "
        "(sink.unknown_share), so that guessing teaches little; or all taken.",
    ),
    Setting(
        "sink.unknown_share",
        kinds.number(0, 0.5),
        0.03,
        "The share of natural-looking guesses that is taken where sink.unknown is some.",
    ),
    Setting(
        "sink.greylist",
        kinds.duration("0", "1h"),
        "0",
        "How long a sender that is new to a recipient is made to wait before it may send; 0 turns it off.",
    ),
    Setting(
        "sink.reverse_names",
        kinds.yes_or_no(),
        True,  # noqa: FBT003 - a default, named by its key
        "Whether clients' addresses are looked up in reverse; no reply ever waits for it.",
    ),
    Setting(
        "sink.max_message",
        kinds.size("1KB", "1GB"),
        "25MB",
        "The largest message that is accepted.",
    ),
    Setting(
        "sink.timeout",
        kinds.duration("1s", "24h"),
        "5m",
        "How long a silent client is waited for.",
    ),
    Setting(
        "sink.transaction_timeout",
        kinds.duration("1s", "24h"),
        "30m",
        "How long one message may take from its first command to its last byte.",
    ),
    Setting(
        "sink.session_timeout",
        kinds.duration("1m", "7d"),
        "2h",
        "How long a client may stay connected.",
    ),
    Setting(
        "sink.spill_above",
        kinds.size("16KB", "1GB"),
        "256KiB",
        "Messages larger than this are written to disk while they arrive.",
    ),
    Setting(
        "sink.spill_folder",
        kinds.path(optional=True),
        "",
        "Where to; the files have no name, and are gone with the process. Empty: beside the database.",
        example="/var/lib/canary",
    ),
    Setting(
        "sink.memory",
        kinds.size("1MB", "100GB"),
        "64MiB",
        "How much memory all messages that are arriving may take; beyond that senders are told to try again.",
    ),
    Setting(
        "sink.disk",
        kinds.size("1MB", "1000GB"),
        "2GiB",
        "How much disk all messages that are arriving may take.",
    ),
    Setting(
        "sink.max_connections",
        kinds.whole(1, 100_000),
        1000,
        "How many clients may be connected at once.",
    ),
    Setting(
        "sink.max_recipients",
        kinds.whole(100, 100_000),
        1000,
        "How many recipients one message may have; RFC 5321 asks for 100 at least.",
    ),
    Setting(
        "sink.tls.cert",
        kinds.path(optional=True),
        "",
        "The certificate chain, PEM.",
        example="/etc/canary/tls/fullchain.pem",
    ),
    Setting(
        "sink.tls.key",
        kinds.path(optional=True),
        "",
        "The certificate's private key, PEM.",
        example="/etc/canary/tls/privkey.pem",
    ),
    Setting(
        "sink.tls.folder",
        kinds.path(optional=True),
        "",
        "A folder with NAME/fullchain.pem and NAME/privkey.pem for each host name, as ACME clients lay it; "
        "for a name that is there it goes before cert and key.",
        example="/etc/letsencrypt/live",
    ),
    Setting(
        "sink.tls.listen",
        places.endpoints(least=0),
        (),
        "Where the sink listens for TLS from the first byte on.",
        example=("0.0.0.0:465",),
    ),
    Setting(
        "sink.limits.connections",
        kinds.whole(0, 100_000),
        50,
        "How many clients of a network may be connected at once.",
    ),
    Setting(
        "sink.limits.connection_rate",
        kinds.whole(0, 1_000_000),
        300,
        "How many connections a network may make in a minute.",
    ),
    Setting(
        "sink.limits.message_rate",
        kinds.whole(0, 1_000_000),
        1200,
        "How many messages a network may begin in a minute.",
    ),
    Setting(
        "sink.limits.recipient_rate",
        kinds.whole(0, 1_000_000),
        6000,
        "How many recipients a network may name in a minute.",
    ),
    Setting(
        "sink.limits.errors",
        kinds.whole(1, 1000),
        20,
        "The error at which a client is sent away; where the profile is postfix each answer is a second late "
        "from half of them on. An exim bears three, and never as many as this.",
    ),
    Setting(
        "sink.limits.unknown_slow",
        kinds.whole(0, 1_000_000),
        20,
        "How many recipients nobody has a network may try in an hour before each answer is a second late.",
    ),
    Setting(
        "sink.limits.unknown",
        kinds.whole(0, 1_000_000),
        200,
        "How many it may try before it is sent away for the rest of the hour.",
    ),
    Setting(
        "sink.limits.exempt",
        places.networks(),
        ("127.0.0.0/8", "::1/128"),
        "Networks that are not limited: your own mail servers.",
    ),
)
