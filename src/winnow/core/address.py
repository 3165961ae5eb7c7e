"""Where something may be sent: to this machine, or elsewhere with consent.

An address counts as this machine only when nothing has to be looked up to say so: the name `localhost`, 127.0.0.0/8 and
::1. The address that is called is put together again from the parts that were checked, so that no two readers of it can
disagree about the host.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from winnow.core.errors import WinnowError

# What makes two readers of an address see two hosts: spaces, backslashes, user names, anything outside of ASCII.
_PLAIN = re.compile(r"[!-~]+")
_DOUBTFUL = re.compile(r"[\\@%?#]")


@dataclass(frozen=True)
class Address:
    """A checked address.

    Attributes:
        origin: scheme, host and port.
        path: as it was given, or nothing.
        host: in lower case.
        loopback: whether it is this machine.
    """

    origin: str
    path: str
    host: str
    loopback: bool

    @property
    def url(self) -> str:
        """What is called."""
        return self.origin + self.path


def checked_address(given: str, allow_remote: bool, *, remote: WinnowError, broken: WinnowError) -> Address:
    """The address, when it may be called.

    Args:
        given: by the user.
        allow_remote: the consent to call another machine.
        remote: says where that consent is missing what would be sent; the host is added.
        broken: says that this is no plain http(s) address. What was given is not repeated: it may hold a password.

    Raises:
        WinnowError: one of the two.
    """
    doubtful = not _PLAIN.fullmatch(given) or _DOUBTFUL.search(given)
    try:
        parts = urlsplit(given)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as error:
        raise broken from error
    loopback = is_loopback(host)
    if host and not loopback and not allow_remote:
        raise WinnowError(remote.code, remote.what, where=None if doubtful else host, fix=remote.fix)
    if doubtful or parts.scheme not in ("http", "https") or not host:
        raise broken
    place = f"[{host}]" if ":" in host else host
    return Address(f"{parts.scheme}://{place}{f':{port}' if port else ''}", parts.path, host, loopback)


def is_loopback(host: str) -> bool:
    """Whether a host, in lower case, is this machine without looking anything up."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
