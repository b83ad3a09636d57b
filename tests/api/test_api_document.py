"""The published description and the API agree: a fuzzer reads one and tries the other."""

import json
import subprocess
import sys
from pathlib import Path

from canary.api.document import document, written
from canary.api.problems import KINDS, PREFIX
from canary.model import Scope
from tests.api.api_parts import Door

ROOT = Path(__file__).parents[2]
EXAMPLES = 3
SETTINGS = """
[[operations]]
include-path = ["/v1/accesses", "/v1/seed"]
headers = {{ Authorization = "Bearer {plant}" }}
[[operations]]
include-path = "/v1/touches"
headers = {{ Authorization = "Bearer {touch}" }}
[[operations]]
include-path = "/v1/hits"
headers = {{ Authorization = "Bearer {read}" }}
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "404", "422"]
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "413", "415", "422"]
"""
"""What fits the schema may be refused for what a schema cannot say: times to come, unprintable letters,
records without addresses, markers that are none. What does not fit may be too large, too."""


def test_the_published_description_is_up_to_date(door: Door) -> None:
    assert (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8") == written()
    assert door.http.get("/openapi.json").json() == document()


def test_the_manual_names_every_path_and_every_problem() -> None:
    manual = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    for path in document()["paths"]:
        assert path.removeprefix("/") in manual, path
    for kind, (status, _) in KINDS.items():
        assert f"| {status} | `{PREFIX}{kind}` |" in manual, kind


def test_requests_that_fit_the_description_and_that_do_not_are_answered_as_it_says(
    door: Door, tmp_path: Path
) -> None:
    keys = {scope.value: door.headers(scope)["Authorization"].removeprefix("Bearer ") for scope in Scope}
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(SETTINGS.format(**keys))
    program = Path(sys.executable).parent / "schemathesis"
    options = (
        *("--checks=all", "--phases=coverage,fuzzing", "--seed=7", "--continue-on-failure"),
        *("--suppress-health-check=too_slow", "--request-timeout=60"),
    )
    done = subprocess.run(
        [
            *(program, "--config-file", settings, "run", f"{door.where}/openapi.json"),
            *(*options, f"--max-examples={EXAMPLES}", "--generation-database=:memory:", "--no-color"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    said = "\n".join(line[:300] for line in done.stdout.splitlines())
    assert done.returncode == 0, f"{said[-6000:]}{done.stderr[-1000:]}"
    assert "6 selected / 6 total" in said


def test_no_operation_asks_whether_an_address_is_a_decoy() -> None:
    for path, methods in document()["paths"].items():
        for operation in methods.values():
            names = {each["name"] for each in operation.get("parameters", [])}
            assert not names & {"address", "email"}, path
    assert "address" not in json.dumps(document()["components"]["schemas"]["HitFound"]["properties"])
