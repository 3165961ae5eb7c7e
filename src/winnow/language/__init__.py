"""Pre-trained encoders of the Hugging Face kind as networks to find tickets in; transformers loads when one is used."""

from winnow.language.encoder import EncoderClassifier as EncoderClassifier
from winnow.language.encoder import encoder as encoder
from winnow.language.reference import TextEncoder as TextEncoder
from winnow.language.reference import text_encoder as text_encoder
from winnow.language.tokens import EncoderTokenizer as EncoderTokenizer
