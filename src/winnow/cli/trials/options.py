"""The flags that several commands of trial matching share, and what they build."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from winnow.core import WinnowError

if TYPE_CHECKING:
    from winnow.trials.matching import MatchSettings
    from winnow.trials.scoring import Policy
    from winnow.trials.screening import EngineChoice

Store = Annotated[str, Parameter(help="A SQLite file, or postgresql://USER@HOST/DATABASE.")]
Patients = Annotated[
    Path | None, Parameter(help="FHIR bundle or NDJSON, a folder of notes, or a CSV, JSONL or Parquet table.")
]
Trials = Annotated[Path | None, Parameter(help="ClinicalTrials.gov JSON, a folder, a table, or plain text.")]
Operator = Annotated[str | None, Parameter(help="Who is at work, for the audit; the system's user when not given.")]
Words = tuple[str, ...]

RankBy = Annotated[str, Parameter(help="weighted, iterative or counting.")]
PolicyFile = Annotated[Path | None, Parameter(help="JSON file of thresholds, priors and tier weights.")]

DEFAULT_STORE = "winnow-trials.db"


@Parameter(name="*", group="Engine")
@dataclass(frozen=True, kw_only=True)
class EngineFlags:
    """Who answers."""

    engine: Annotated[
        str, Parameter(help="baseline (offline rules), reader (a tuned encoder), or chat (an LLM endpoint).")
    ] = "baseline"
    model: Annotated[str, Parameter(help="Folder written by tune, or the endpoint's model name.")] = ""
    endpoint: Annotated[str, Parameter(help="Base URL of an OpenAI-compatible server.")] = ""
    key_variable: Annotated[str, Parameter(help="Environment variable that holds the endpoint's key.")] = ""
    allow_remote: Annotated[bool, Parameter(help="Let notes leave this machine.", negative=())] = False
    concurrency: Annotated[int, Parameter(help="Calls to the endpoint at a time.")] = 4
    compose: Annotated[str, Parameter(help="Who cuts criteria into questions: grammar, or chat.")] = "grammar"
    encoder: Annotated[str, Parameter(help="For retrieval: minilm, hf:FOLDER_OR_ID, or none for words alone.")] = "auto"

    def choice(self) -> EngineChoice:
        """The engine that these flags name."""
        from winnow.trials.screening import EngineChoice

        return EngineChoice(
            name=self.engine,
            model=self.model,
            endpoint=self.endpoint,
            key_variable=self.key_variable,
            allow_remote=self.allow_remote,
            concurrency=self.concurrency,
            compose=self.compose,
        )


@Parameter(name="*", group="Matching")
@dataclass(frozen=True, kw_only=True)
class MatchFlags:
    """How matching goes."""

    as_of: Annotated[str, Parameter(help="YYYY-MM-DD; later notes are not used. Each patient's last note if none.")] = (
        ""
    )
    note_kinds: Annotated[Words, Parameter(help="Only notes of these kinds.", consume_multiple=True, negative=())] = ()
    top: Annotated[int | None, Parameter(help="Assess only this many trials a patient, the best by retrieval.")] = None
    rank_by: RankBy = "weighted"
    policy: PolicyFile = None
    tiers: Annotated[Path | None, Parameter(help="JSON file of the rules that sort criteria into tiers.")] = None

    def settings(self) -> MatchSettings:
        """The settings that these flags give."""
        from winnow.trials.composition import TierRules
        from winnow.trials.matching import MatchSettings
        from winnow.trials.patients import NoteRules
        from winnow.trials.scoring.scores import score_named

        score_named(self.rank_by)
        return MatchSettings(
            as_of=day_of(self.as_of),
            rules=NoteRules(kinds=self.note_kinds or None),
            policy=policy_of(self.policy),
            by=self.rank_by,
            top=self.top,
            tiers=TierRules.from_json(_object(self.tiers)) if self.tiers else TierRules(),
        )


def policy_of(path: Path | None) -> Policy:
    """The policy of a JSON file; the default one without a file."""
    from winnow.trials.scoring import Policy

    return Policy.of(_object(path)) if path else Policy()


def day_of(text: str) -> date | None:
    """The day of an ISO date; None for "".

    Raises:
        WinnowError: WN-C01 for anything else.
    """
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WinnowError("WN-C01", f"{text!r} is no day", where="--as-of", fix="Write YYYY-MM-DD.") from None


def _object(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except OSError:
        raise WinnowError("WN-C01", "no such file", where=path) from None
    except ValueError:
        raise WinnowError("WN-C01", "it is not JSON", where=path) from None
    if not isinstance(found, dict):
        raise WinnowError("WN-C01", "a JSON object is needed", where=path)
    return found
