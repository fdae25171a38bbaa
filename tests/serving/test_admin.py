"""An operator who moved an alias asks once, and hears of all workers."""

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from assay.settings import Settings
from serving.boundary.keys import new_key
from serving.boundary.metrics import Metrics
from serving.cache import BundleCache
from serving.catalogue import Catalogue
from serving.problems import add_problem_handlers
from serving.registry import MlflowRegistry
from serving.routers.admin import add_reload
from serving.workers import WorkerBoard


def test_the_answer_leaves_after_all_workers_serve_the_version_that_was_moved_to(
    serve, registry, make_bundle
):
    registry.register(1, make_bundle())
    servers = [serve(), serve()]
    for server in servers:
        server.wait_ready()
    for version in range(2, 6):
        registry.register(version, make_bundle(bias=version / 10))
        found = servers[version % 2].client.post("/v1/admin/reload", timeout=60)
        assert found.status_code == 200
        said = found.json()
        assert said["agree"] is True
        assert said["models"]["tiny"]["version"] == f"{version}"
        assert len(said["models"]["tiny"]["workers"]) == 2
        assert [server.version() for server in servers] == [f"{version}"] * 2


def test_a_refused_version_is_told(serve, registry, make_bundle):
    registry.register(1, make_bundle())
    server = serve()
    server.wait_ready()
    registry.register(2, make_bundle(golden_shift=0.1))
    said = server.client.post("/v1/admin/reload", timeout=60).json()
    (worker,) = said["models"]["tiny"]["workers"]
    assert (worker["version"], worker["refused_version"]) == ("1", "2")


def test_only_the_scope_admin_may(serve, registry, make_bundle, settings: Settings):
    registry.register(1, make_bundle())
    keys = {
        scope: new_key(settings.api_keys_file, scope, [scope])
        for scope in ("score", "explain", "read", "admin")
    }
    server = serve(ASSAY_API_KEYS="on")
    server.wait_ready()
    path = "/v1/admin/reload"
    assert server.client.post(path).status_code == 401
    for scope, key in keys.items():
        headers = {"Authorization": f"Bearer {key}"}
        status = server.client.post(path, headers=headers, timeout=60).status_code
        assert status == (200 if scope == "admin" else 403)


@pytest.fixture
def idle(settings, trust, tmp_path):
    """Return a client of a router whose only worker never looks again."""
    registry = MlflowRegistry(settings.mlflow_tracking, 2.0)
    catalogue = Catalogue(registry, BundleCache(tmp_path), ["tiny"], trust)
    board = WorkerBoard(tmp_path / "workers", "idle")
    board.post(catalogue, Metrics())
    app = FastAPI()

    @app.middleware("http")
    async def name_request(request, call_next):
        request.state.request_id = "r"
        return await call_next(request)

    add_problem_handlers(app)
    router = APIRouter()
    add_reload(router, catalogue, board, longest_seconds=0.2)
    app.include_router(router)
    with TestClient(app) as client:
        yield client


def test_a_worker_that_does_not_look_is_named(idle):
    found = idle.post("/v1/admin/reload")
    assert found.status_code == 503
    assert "idle" in found.json()["detail"]
    assert found.headers["retry-after"] == "1"
