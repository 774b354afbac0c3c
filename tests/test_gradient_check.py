"""`ppdl.testing.check_gradient`: it passes right gradients and tells wrong ones."""

import numpy as np
import pytest

from ppdl.testing import check_gradient


def quartic(x):
    return 0.25 * np.sum(x**4), x**3


@pytest.mark.parametrize("size", [0, 1, 200, 1000])
def test_a_right_gradient_passes(size):
    check_gradient(quartic, np.linspace(-2, 2, size))


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
def test_an_error_above_a_millionth_is_found_at_any_scale_of_the_value(scale):
    def almost(x):
        value, gradient = quartic(x)
        return scale * value, scale * gradient * (1 + 1e-5)

    with pytest.raises(AssertionError, match="coordinate"):
        check_gradient(almost, [1.0, 2.0])


def test_one_wrong_coordinate_among_many_is_found_and_named():
    def wrong(x):
        value, gradient = quartic(x)
        gradient[7] += 1e-3
        return value, gradient

    with pytest.raises(AssertionError, match=r"^coordinate 7: .*says 1\.001, .*say 1\."):
        check_gradient(wrong, np.ones(20))
    with pytest.raises(AssertionError, match="direction"):
        check_gradient(wrong, np.ones(20), max_coordinates=10)


def test_a_value_that_is_not_a_number_is_found():
    with pytest.raises(AssertionError, match="nan"):
        check_gradient(lambda x: (np.nan, x), np.ones(3))


def test_a_gradient_of_another_shape_is_found():
    with pytest.raises(AssertionError, match=r"\(3,\).*\(2,\)"):
        check_gradient(lambda x: (0.0, x[:2]), np.ones(3))


def test_the_point_is_left_as_it_was():
    def careless(x):
        result = quartic(x)
        x[:] = 0
        return result

    x = np.ones(3)
    check_gradient(careless, x)
    np.testing.assert_array_equal(x, 1)
