"""The type of images of 8-bit pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# Of one image, (height, width) or (height, width, channels); of several, with a first axis.
Pixels = npt.NDArray[np.uint8]
