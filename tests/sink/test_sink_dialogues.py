"""Every dialogue in the folder beside this file, against a real socket."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

DIALOGUES = sorted(Path(__file__).with_name("dialogues").glob("*.txt"))


@pytest.mark.parametrize("text", [p.read_text("utf-8") for p in DIALOGUES], ids=[p.stem for p in DIALOGUES])
@pytest.mark.usefixtures("prompt")
async def test_the_host_answers_as_the_dialogue_says(
    text: str, host: Any, run_dialogue: Callable[[Any, str], Awaitable[None]]
) -> None:
    await run_dialogue(host, text)
