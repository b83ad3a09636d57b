"""A desk at which incidents are made."""

from collections.abc import Callable

import pytest

from canary.model import Access, Message
from tests.investigate.cases import Desk
from tests.parts import House


@pytest.fixture
def desk(house: House, access: Callable[..., Access], mail: Callable[..., Message]) -> Desk:
    return Desk(house, access, mail)
