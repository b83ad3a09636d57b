"""A snapshot becomes Prometheus's text, whatever is in it."""

import subprocess
from shutil import which

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_in
from prometheus_client.parser import text_string_to_metric_families as metrics_in

from canary import __version__, tallies
from canary.metrics.exposition import NAMES_SHOWN, exposition
from canary.metrics.names import BY_KEY, FAMILIES, VERBS
from canary.tallies import BOUNDS, Snapshot, Tallies, added
from tests.metrics.metrics_parts import served_names
from tests.parts import need

Samples = dict[tuple[str, ...], float]


def samples(snapshot: Snapshot) -> Samples:
    """Return what is served, read back: by name and label values."""
    text = exposition(snapshot)[0].decode()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in metrics_in(text)
        for sample in family.samples
    }


def test_counts_of_all_processes_are_one_metric() -> None:
    first, second = Tallies(), Tallies()
    for each in (first, second):
        each.add(f"{tallies.REPLIES}|250", 3)
        each.put(tallies.CONNECTIONS_OPEN, 2)
    served = samples(added([first.snapshot(), second.snapshot()]))
    assert served["canary_replies_total", "250"] == 6
    assert served["canary_connections_open",] == 4


def test_times_do_not_add_up_over_processes() -> None:
    earlier, later = Tallies(), Tallies()
    earlier.put(f"{tallies.CERTIFICATE_EXPIRES_AT}|mail.one.example", 1000)
    later.put(f"{tallies.CERTIFICATE_EXPIRES_AT}|mail.one.example", 2000)
    served = samples(added([later.snapshot(), earlier.snapshot()]))
    assert served["canary_certificate_expiry_timestamp_seconds", "mail.one.example"] == 1000


def test_counters_are_there_from_the_start_so_that_the_first_count_is_an_increase() -> None:
    served = samples({})
    assert served["canary_replies_total", "451"] == 0
    assert served["canary_store_failures_total", "keep"] == 0
    assert served["canary_strays_total",] == 0
    assert served["canary_commit_seconds_count",] == 0


def test_what_is_not_known_is_not_shown_as_zero() -> None:
    names = {key[0] for key in samples({})}
    assert "canary_selftest_last_timestamp_seconds" not in names
    assert "canary_disk_free_bytes" not in names
    assert "canary_alerts" not in names


def test_a_label_that_is_none_of_ours_is_other() -> None:
    served = samples(
        {f"{tallies.COMMANDS}|XYZZY": 2, f"{tallies.COMMANDS}|PLUGH": 3, f"{tallies.COMMANDS}|MAIL": 1}
    )
    assert served["canary_commands_total", "other"] == 5
    assert served["canary_commands_total", "MAIL"] == 1
    assert len([key for key in served if key[0] == "canary_commands_total"]) == len(VERBS)


def test_even_a_label_without_a_list_has_a_bounded_number_of_values() -> None:
    served = samples({f"{tallies.CERTIFICATE_EXPIRES_AT}|{number}.example": 1 for number in range(5000)})
    shown = [key for key in served if key[0] == "canary_certificate_expiry_timestamp_seconds"]
    assert len(shown) == NAMES_SHOWN + 1


def test_keys_that_no_metric_is_made_of_are_counted_and_not_shown() -> None:
    told: Snapshot = {"a@b.example": 1, f"{tallies.STRAYS}#5": 1, f"{tallies.COMMIT_SECONDS}|x": 1}
    assert samples(told)["canary_unlisted_keys",] == 3
    assert b"a@b.example" not in exposition(told)[0]


def test_buckets_are_cumulated_and_agree_with_the_sum_and_the_count() -> None:
    counted = Tallies()
    for value in (0.0005, 0.001, 0.003, 0.02, 99):
        counted.observe(tallies.COMMIT_SECONDS, value)
    served = samples(counted.snapshot())
    assert served["canary_commit_seconds_bucket", "0.001"] == 2
    assert served["canary_commit_seconds_bucket", "0.005"] == 3
    assert served["canary_commit_seconds_bucket", "60.0"] == 4
    assert served["canary_commit_seconds_bucket", "+Inf"] == served["canary_commit_seconds_count",] == 5
    assert served["canary_commit_seconds_sum",] == 0.0005 + 0.001 + 0.003 + 0.02 + 99


def test_large_bounds_are_served_as_exactly_what_they_are() -> None:
    counted = Tallies()
    counted.observe(tallies.MESSAGE_BYTES, 1048576)
    assert samples(counted.snapshot())["canary_message_size_bytes_bucket", "1048576.0"] == 1


def test_the_version_is_served() -> None:
    assert any(key[:1] == ("canary_build_info",) and __version__ in key for key in samples({}))


def test_a_scraper_that_asks_for_openmetrics_gets_it() -> None:
    asked = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3"
    body, content_type = exposition(filled(), asked)
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert body.endswith(b"# EOF\n")
    read = openmetrics_in(body.decode())  # type: ignore[no-untyped-call]  # prometheus_client types only half of it
    assert len(list(read)) == len(FAMILIES) + 2


def filled() -> Snapshot:
    """Return a snapshot in which every metric has something."""
    counted = Tallies()
    for family in FAMILIES:
        if family.key in BOUNDS:
            counted.observe(family.key, 2)
        else:
            counted.put(
                f"{family.key}|{(family.values or ('x.example',))[0]}" if family.label else family.key, 7
            )
    return counted.snapshot()


def test_everything_that_queries_may_ask_for_is_served() -> None:
    assert {key[0] for key in samples(filled())} == served_names()


@given(
    st.dictionaries(
        st.one_of(
            st.text(max_size=20),
            st.builds(
                "{}{}{}".format, st.sampled_from(sorted(BY_KEY)), st.sampled_from("|#"), st.text(max_size=9)
            ),
        ),
        st.floats(),
        max_size=20,
    )
)
def test_no_snapshot_whatever_breaks_what_is_served(snapshot: Snapshot) -> None:
    assert {key[0] for key in samples(snapshot)} <= served_names()


def test_prometheus_own_tool_finds_nothing_to_say_of_it() -> None:
    promtool = which("promtool")
    need(promtool, "promtool (Debian: prometheus)")
    ended = subprocess.run(
        [str(promtool), "check", "metrics"],
        input=exposition(filled())[0],
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert (ended.returncode, ended.stdout + ended.stderr) == (0, b"")
