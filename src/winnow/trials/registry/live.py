"""The live registry: a paging client of the ClinicalTrials.gov API v2, off unless allowed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from urllib.parse import urlencode, urlsplit

from winnow.core import WinnowError, is_loopback
from winnow.trials.registry.pages import Patience, page
from winnow.trials.registry.reading import Gathering, Reading
from winnow.trials.registry.study import study_trial

_PAGES = 2000  # A server that always has one more page must not keep us for ever.


def fetch_trials(
    *,
    condition: str | None = None,
    term: str | None = None,
    status: str | Sequence[str] = (),
    age: float | None = None,
    limit: int | None = None,
    base_url: str = "https://clinicaltrials.gov/api/v2",
    allow_remote: bool = False,
    page_size: int = 100,
    timeout: float = 30.0,
    attempts: int = 5,
    wait: Callable[[float], object] = time.sleep,
) -> Reading:
    """Studies of the live registry, page after page.

    Args:
        condition, term: words for `query.cond` and `query.term`.
        status: overall statuses in the registry's words ("RECRUITING"); empty for every status.
        age: years. Studies whose registered bounds exclude it are not asked for; absent bounds never exclude.
        limit: stop after so many trials; what was left is said in `unread`.
        base_url: the service's address. This machine's own addresses need no consent.
        allow_remote: the consent to send the search to another machine.
        page_size: 1 to 1,000.
        timeout: seconds an answer may take.
        attempts: tries a page: 429, 5xx, a broken connection and a broken page are tried again, ever later.
        wait: how to wait, in seconds.

    Raises:
        WinnowError: WN-L04 for a remote address without consent, or over plain http; WN-L05 when the server does not
            answer as the API does (also when it repeats a page token).
    """
    _consented(base_url, allow_remote)
    query = {"format": "json", "pageSize": str(page_size), **_query(condition, term, status, age)}
    address = base_url.rstrip("/") + "/studies"
    gathering, seen, token = Gathering(), set[str](), ""
    for number in range(1, _PAGES + 1):
        asked = query | ({"pageToken": token} if token else {})
        held = page(f"{address}?{urlencode(asked)}", number, Patience(timeout, attempts, wait))
        full = _keep(held["studies"], number, limit, gathering)
        token = str(held.get("nextPageToken") or "")
        if full or not token:
            if full and token:
                gathering.leave(address, f"stopped at the limit of {limit}; the registry has more")
            return gathering.reading()
        if token in seen:
            raise WinnowError("WN-L05", f"page {number} repeats a page token", where=address, fix="Try again later.")
        seen.add(token)
    gathering.leave(address, f"stopped after {_PAGES} pages; the registry has more")
    return gathering.reading()


def _keep(studies: list[object], number: int, limit: int | None, gathering: Gathering) -> bool:
    """Take a page's studies; true when the limit is reached."""
    for at, study in enumerate(studies):
        source = f"page {number}[{at}]"
        if limit is not None and len(gathering) >= limit:
            gathering.leave(source, f"stopped at the limit of {limit}")
            return True
        try:
            trial, doubts = study_trial(study, source)
        except ValueError as error:
            gathering.leave(source, str(error))
            continue
        for doubt in doubts:
            gathering.leave(source, doubt)
        gathering.keep(trial, source)
    return limit is not None and len(gathering) >= limit


def _query(condition: str | None, term: str | None, status: str | Sequence[str], age: float | None) -> dict[str, str]:
    statuses = [status] if isinstance(status, str) else list(status)
    query = {
        "query.cond": condition,
        "query.term": term,
        "filter.overallStatus": "|".join(one for one in statuses if one),
        "filter.advanced": None if age is None else _ages(age),
    }
    return {name: value for name, value in query.items() if value}


def _ages(age: float) -> str:
    """The age filter with absent bounds let through: without MISSING the registry drops every open-ended study."""
    words = f"{age:g} years"
    lower = f"(AREA[MinimumAge]RANGE[MIN, {words}] OR AREA[MinimumAge]MISSING)"
    return f"{lower} AND (AREA[MaximumAge]RANGE[{words}, MAX] OR AREA[MaximumAge]MISSING)"


def _consented(base_url: str, allow_remote: bool) -> None:
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host:
        raise WinnowError("WN-L04", "not an address of a web service", where=base_url, fix="Give an https address.")
    if is_loopback(host):
        return
    if not allow_remote:
        fix = "Pass --allow-remote (allow_remote=True) to send this search there, or read downloaded files."
        raise WinnowError("WN-L04", "the live registry is another machine", where=host, fix=fix)
    if parts.scheme != "https":
        raise WinnowError("WN-L04", "a search may not travel unencrypted", where=host, fix="Give an https address.")
