"""`hf:PATH` and `hf:PATH,tokens=64`: how a user names an encoder."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from winnow.core import WinnowError
from winnow.language.encoder import encoder
from winnow.language.pretrained import place_named, read_encoder
from winnow.language.tokens import EncoderTokenizer
from winnow.models import Model
from winnow.sparsity import tensors_of

PREFIX = "hf:"
_TOKENS = re.compile(r"(?P<path>.*),tokens=(?P<count>\d+)", re.DOTALL)


@dataclass(frozen=True)
class TextEncoder:
    """An encoder that a user named: where it lies, and what makes its token ids."""

    place: str
    tokenizer: EncoderTokenizer

    def model(self, classes: int) -> Model:
        """The network: the encoder's pre-trained weights, with a head that the seed draws."""
        arguments = {
            "path": self.place,
            "classes": classes,
            "max_tokens": self.tokenizer.max_tokens,
            "pad": self.tokenizer.pad,
            "separator": self.tokenizer.separator,
        }
        return Model("winnow.language:encoder", encoder, arguments)

    def digest(self) -> str:
        """SHA-256 over the names and values of the pre-trained weights."""
        content = hashlib.sha256()
        for name, tensor in sorted(tensors_of(read_encoder(self.place)).items()):
            content.update(f"\0{name}\0{list(tensor.shape)}\0".encode())
            content.update(tensor.contiguous().numpy().tobytes())
        return content.hexdigest()


def text_encoder(reference: str) -> TextEncoder | None:
    """The encoder at "hf:PATH", a folder or a Hub id; None for any other network.

    Texts are cut to 128 tokens, or to N with "hf:PATH,tokens=N".

    Raises:
        WinnowError: WN-M01 when there is no encoder, WN-R02 for a length that it cannot take, WN-D07 without the
            package transformers.
    """
    if not reference.startswith(PREFIX):
        return None
    path, tokens = reference.removeprefix(PREFIX), None
    if match := _TOKENS.fullmatch(path):
        path, tokens = match["path"], int(match["count"])
    if not path:
        raise WinnowError("WN-M01", "no folder or Hub id after hf:", where=reference, fix="Such as hf:models/minilm.")
    place = place_named(path)
    return TextEncoder(place, EncoderTokenizer(place, tokens))
