"""ChaCha20 against RFC 8439, for the kernels and for the reference."""

import numpy as np
import pytest
from numba import njit, uint32

from blockmix.kernels import chacha, reference
from blockmix.kernels.words_cpu import LANES, fill_words


@njit
def kernel_quarter_round(a, b, c, d):
    return chacha.quarter_round(uint32(a), uint32(b), uint32(c), uint32(d))


@njit
def lanes(words, key, purpose, round_, image_ids, word_group):
    fill_words(words, key, purpose, round_, image_ids, word_group)


def by_lane(lane):
    """A function that gives the words of one lane; the other lanes have other ids."""

    def words_of(key, nonce, counter):
        key_words = np.frombuffer(key, "<u4").astype(np.uint32)
        purpose, round_ = nonce[0] >> 24, nonce[0] % 2**24
        image_ids = np.arange(LANES, dtype=np.uint64)
        image_ids[lane] = nonce[1] + (nonce[2] << 32)
        words = np.zeros((16, LANES), np.uint32)
        lanes(words, key_words, np.uint32(purpose), round_, image_ids, counter)
        return words[:, lane].tolist()

    return words_of


def test_quarter_round_of_section_2_1_1():
    result = kernel_quarter_round(0x11111111, 0x01020304, 0x9B8D6F43, 0x01234567)
    assert result == (0xEA2A92F4, 0xCB1CF8CE, 0x4581472E, 0x5881C4BB)


# Section 2.3.2, and appendix A.1, test vectors 1 to 5: key, nonce, counter, serialised words.
ZERO = "00" * 32
VECTORS = [
    (
        bytes(range(32)).hex(),
        "000000090000004a00000000",
        1,
        "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
        "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e",
    ),
    (
        ZERO,
        "00" * 12,
        0,
        "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
        "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586",
    ),
    (
        ZERO,
        "00" * 12,
        1,
        "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
        "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f",
    ),
    (
        "00" * 31 + "01",
        "00" * 12,
        1,
        "3aeb5224ecf849929b9d828db1ced4dd832025e8018b8160b82284f3c949aa5a"
        "8eca00bbb4a73bdad192b5c42f73f2fd4e273644c8b36125a64addeb006c13a0",
    ),
    (
        "00ff" + "00" * 30,
        "00" * 12,
        2,
        "72d54dfbf12ec44b362692df94137f328fea8da73990265ec1bbbea1ae9af0ca"
        "13b25aa26cb4a648cb9b9d1be65b2c0924a66c54d545ec1b7374f4872e99f096",
    ),
    (
        ZERO,
        "00" * 11 + "02",
        0,
        "c2c64d378cd536374ae204b9ef933fcd1a8b2288b3dfa49672ab765b54ee27c7"
        "8a970e0e955c14f3a88e741b97c286f75f8fc299e8148362fa198a39531bed6d",
    ),
]


@pytest.mark.parametrize(
    "words_of", [by_lane(0), by_lane(5), by_lane(LANES - 1), reference.chacha20_words]
)
@pytest.mark.parametrize(("key", "nonce", "counter", "expected"), VECTORS)
def test_published_blocks(words_of, key, nonce, counter, expected):
    nonce_words = tuple(np.frombuffer(bytes.fromhex(nonce), "<u4").tolist())
    words = words_of(bytes.fromhex(key), nonce_words, counter)
    assert np.array(words, "<u4").tobytes().hex() == expected
