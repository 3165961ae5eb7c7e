"""Image sizes behind pooling layers."""

from __future__ import annotations


def pooled(image_shape: tuple[int, int, int], times: int, network: str) -> tuple[int, int]:
    """Height and width after halving `times` times; an odd row or column is dropped, as 2 x 2 pooling does.

    Args:
        image_shape: channels, height and width of an input.
        times: how many 2 x 2 pools of stride 2 follow each other.
        network: its name, for the message.

    Raises:
        ValueError: when nothing is left. `Model.build` tells it as WN-M01.
    """
    _, height, width = image_shape
    if min(height, width) < 2**times:
        raise ValueError(
            f"{network} pools images down by {2**times} and needs {2**times} x {2**times} pixels or more, "
            f"not {height} x {width}"
        )
    return height >> times, width >> times
