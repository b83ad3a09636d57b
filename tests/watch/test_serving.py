"""`canary serve` in its processes: what dies, is replaced, reloaded and drained."""

import contextlib
import os
import re
import signal
import smtplib
import socket
import ssl
import threading
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Self

import pytest

from canary.ports import HitFilter
from tests.certificates import certify
from tests.watch.conftest import PATIENCE, Home, Served, wait_for

MAIL = "Subject: {n}\r\n\r\nnumber {n}\r\n"


class Senders:
    """Clients that send mail all the time and note what they were answered."""

    def __init__(self, served: Served, address: str, count: int = 4, *, stay: bool = False) -> None:
        self.acknowledged: list[str] = []
        self.answers: Counter[str] = Counter()
        self._served = served
        self._address = address
        self._stay = stay
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(n,)) for n in range(count)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, more: int) -> None:
        wanted = len(self.acknowledged) + more
        wait_for(lambda: len(self.acknowledged) >= wanted, f"{wanted} mails")

    def _send(self, who: int) -> None:
        number = 0
        while not self._stop.is_set():
            try:
                with self._served.client() as client:
                    number = self._talk(client, who, number)
            except smtplib.SMTPResponseException as error:
                self.answers[str(error.smtp_code)] += 1
            except (OSError, smtplib.SMTPException) as error:
                self.answers[type(error).__name__] += 1
                time.sleep(0.05)

    def _talk(self, client: smtplib.SMTP, who: int, number: int) -> int:
        while True:
            number += 1
            subject = f"mail-{who}-{number}"
            client.sendmail("care@seller.example", [self._address], MAIL.format(n=subject))
            self.acknowledged.append(subject)
            self.answers["250"] += 1
            if self._stop.is_set() or not self._stay:
                return number


def kept_subjects(home: Home) -> set[str]:
    """Return the subjects of all that is kept."""
    heads = [hit.message.head for hit in home.house.store.hits(HitFilter()) if hit.message]
    return {head.split(b"\r\n")[0].removeprefix(b"Subject: ").decode() for head in heads}


def test_two_workers_both_serve_and_hold_no_secret_in_their_arguments(home: Home) -> None:
    with home.serving("--workers", "2") as served:
        assert len(served.workers) == 2
        before = [_spent(worker) for worker in served.workers]
        with Senders(served, home.addresses[0], 8) as senders:
            wait_for(lambda: all(_spent(w) > b + 2 for w, b in zip(served.workers, before, strict=True)))
        for worker in served.workers:
            for name in ("cmdline", "environ"):
                text = Path(f"/proc/{worker}/{name}").read_bytes()
                assert home.house.keys.index_key.key not in text
                assert b"CANARY_" not in text
        assert served.stop() == 0
    assert kept_subjects(home) >= set(senders.acknowledged)


def test_a_killed_worker_is_replaced_and_loses_nothing_that_was_acknowledged(home: Home) -> None:
    with home.serving("--workers", "2") as served:
        with Senders(served, home.addresses[0]) as senders:
            senders.wait_for(20)
            victim, other = served.workers
            os.kill(victim, signal.SIGKILL)
            served.wait_for_log("another one takes over")
            wait_for(lambda: len(served.workers) == 2, "the new one")
            served.wait_for_log(r"worker \d+ listens")
            senders.wait_for(40)
            assert other in served.workers
            assert victim not in served.workers
        assert "ConnectionRefusedError" not in senders.answers
        assert served.stop() == 0
    assert kept_subjects(home) >= set(senders.acknowledged)


def test_without_the_parent_workers_end_and_nothing_is_acknowledged_that_is_not_kept(home: Home) -> None:
    with home.serving("--workers", "2") as served, Senders(served, home.addresses[0]) as senders:
        senders.wait_for(20)
        workers = served.workers
        served.process.kill()
        wait_for(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers), "the end")
    assert kept_subjects(home) >= set(senders.acknowledged)


def test_a_reload_under_load_drops_no_connection_and_takes_the_new_settings(home: Home) -> None:
    home.configure("[sink]", 'hostname = "old.one.example"')
    with home.serving("--workers", "2") as served:
        resident = served.client()
        resident.ehlo()
        with Senders(served, home.addresses[0], stay=True) as senders:
            senders.wait_for(10)
            for round_ in range(3):
                home.configure("[sink]", f'hostname = "new{round_}.one.example"', 'listen = ["127.0.0.1:1"]')
                served.signal(signal.SIGHUP)
                served.wait_for_log("reloaded", round_ + 1)
                senders.wait_for(10)
        assert set(senders.answers) == {"250"}
        with served.client() as client:
            assert b"new2.one.example" in client.ehlo()[1]
        assert resident.noop()[0] == 250
        resident.quit()
        assert served.stop() == 0


def test_a_configuration_that_cannot_be_read_leaves_everything_as_it_was(home: Home) -> None:
    with home.serving() as served:
        (home.folder / "canary.toml").write_text("[sink]\nprofile = 'sendmail'\n")
        served.signal(signal.SIGHUP)
        served.wait_for_log("not reloaded, everything stays as it was")
        served.send(home.addresses[0])
        home.configure("[sink]", "workers = 3")
        served.signal(signal.SIGHUP)
        served.wait_for_log("needs a restart to change: sink.workers")
        assert served.stop() == 0


def test_a_broken_certificate_at_reload_leaves_the_old_one(home: Home) -> None:
    cert, key = certify(home.folder)
    home.configure("[sink.tls]", f'cert = "{cert}"', f'key = "{key}"')
    with home.serving("--workers", "2") as served:
        first = _certificate(served)
        broken = home.folder / "broken.pem"
        broken.write_text("no certificate")
        home.configure("[sink.tls]", f'cert = "{broken}"', f'key = "{key}"')
        served.signal(signal.SIGHUP)
        served.wait_for_log("not reloaded")
        assert _certificate(served) == first
        cert, key = certify(home.folder / "new")
        home.configure("[sink.tls]", f'cert = "{cert}"', f'key = "{key}"')
        served.signal(signal.SIGHUP)
        served.wait_for_log("INFO.*: reloaded")
        assert _certificate(served) != first
        assert served.stop() == 0


def test_a_worker_that_dies_with_its_certificate_gone_is_replaced_by_one_without_tls(home: Home) -> None:
    cert, key = certify(home.folder)
    home.configure("[sink.tls]", f'cert = "{cert}"', f'key = "{key}"')
    with home.serving() as served:
        cert.unlink()
        os.kill(served.workers[0], signal.SIGKILL)
        served.wait_for_log("without TLS")
        served.send(home.addresses[0])
        assert served.stop() == 0


def test_a_certificate_that_cannot_be_read_at_the_start_ends_it(home: Home) -> None:
    home.configure("[sink.tls]", 'cert = "nowhere.pem"', 'key = "nowhere.pem"')
    with pytest.raises(AssertionError, match="cannot read certificate"), home.serving():
        pass


def test_what_was_begun_may_end_within_the_drain_and_no_longer(home: Home) -> None:
    home.configure("[sink]", 'drain = "3s"')
    with home.serving() as served:
        slow, quick = served.client(), served.client()
        for client in (slow, quick):
            client.ehlo()
            client.mail("care@seller.example")
            client.rcpt(home.addresses[0])
            client.putcmd("DATA")
            assert client.getreply()[0] == 354
        began = time.monotonic()
        served.signal(signal.SIGTERM)
        served.wait_for_log("stopping")
        wait_for(lambda: _refused(served.port), "nobody is let in any more")
        quick.send(b"Subject: last\r\n\r\nword\r\n.\r\n")
        assert quick.getreply()[0] == 250
        assert slow.getreply()[0] == 421
        assert served.process.wait(PATIENCE) == 0
        assert time.monotonic() - began > 2.9
        slow.close()
        quick.close()
    assert "last" in kept_subjects(home)


def test_a_second_sigterm_waits_for_nobody(home: Home) -> None:
    home.configure("[sink]", 'drain = "1h"')
    with home.serving() as served:
        client = served.client()
        client.ehlo()
        client.mail("care@seller.example")
        client.rcpt(home.addresses[0])
        client.putcmd("DATA")
        assert client.getreply()[0] == 354
        served.signal(signal.SIGTERM)
        served.wait_for_log("stopping")
        served.signal(signal.SIGTERM)
        assert client.getreply()[0] == 421
        assert served.process.wait(PATIENCE) == 0
        client.close()


def test_sockets_of_systemd_stand_in_for_the_configured_ones(home: Home) -> None:
    home.configure("[sink]", 'listen = ["127.0.0.1:1"]')
    with (
        socket.create_server(("127.0.0.1", 0)) as smtp,
        socket.create_server(("127.0.0.1", 0)) as lmtp,
        home.serving("--workers", "2", listen=None, passing=(smtp, lmtp), names="smtp:lmtp") as served,
    ):
        with served.client(smtp.getsockname()[1]) as client:
            client.sendmail("care@seller.example", [home.addresses[0]], "Subject: passed\r\n\r\non\r\n")
        with contextlib.closing(smtplib.LMTP("127.0.0.1", lmtp.getsockname()[1])) as front:
            assert front.docmd("LHLO front.example")[0] == 250
        assert served.stop() == 0
    assert "passed" in kept_subjects(home)


def test_systemd_is_told_when_it_is_ready_reloads_and_stops(home: Home) -> None:
    where = home.folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(where))
        listening.settimeout(PATIENCE)
        with home.serving(NOTIFY_SOCKET=str(where)) as served:
            assert listening.recv(1000) == b"READY=1\nSTATUS=Receiving as mail.one.example"
            served.signal(signal.SIGHUP)
            assert re.fullmatch(rb"RELOADING=1\nMONOTONIC_USEC=\d+", listening.recv(1000))
            assert listening.recv(1000) == b"READY=1"
            assert served.stop() == 0
        assert listening.recv(1000) == b"STOPPING=1"


def test_a_store_that_is_locked_for_long_gives_451_and_the_mail_is_taken_later(home: Home) -> None:
    home.configure("[sink]", 'transaction_timeout = "2s"')
    with home.serving() as served:
        with home.house.store.planting():
            with pytest.raises(smtplib.SMTPDataError) as refused:
                served.send(home.addresses[0], "first")
            assert refused.value.smtp_code == 451
            with served.client() as client:
                assert client.ehlo()[0] == 250
        served.send(home.addresses[0], "second")
        assert served.stop() == 0
    assert "second" in kept_subjects(home)


def test_many_clients_at_once_share_commits(home: Home) -> None:
    home.configure("[metrics]", 'listen = "127.0.0.1:0"')
    with home.serving() as served:
        with Senders(served, home.addresses[0], 24, stay=True) as senders:
            senders.wait_for(400)
        figures = _metrics(served)
        assert served.stop() == 0
    assert figures["canary_commit_batch_size_sum"] / figures["canary_commit_batch_size_count"] > 1.5


def test_large_mail_arrives_whole(home: Home) -> None:
    body = "\r\n".join("x" * 70 for _ in range(40_000)) + "\r\n"
    with home.serving() as served:
        with served.client() as client:
            client.sendmail("care@seller.example", [home.addresses[0]], "Subject: large\r\n\r\n" + body)
        assert served.stop() == 0
    (hit,) = home.house.store.hits(HitFilter())
    assert hit.message
    assert home.house.store.raw_message(hit.message.id).decode().endswith(body)


def test_probes_and_strays_come_through(home: Home) -> None:
    with home.serving() as served:
        with served.client() as client:
            client.ehlo()
            client.mail("care@seller.example")
            assert client.rcpt(home.addresses[1])[0] == 250
            assert client.rcpt("nobody.at.all@one.example")[0] == 550
        assert served.stop() == 0
    status = home.house.store.status()
    assert (status.hits, status.strays) == (1, 1)


def _spent(process: int) -> int:
    """Return the processor time of a process, in ticks."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _refused(port: int) -> bool:
    with socket.socket() as caller:
        caller.settimeout(1)
        return caller.connect_ex(("127.0.0.1", port)) != 0


def _certificate(served: Served) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with served.client() as client:
        client.starttls(context=context)
        assert isinstance(client.sock, ssl.SSLSocket)
        return client.sock.getpeercert(binary_form=True) or b""


def _metrics(served: Served) -> dict[str, float]:
    found = re.search(r"served on ([\d.:]+)", served.log)
    assert found
    with urllib.request.urlopen(f"http://{found[1]}/metrics", timeout=PATIENCE) as answer:
        lines = answer.read().decode().splitlines()
    return {line.split(" ")[0]: float(line.split(" ")[1]) for line in lines if not line.startswith("#")}


def test_what_is_kept_without_appraisal_is_appraised_by_a_later_start(home: Home) -> None:
    store = home.house.store
    with home.serving(CANARY_ORIGIN_APPRAISE="false") as served:
        served.send(home.addresses[0])
        served.stop()
    (hit,) = store.hits(HitFilter())
    assert len(store.unappraised("", 10)) == 1
    with home.serving():
        wait_for(lambda: not store.unappraised("", 10), "its appraisal")
        assert hit.message is not None
        assert store.origin(hit.message.id) is not None
