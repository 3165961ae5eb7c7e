"""Answers by a chat model at an OpenAI-compatible endpoint: prompt, schema, checks and counts."""

from winnow.trials.answering.chat.counts import EngineUsage as EngineUsage
from winnow.trials.answering.chat.engine import ChatEngine as ChatEngine
