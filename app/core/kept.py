"""What costs time to make and is asked for again: kept, the latest used up to a number."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """Things by what they were made of; when there are too many, the one unused longest goes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._things: dict[Hashable, T] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The thing of `key`, made if it is not there."""
        thing = self._things.pop(key) if key in self._things else make()
        self._things[key] = thing
        if len(self._things) > self._most:
            del self._things[next(iter(self._things))]
        return thing
