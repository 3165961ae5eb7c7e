"""A patient as notes: FHIR, folders of text and tables are read into one shape, and nothing is dropped silently."""

from winnow.trials.patients.ages import age_on as age_on
from winnow.trials.patients.ages import last_day as last_day
from winnow.trials.patients.patient import Note as Note
from winnow.trials.patients.patient import Patient as Patient
from winnow.trials.patients.patient import Unread as Unread
from winnow.trials.patients.reading import read_patients as read_patients
from winnow.trials.patients.rules import LeftOut as LeftOut
from winnow.trials.patients.rules import NoteRules as NoteRules
from winnow.trials.patients.rules import Selected as Selected
from winnow.trials.patients.rules import select_notes as select_notes
