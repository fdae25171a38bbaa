"""Each answer that is no success is one typed error, whatever it holds."""

import pytest

from assay.client import errors
from assay.errors import AssayError


@pytest.mark.parametrize(
    ("status", "kind", "builtin"),
    [
        (400, errors.RefusedRequestError, ValueError),
        (413, errors.RefusedRequestError, ValueError),
        (422, errors.RefusedRequestError, ValueError),
        (401, errors.KeyRefusedError, PermissionError),
        (403, errors.KeyRefusedError, PermissionError),
        (404, errors.NotServedError, LookupError),
        (429, errors.TooManyRequestsError, AssayError),
        (503, errors.UnavailableError, AssayError),
        (500, errors.ServiceFailedError, AssayError),
        (302, errors.ServiceFailedError, AssayError),
    ],
)
def test_a_status_is_an_error_that_carries_its_document(status, kind, builtin):
    content = b'{"detail": "why", "request_id": "r", "errors": [{"field": "income"}]}'
    found = errors.error_of(status, content)
    assert type(found) is kind
    assert isinstance(found, builtin)
    assert (found.status, found.request_id) == (status, "r")
    assert found.errors == [{"field": "income"}]
    assert str(found) == f"the service answered {status}: why"


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"3", b"\xff"])
def test_an_answer_without_a_document_is_an_error_too(content):
    found = errors.error_of(503, content)
    assert (found.problem, found.errors, found.request_id) == ({}, [], "")
    assert "no problem document" in str(found)
