"""Patients, notes, trials, answers, reviews and the audit, in SQLite or PostgreSQL."""

from winnow.trials.store.answers import Given as Given
from winnow.trials.store.answers import Key as Key
from winnow.trials.store.answers import given as given
from winnow.trials.store.chain import Event as Event
from winnow.trials.store.chain import Head as Head
from winnow.trials.store.charts import Imported as Imported
from winnow.trials.store.ledger import verify_export as verify_export
from winnow.trials.store.reviews import Review as Review
from winnow.trials.store.reviews import review_from as review_from
from winnow.trials.store.runs import Run as Run
from winnow.trials.store.runs import Snapshot as Snapshot
from winnow.trials.store.store import Store as Store
from winnow.trials.store.store import open_store as open_store
