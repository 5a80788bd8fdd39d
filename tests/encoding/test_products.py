import numpy as np
import pytest
import torch

from backend.encoding.products import gram, inverse_positive, multiply, take_columns


@pytest.fixture
def matrix():
    return torch.from_numpy(np.random.default_rng(0).normal(size=(50, 20)).astype(np.float32))


def test_products_of_columns_and_of_rows(matrix):
    np.testing.assert_allclose(gram(matrix), matrix.T @ matrix, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(gram(matrix, "rows"), matrix @ matrix.T, rtol=1e-5, atol=1e-5)


def test_a_product_is_written_where_it_is_asked_for(matrix):
    out = torch.empty(50, 50)
    assert multiply(matrix, matrix.T, out) is out
    np.testing.assert_allclose(out, matrix @ matrix.T, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("exact", [False, True])
def test_inverse_with_alpha_on_the_diagonal(matrix, exact):
    kernel = gram(matrix)
    expected = np.linalg.inv(kernel.double().numpy() + 3.0 * np.eye(20))
    found = inverse_positive(kernel, 3.0, exact=exact)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)


def test_a_matrix_that_rounding_left_indefinite_is_inverted_all_the_same():
    kernel = torch.diag(torch.tensor([1e6, 1.0, -1e-3]))
    found = inverse_positive(kernel, 1e-4)
    np.testing.assert_allclose(found.diagonal(), [1e-6, 1 / 1.0001, -1 / 9e-4], rtol=1e-4)


def test_an_inverse_leaves_its_matrix_as_it_was(matrix):
    kernel = gram(matrix)
    before = kernel.clone()
    inverse_positive(kernel, 1.0)
    assert torch.equal(kernel, before)


def test_some_columns_are_copied(matrix):
    columns = torch.tensor([3, 0, 19])
    assert torch.equal(take_columns(matrix, columns), matrix[:, columns])
