"""scikit-learn's digits: 1,797 grey 8x8 images, embedded in the library, so a first run needs no download."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

from winnow.data.raw import RawData, RawSplit
from winnow.data.splits import with_test_split

TEST_IMAGES = 360


def read_digits() -> RawData:
    """1,437 train and 360 test images, 1 x 8 x 8; the pixel values 0..16 become 0..255.

    The library has no split of its own. The test images are drawn once for all, 35 to 37 from each class
    (`stratified`), and depend on no run's seed.
    """
    pixels, labels = load_digits(return_X_y=True)
    images = np.rint(np.asarray(pixels) * (255 / 16)).astype(np.uint8).reshape(-1, 1, 8, 8)
    labels = np.asarray(labels, dtype=np.int64)
    whole = RawData({"train": RawSplit(images, labels)}, tuple(map(str, range(10))))
    return with_test_split(whole, TEST_IMAGES)
