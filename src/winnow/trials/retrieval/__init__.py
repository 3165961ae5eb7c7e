"""Finding the words that decide: sentences, chunks, BM25 and embeddings, fused by reciprocal rank."""

from winnow.trials.retrieval.chart import Chart as Chart
from winnow.trials.retrieval.encoders import Encoder as Encoder
from winnow.trials.retrieval.instructions import looks_like_instruction as looks_like_instruction
from winnow.trials.retrieval.opening import open_chart as open_chart
from winnow.trials.retrieval.pool import Found as Found
from winnow.trials.retrieval.pool import Pool as Pool
from winnow.trials.retrieval.pool import open_pool as open_pool
from winnow.trials.retrieval.sections import is_family_history as is_family_history
from winnow.trials.retrieval.spans import Chunk as Chunk
from winnow.trials.retrieval.spans import Hit as Hit
from winnow.trials.retrieval.spans import Sentence as Sentence
from winnow.trials.retrieval.splitting import Piece as Piece
from winnow.trials.retrieval.splitting import split_text as split_text
from winnow.trials.retrieval.words import content_words as content_words
