"""scikit-learn's digits: 1,797 grey 8x8 images, embedded in the library, so a first run needs no download."""

from __future__ import annotations

from importlib.metadata import distribution

import numpy as np

from winnow.data.raw import RawData, RawSplit
from winnow.data.splits import with_test_split

TEST_IMAGES = 360


def read_digits() -> RawData:
    """1,437 train and 360 test images, 1 x 8 x 8; the pixel values 0..16 become 0..255.

    The library has no split of its own. The test images are drawn once for all, 35 to 37 from each class
    (`stratified`), and depend on no run's seed.
    """
    # Read without the library: importing it takes as long as importing torch.
    file = distribution("scikit-learn").locate_file("sklearn/datasets/data/digits.csv.gz")
    table = np.loadtxt(str(file), delimiter=",")
    images = np.rint(table[:, :-1] * (255 / 16)).astype(np.uint8).reshape(-1, 1, 8, 8)
    labels = table[:, -1].astype(np.int64)
    whole = RawData({"train": RawSplit(images, labels)}, tuple(map(str, range(10))))
    return with_test_split(whole, TEST_IMAGES)
