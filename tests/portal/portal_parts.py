"""Canary's API, the example portal and a browser, each a process of its own."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from canary.model import Scope
from canary.plant import keys
from canary.ports import system_clock
from tests.journeys.journey_parts import PROGRAM, ROOT, Home, environment, until

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage")
SLOW = 30.0
"""Seconds for what a quick machine does in a few milliseconds."""


def new_key(home: Home, scope: str) -> Path:
    """Make a key for the API, and return the file that it is in."""
    file = home.folder / f"{scope}.key"
    file.touch(mode=0o600)
    with home.opened() as store:
        _, text = keys.new_key(store, "portal", Scope(scope), system_clock())
    file.write_text(text, encoding="ascii")
    return file


@dataclass
class Running:
    """A process that has told where it answers."""

    process: subprocess.Popen[bytes]
    log: Path
    url: str = ""

    def told(self) -> str:
        """Return what it logged so far."""
        return self.log.read_text(encoding="utf-8")

    def where(self) -> str | None:
        """Return where it answers. Fails if it has ended."""
        assert self.process.poll() is None, self.told()
        found = re.search(r"\bon (?:http://)?(127\.0\.0\.1:\d+)", self.told())
        return f"http://{found[1]}" if found else None

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self.process.terminate()
        self.process.wait(SLOW)


@contextmanager
def running(home: Home, name: str, *command: str, **variables: str) -> Iterator[Running]:
    """Run a program until the block ends; it answers when the block begins."""
    log = home.folder / f"{name}.log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            command,
            cwd=home.folder,
            env={**environment(), "PYTHONPATH": str(ROOT), **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )
    with process:
        try:
            started = Running(process, log)
            started.url = until(started.where, f"{name} tells where it answers")
            yield started
        finally:
            process.kill()


@contextmanager
def api(home: Home, listen: str = "127.0.0.1:0") -> Iterator[Running]:
    """Run `canary serve --only api`."""
    with running(home, "api", *PROGRAM, f"--set=api.listen={listen}", "serve", "--only", "api") as started:
        yield started


@contextmanager
def portal(home: Home, url: str) -> Iterator[Running]:
    """Run the portal, which waits long for canary: a slow machine is no failure."""
    variables = {
        "CANARY_URL": url,
        "CANARY_PLANT_KEY": str(new_key(home, "plant")),
        "CANARY_TOUCH_KEY": str(new_key(home, "touch")),
        "CANARY_BUDGET": str(SLOW),
        "PORTAL_DATABASE": str(home.folder / "portal.db"),
        "PORTAL_PORT": "0",
    }
    command = (sys.executable, "-W", "error", "-m", "examples.portal")
    with running(home, "portal", *command, **variables) as started:
        yield started


@contextmanager
def browser() -> Iterator[Browser]:
    """Run Debian's Chromium, unseen."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS), env=_environment())
        try:
            yield launched
        finally:
            launched.close()


def _environment() -> dict[str, str | float | bool]:
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}


@dataclass(frozen=True)
class Screen:
    """An employee's browser window at the portal."""

    page: Page
    url: str

    def open(self, product: str) -> list[str]:
        """Open a product, or open it again, and return the addresses that it shows."""
        self.page.goto(f"{self.url}/products/{product}")
        return self.addresses()

    def addresses(self) -> list[str]:
        return self.page.locator("article code").all_inner_texts()

    def review(self, address: str) -> str:
        """Return all that is shown of a review."""
        return self.page.locator("article", has_text=address).inner_text()

    def press(self, address: str, button: str) -> None:
        """Press a button beside a review, and wait for the page that follows."""
        self.page.locator("article", has_text=address).get_by_role("button", name=button).click()
        self.page.locator("article", has_text=address).wait_for(state="detached")


def logged_in(launched: Browser, url: str, name: str) -> Screen:
    """Log in as an employee in a window of their own."""
    page = launched.new_context().new_page()
    page.set_default_timeout(SLOW * 1000)
    page.goto(url)
    page.get_by_role("button", name=name).click()
    page.wait_for_url(f"{url}/")
    return Screen(page, url)
