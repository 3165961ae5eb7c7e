"""Pre-trained encoders of the Hugging Face kind as networks to find tickets in; transformers loads when one is used."""

from winnow.language.chat import ChatEndpoint as ChatEndpoint
from winnow.language.chat_cache import AnswerCache as AnswerCache
from winnow.language.chat_json import composer as composer
from winnow.language.chat_reply import ChatFailure as ChatFailure
from winnow.language.encoder import EncoderClassifier as EncoderClassifier
from winnow.language.encoder import encoder as encoder
from winnow.language.kept import KeptEncoder as KeptEncoder
from winnow.language.kept import purge_embeddings as purge_embeddings
from winnow.language.lora import ChatExample as ChatExample
from winnow.language.lora import LoraSettings as LoraSettings
from winnow.language.lora import Tuned as Tuned
from winnow.language.lora import tune_lora as tune_lora
from winnow.language.pair_start import PairStart as PairStart
from winnow.language.pair_start import pair_start as pair_start
from winnow.language.pairs import PairReader as PairReader
from winnow.language.pairs import ReaderSettings as ReaderSettings
from winnow.language.reference import TextEncoder as TextEncoder
from winnow.language.reference import text_encoder as text_encoder
from winnow.language.sentences import SentenceEncoder as SentenceEncoder
from winnow.language.sentences import sentence_encoder as sentence_encoder
from winnow.language.tokens import EncoderTokenizer as EncoderTokenizer
