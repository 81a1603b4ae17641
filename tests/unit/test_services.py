"""Deferred services: loaded once, loaded again when their files change, never gone when a new version is broken."""

import threading
import time

import pytest

from actions.services import Deferred, Services


def test_it_loads_once_however_many_ask() -> None:
    loads: list[int] = []

    def load() -> str:
        time.sleep(0.05)
        loads.append(1)
        return "model"

    service = Deferred(load)
    threads = [threading.Thread(target=service.get) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (service.get(), len(loads)) == ("model", 1)


def test_a_failed_load_is_tried_again() -> None:
    answers: list[str] = []

    def load() -> str:
        if not answers:
            answers.append("model")
            raise OSError("disk")
        return answers[0]

    service = Deferred(load)
    with pytest.raises(OSError, match="disk"):
        service.get()
    assert service.get() == "model"


def test_it_is_loaded_again_when_its_files_change_and_the_old_one_stays_when_that_fails() -> None:
    state, made = [1], ["first", "second"]
    service = Deferred(lambda: made.pop(0), lambda: state[0])
    assert service.refresh()
    assert not service.refresh()
    state[0] = 2
    assert service.get() == "first"
    assert service.refresh()
    assert service.get() == "second"
    state[0] = 3
    with pytest.raises(IndexError):
        service.refresh()
    assert service.get() == "second"


def test_the_first_seconds_are_said_to_be_the_first_seconds() -> None:
    service = Deferred(lambda: "model")
    services = Services(None, None, service, service, service, service)  # type: ignore[arg-type]
    assert services.loading()
    service.get()
    assert not services.loading()


def test_files_that_cannot_be_loaded_are_not_tried_again_before_they_change() -> None:
    state, tries = [1], [0]

    def load() -> str:
        tries[0] += 1
        raise OSError("disk")

    service = Deferred(load, lambda: state[0])
    with pytest.raises(OSError, match="disk"):
        service.refresh()
    assert not service.refresh()
    state[0] = 2
    with pytest.raises(OSError, match="disk"):
        service.refresh()
    assert tries == [2]
