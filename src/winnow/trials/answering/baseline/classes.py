"""Classes of drugs: how each is written and its members. A drug answers to its class, never a class to a drug.

Members are generic names of marketed drugs (WHO ATC groups named in the rows); brand names only where they are what a
note writes. A drug that is missing costs an abstention.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MEANS = r"(?:inhibitors?|antibod(?:y|ies)|blockers?|blockade|therapy|agents?)"


@dataclass(frozen=True)
class DrugClass:
    """One class.

    Attributes:
        word: the exact word that stands for it.
        pattern: how it is written, in any case.
        drugs: its members, in lower case.
        broader: words of broader classes that it answers to.
    """

    word: str
    pattern: str
    drugs: str = ""
    broader: str = ""


CLASSES = (
    DrugClass("parpinhibitor", r"parp[- ]inhibitors?|parpi", "olaparib niraparib rucaparib talazoparib veliparib"),
    DrugClass("pdx1inhibitor",
              rf"(?:anti-)?pd-?1(?: or |/| and )(?:anti-)?pd-?l-?1 (?:checkpoint )?{_MEANS}|pd-?\(l\)-?1 {_MEANS}",
              broader="checkpointinhibitor immunotherapy"),
    DrugClass("pd1inhibitor", rf"(?:anti-)?pd-?1 (?:checkpoint )?{_MEANS}|anti-pd-?1(?!\w)",
              "pembrolizumab nivolumab cemiplimab dostarlimab tislelizumab toripalimab",
              "pdx1inhibitor checkpointinhibitor immunotherapy"),
    DrugClass("pdl1inhibitor", rf"(?:anti-)?pd-?l-?1 (?:checkpoint )?{_MEANS}|anti-pd-?l1(?!\w)",
              "atezolizumab durvalumab avelumab", "pdx1inhibitor checkpointinhibitor immunotherapy"),
    DrugClass("ctla4inhibitor", rf"(?:anti-)?ctla-?4 {_MEANS}", "ipilimumab tremelimumab",
              "checkpointinhibitor immunotherapy"),
    DrugClass("checkpointinhibitor", r"(?:immune )?checkpoint (?:inhibitors?|blockade)", broader="immunotherapy"),
    DrugClass("egfrtki", r"egfr[- ](?:tki|tyrosine kinase inhibitor|inhibitor)s?",
              "osimertinib erlotinib gefitinib afatinib dacomitinib lazertinib"),
    DrugClass("cdk46inhibitor", r"cdk ?4/6[- ]inhibitors?|cdk4/6i", "palbociclib ribociclib abemaciclib"),
    DrugClass("sglt2inhibitor", r"sglt-?2[- ]inhibitors?|sglt2i",
              "empagliflozin dapagliflozin canagliflozin ertugliflozin sotagliflozin", "antidiabetic"),
    DrugClass("statin", r"statins?|hmg-coa reductase inhibitors?",
              "atorvastatin simvastatin rosuvastatin pravastatin lovastatin pitavastatin fluvastatin"),
    DrugClass("aceinhibitor", r"ace[- ]inhibitors?|acei|angiotensin[- ]converting[- ]enzyme inhibitors?",
              "lisinopril enalapril ramipril captopril benazepril quinapril perindopril fosinopril trandolapril"),
    DrugClass("betablocker", r"(?:beta|β)[- ]?(?:adrenergic )?blockers?|(?:beta|β)[- ]?blockade",
              "metoprolol atenolol carvedilol propranolol bisoprolol nebivolol labetalol nadolol"),
    DrugClass("platinum", r"platinum(?:[- ]based)?(?: chemotherapy| therapy| agents?| compounds?)?",
              "cisplatin carboplatin oxaliplatin nedaplatin", "chemotherapy"),
    DrugClass("taxane", r"taxanes?", "paclitaxel docetaxel cabazitaxel nab-paclitaxel", "chemotherapy"),
    DrugClass("anthracycline", r"anthracyclines?", "doxorubicin epirubicin daunorubicin idarubicin", "chemotherapy"),
    DrugClass("corticosteroid", r"(?:cortico|glucocortico)steroids?|glucocorticoids?|(?<![\w-])steroids?",
              "prednisone prednisolone dexamethasone methylprednisolone hydrocortisone", "immunosuppressant"),
    DrugClass("anticoagulation", r"anti-?coagula(?:tion|nts?|ted)",
              "warfarin coumadin heparin enoxaparin dalteparin apixaban rivaroxaban dabigatran edoxaban "
              "fondaparinux eliquis xarelto"),
    DrugClass("antiplatelet", r"anti-?platelets?", "aspirin clopidogrel ticagrelor prasugrel"),
    DrugClass("nsaid", r"nsaids?|non-?steroidal anti-?inflammator(?:y|ies)(?: drugs?)?",
              "ibuprofen naproxen diclofenac celecoxib ketorolac indomethacin"),
)  # fmt: skip
_BY_WORD = {each.word: each for each in CLASSES}
DRUGS = {drug: f"{each.word} {each.broader}".strip() for each in CLASSES for drug in each.drugs.split()}
_MORE = r"(?: (?:therap(?:y|ies)|treatments?|medications?|drugs?|agents?))?"
WRITTEN = f"(?:{'|'.join(each.pattern for each in CLASSES)}){_MORE}"
_PATTERNS = [(each.word, re.compile(f"(?:{each.pattern}){_MORE}", re.IGNORECASE)) for each in CLASSES]


def class_of(text: str) -> tuple[str, tuple[str, ...]]:
    """The exact word of a class as it is written, and the broader words it answers to."""
    word = next(word for word, pattern in _PATTERNS if pattern.fullmatch(text))
    return word, tuple(_BY_WORD[word].broader.split())
