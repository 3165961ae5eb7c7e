"""FHIR R4 as notes: every record that is understood becomes one quotable line, every other is listed."""

from winnow.trials.patients.fhir.patients import fhir_drafts as fhir_drafts
from winnow.trials.patients.fhir.pool import Pool as Pool
