"""How often one block alone shows who a person is, as measured on one set of faces."""

from __future__ import annotations

import numpy as np

# Nearest block at the same place among the other photographs, by the correlation of grey pixels:
# 400 photographs of 40 persons (ORL), 192 x 192; a guess finds 2.3 %. From the record
# bench/results/0.1.0-xeon-2cores-persons.json; `make persons` measures another set.
MEASURED = {4: 0.82, 16: 0.59, 64: 0.3525, 256: 0.1875}


def block_recognised(blocks: int) -> float:
    """Return how often one of a number of blocks finds its person among other photographs.

    Numbers between those that were measured are interpolated in the logarithm. A whole image counts
    as always recognised, and a block of more than 256 as one of 256, as less was not measured.

    Examples
    --------
    >>> block_recognised(64), block_recognised(1), block_recognised(1024)
    (0.3525, 1.0, 0.1875)
    """
    counts = np.log2([1, *MEASURED])
    return float(np.interp(np.log2(blocks), counts, [1.0, *MEASURED.values()]))
