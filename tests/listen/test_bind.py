"""Ports that cannot be had: what to do about it, and which setting is wrong."""

from __future__ import annotations

import socket

import pytest

from mailrisk.chinese.sentences import problem
from mailrisk.listen.bind import bind
from mailrisk.listen.dns.sockets import bind_pairs
from mailrisk.model.errors import BadInput, ConfigError, Unavailable


def test_a_port_that_another_program_has_is_told_with_another_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(Unavailable) as error:
            bind(f"127.0.0.1:{port}")
    free = f"127.0.0.1:{port + 1 if port < 65535 else port - 1}"
    assert f"--listen {free}, or make run LISTEN={free}" in str(error.value)
    assert f"--listen {free}，或 make run LISTEN={free}" in problem(str(error.value), "zh")


def test_an_address_of_another_machine_is_unavailable_as_the_system_says() -> None:
    with pytest.raises(Unavailable, match=r"cannot listen on 192\.0\.2\.1:1: Cannot assign"):
        bind("192.0.2.1:1")


def test_a_wrong_address_names_its_setting() -> None:
    with pytest.raises(BadInput, match=r"^listen: '127\.0\.0\.1:99999' is not HOST:PORT"):
        bind("127.0.0.1:99999")
    for setting in ("dns.listen", "rpz.listen"):
        with pytest.raises(ConfigError, match=f"config.{setting}: '127.0.0.1:99999' is not HOST:PORT"):
            bind_pairs("127.0.0.1:99999", setting=setting)
