"""Recipe for pre-trained encoders on texts ("BERT tickets")."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from winnow.core import Step
from winnow.tickets.recipe import FindRecipe


def encoder_text(**changes: Any) -> FindRecipe:
    """A pre-trained encoder fine-tuned on a set of texts; the pre-trained weights are the start (Chen et al. 2020).

    Unless you name others, MiniLM on film reviews, both from the Hub; offline: `encoder_text(model="hf:FOLDER",
    data="FOLDER")`. Each density is pruned at once from the fine-tuned network, over all layers, and reset to the
    pre-trained weights. AdamW at 5e-5 with a linear decay in batches of 32, the habit of fine-tuning; the length is
    Winnow's own choice.
    """
    recipe = FindRecipe(
        name="encoder-text",
        model="hf:sentence-transformers/all-MiniLM-L6-v2",
        data="stanfordnlp/imdb",
        validation=1000,
        steps=Step(1000),
        batch=32,
        optimizer="adamw",
        learning_rate=5e-5,
        schedule="linear",
        evaluate_every=100,
        scope="global",
        densities=(0.5, 0.3),
        rounds="oneshot",
        controls=("random",),
    )
    return replace(recipe, **changes)
