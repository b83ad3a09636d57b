"""Exim 4.96 with the access lists of its default configuration: checked against dialogues of a real one."""

import secrets
import time

from canary.sink.profiles.words import Habits, Phrases

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PROCESSES = 1 << 22
FRACTIONS = 2000

HABITS = Habits(
    extensions=("SIZE", "8BITMIME", "PIPELINING", "PIPECONNECT", "CHUNKING", "STARTTLS", "HELP"),
    helo_required=True,
    strict_verbs=True,
    strict_names=True,
    bare_local=False,
    ends_at_bad_chunk=False,
    remembers_bad_chunk=False,
    routing="@%!/|`#&?",
    leading_dot=False,
    tells_who_is_there=False,
    mistakes="",
    unknown_limit=3,
    mistake_limit=3,
    idle_limit=10,
    junk_limit=0,
)

PHRASES = Phrases(
    greeting="220 {host} ESMTP Exim 4.96 {date}",
    helo="250 {host} Hello {name} [{ip}]",
    ehlo="250-{host} Hello {name} [{ip}]",
    ok="250 OK",
    reset="250 Reset OK",
    bye="221 {host} closing connection",
    sender_ok="250 OK",
    recipient_ok="250 Accepted",
    verified="252 Administrative prohibition",
    help="214-Commands supported:\r\n214 AUTH STARTTLS HELO EHLO MAIL RCPT DATA BDAT NOOP QUIT RSET HELP",
    go_ahead='354 Enter message, ending with "." on a line by itself',
    ready_for_tls="220 TLS go ahead",
    queued="250 OK id={id}",
    chunks_queued="250- {size} byte chunk, total {total}\r\n250 OK id={id}",
    chunk_taken="250 {size} byte chunk received",
    unknown_command="500 unrecognized command",
    empty_command="500 unrecognized command",
    bad_utf8="",
    nul="501 NUL characters are not allowed in SMTP commands",
    not_smtp="500 unrecognized command",
    expansion="550 Administrative prohibition",
    turn_queue="458 Administrative prohibition",
    turn_queue_syntax="458 Administrative prohibition",
    turn_queue_invalid="458 Administrative prohibition",
    turn_queue_in_mail="503 ETRN is not permitted inside a transaction",
    no_authentication="503 AUTH command used when not advertised",
    no_proxying="500 unrecognized command",
    xclient_syntax="500 unrecognized command",
    xforward_syntax="500 unrecognized command",
    tls_active="503 STARTTLS command used when not advertised",
    no_tls="503 STARTTLS command used when not advertised",
    helo_syntax="501 Syntactically invalid HELO argument(s)",
    ehlo_syntax="501 Syntactically invalid EHLO argument(s)",
    mail_syntax="500 unrecognized command",
    mail_empty="501 MAIL must have an address operand",
    rcpt_syntax="500 unrecognized command",
    rcpt_empty="501 RCPT must have an address operand",
    vrfy_syntax="501 empty address",
    data_syntax="501 unexpected argument data",
    rset_syntax="501 unexpected argument data",
    quit_syntax="501 unexpected argument data",
    starttls_syntax="501 unexpected argument data",
    chunk_syntax="501 missing size for BDAT command",
    bad_sender="501 {said}: missing or malformed local part",
    bad_recipient="501 {said}: missing or malformed local part",
    bad_verified="501 missing or malformed local part",
    literal="501 {said}: domain literals not allowed",
    bad_domain="501 {said}: domain missing or malformed",
    unqualified_sender="501 {said}: sender address must contain a domain",
    unqualified_recipient="501 {said}: recipient address must contain a domain",
    bad_size="",
    absurd_size="552 Message size exceeds maximum permitted",
    bad_body="501 invalid data for BODY",
    bad_ret="",
    bad_envid="",
    bad_notify="",
    bad_orcpt="",
    no_utf8="501 SMTPUTF8 used when not advertised",
    unsupported="501 {said}: malformed address: {option} may not follow <{address}> ",
    announced_too_big="552 Message size exceeds maximum permitted",
    need_helo="503 HELO or EHLO required",
    nested_mail="503 sender already given",
    need_mail="503 sender not yet given",
    need_rcpt="503 valid RCPT command must precede DATA",
    no_recipients="503 valid RCPT command must precede DATA",
    no_recipients_left="503 Valid RCPT command must precede DATA",
    all_refused="503-All RCPT commands were rejected with this error:\r\n503-{refusal}\r\n"
    "503 Valid RCPT command must precede DATA",
    mail_after_chunk="503 only RSET accepted now",
    rcpt_after_chunk="503 only RSET accepted now",
    data_after_chunk="503 only BDAT permissible after non-LAST BDAT",
    empty_chunk="504 zero size for BDAT command",
    chunk_too_big="552 Message size exceeds maximum permitted",
    chunk_discarded="503 valid RCPT command must precede BDAT",
    chunk_without_mail="503 valid RCPT command must precede BDAT",
    chunk_without_recipients="503 valid RCPT command must precede BDAT",
    user_unknown="550 Unrouteable address",
    relay_denied="550 relay not permitted",
    routed="550 restricted characters in address",
    greylisted="451 Temporary local problem - please try later",
    lookup_failed="451 Temporary local problem - please try later",
    too_many_recipients="452 too many recipients",
    too_much_mail="450 Temporary local problem - please try later",
    too_many_names="450 Temporary local problem - please try later",
    too_big="552 Message size exceeds maximum permitted",
    no_room="452 space shortage, please try later",
    not_kept="451 Temporary local problem - please try later",
    too_many_unknown="500 Too many unrecognized commands",
    too_many_mistakes="Too many syntax or protocol errors",
    too_many_idle="554 Too many nonmail commands",
    too_many_errors="421 {host}: Service not available - closing connection",
    too_many_connections="421 Too many concurrent SMTP connections; please try again later.",
    timeout_exceeded="421 {host}: SMTP command timeout - closing connection",
    closing="421 {host}: Service not available - closing connection",
    server_error="421 {host}: Service not available - closing connection",
)


def queue_id() -> str:
    """Return a message id such as Exim makes of the time, its process and a fraction of a second."""
    now = time.time()
    process = 1000 + secrets.randbelow(PROCESSES - 1000)
    return f"{_digits(int(now), 6)}-{_digits(process, 6)}-{_digits(int(now % 1 * FRACTIONS), 2)}"


def _digits(number: int, width: int) -> str:
    text = ""
    for _ in range(width):
        number, digit = divmod(number, len(DIGITS))
        text = DIGITS[digit] + text
    return text
