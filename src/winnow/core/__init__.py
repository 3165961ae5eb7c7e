"""Identity, steps, seeds, errors and addresses: the standard library only."""

from winnow.core.address import Address as Address
from winnow.core.address import checked_address as checked_address
from winnow.core.address import is_loopback as is_loopback
from winnow.core.choice import chosen as chosen
from winnow.core.errors import CODES as CODES
from winnow.core.errors import WinnowError as WinnowError
from winnow.core.identity import canonical_json as canonical_json
from winnow.core.identity import digest as digest
from winnow.core.identity import identity as identity
from winnow.core.identity import non_default_fields as non_default_fields
from winnow.core.identity import plain as plain
from winnow.core.seeds import derive_seed as derive_seed
from winnow.core.step import Step as Step
