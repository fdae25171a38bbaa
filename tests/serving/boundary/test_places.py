"""Which scope a path needs: what is not known is not open."""

import pytest

from serving.boundary.places import ADMIN, EXPLAIN, OPEN, READ, SCORE, Places


@pytest.mark.parametrize(
    ("method", "path", "route", "scope"),
    [
        ("GET", "/live", "live", OPEN),
        ("GET", "/ready", "ready", OPEN),
        ("GET", "/v2/health/ready", "ready", OPEN),
        ("POST", "/predict", "score", SCORE),
        ("POST", "/v1/models/tiny/score", "score", SCORE),
        ("POST", "/v1/models/tiny/score/batch", "score_batch", SCORE),
        ("POST", "/v1/models/tiny/outcomes", "outcomes", SCORE),
        ("POST", "/v1/models/tiny/what-if", "what_if", EXPLAIN),
        ("POST", "/invocations", "invocations", SCORE),
        ("POST", "/v2/models/tiny/infer", "infer", SCORE),
        ("POST", "/v2/models/tiny/versions/3/infer", "infer", SCORE),
        ("GET", "/v2/models/tiny", "oip_model", READ),
        ("GET", "/v1/models", "models", READ),
        ("GET", "/v1/models/tiny", "models", READ),
        ("GET", "/v1/models/tiny/workers", "models", READ),
        ("GET", "/v1/decisions/abc", "decision", READ),
        ("GET", "/metrics", "metrics", READ),
        ("GET", "/openapi.json", "openapi", READ),
        ("DELETE", "/v1/models/tiny", "models", ADMIN),
        ("POST", "/v1/admin/drain", "other", ADMIN),
        ("POST", "/v1/models/tiny/score/", "models", ADMIN),
        ("GET", "/live/../metrics", "other", READ),
        ("GET", "//live", "other", READ),
        ("POST", "", "other", ADMIN),
    ],
)
def test_a_path_has_a_route_and_a_scope(method, path, route, scope):
    found = Places("tiny").find(method, path)
    assert (found.route, found.scope) == (route, scope)


def test_paths_that_a_caller_invents_take_no_memory():
    places = Places("tiny")
    for n in range(5_000):
        places.find("GET", f"/{n}")
    assert len(places._known) <= 1_024
