"""Application factory: ``uvicorn --factory serving.app:create_app``."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI

from assay.contract import contract_names
from assay.errors import LedgerError
from assay.settings import Settings
from serving.boundary.attach import attach_boundary
from serving.boundary.metrics import Metrics
from serving.cache import BundleCache
from serving.catalogue import Catalogue, keep_fresh
from serving.memory import Tidying
from serving.middleware import AnswerHeaders
from serving.openapi import describe
from serving.problems import add_problem_handlers
from serving.registry import MlflowRegistry
from serving.routers.answers import answers_router
from serving.routers.documentation import documentation_router
from serving.routers.health import health_router
from serving.routers.models import models_router
from serving.routers.operations import operations_router
from serving.routers.protocols import inference_router, mlflow_router
from serving.routers.records import record_routers
from serving.routers.scoring import scoring_router
from serving.scoring.decider import Decider
from serving.scoring.front import ScoringFront
from serving.scoring.records import DecisionStream
from serving.scoring.wire import short_way
from serving.trust import Trust
from serving.workers import WorkerBoard


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the scoring service.

    It listens at once and loads champions in the background: `/live` answers from the
    first moment, `/ready` once a champion's golden rows agree.

    Parameters
    ----------
    settings : Settings, optional
        Read from the environment where not given.
    """
    settings = settings or Settings()
    timeout = settings.registry_timeout_seconds
    registry, metrics = MlflowRegistry(settings.mlflow_tracking, timeout), Metrics()
    catalogue = _catalogue(settings, registry, metrics)
    board = WorkerBoard(settings.workers_folder)
    stream = DecisionStream(settings.ledger_folder, settings.ledger_mode)
    tidying = Tidying()

    def after_each_round() -> None:
        board.post(catalogue, metrics, stream.n_waiting)
        tidying.after(catalogue.standings)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, object]]:
        with contextlib.suppress(LedgerError):  # each request says so, and tries again
            stream.open()
        refreshing = asyncio.create_task(
            keep_fresh(catalogue, settings.api_refresh_seconds, after_each_round)
        )
        yield {"short_way": short_way(app)}
        refreshing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await refreshing
        await app.state.decider.close()
        board.withdraw()

    app = FastAPI(
        title="Assay scoring",
        version="1",
        docs_url=None,
        redoc_url=None,
        # It would look for a provider three times a request.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        lifespan=lifespan,
    )
    app.state.catalogue, app.state.decider = catalogue, Decider(stream, metrics)
    app.state.metrics, app.state.board = metrics, board
    _add_routes(app, settings)
    return app


def _catalogue(
    settings: Settings, registry: MlflowRegistry, metrics: Metrics
) -> Catalogue:
    return Catalogue(
        registry,
        BundleCache(settings.bundle_cache),
        (settings.default_model, *contract_names(settings.contracts)),
        Trust(
            settings.require_signature,
            settings.platform_public_keys,
            settings.platform_key_file.with_suffix(".pub"),
        ),
        metrics.bundle_refused,
    )


def _add_routes(app: FastAPI, settings: Settings) -> None:
    catalogue, decider = app.state.catalogue, app.state.decider
    app.state.default_model = settings.default_model
    model, most_bytes = settings.default_model, settings.api_body_bytes
    app.add_middleware(
        ScoringFront,
        catalogue=catalogue,
        decider=decider,
        default_model=model,
        most_bytes=most_bytes,
    )
    boundary = attach_boundary(app, settings, catalogue, app.state.metrics)
    app.state.boundary = boundary
    app.add_middleware(AnswerHeaders)
    add_problem_handlers(app)
    app.include_router(scoring_router(catalogue, decider, model, most_bytes))
    app.include_router(models_router(catalogue, model))
    app.include_router(health_router(catalogue, model))
    app.include_router(mlflow_router(catalogue, model, decider.many))
    app.include_router(inference_router(catalogue, decider.many))
    app.include_router(operations_router(catalogue, boundary, app.state.board))
    for router in record_routers(catalogue, settings, decider.stream.append):
        app.include_router(router)
    app.include_router(documentation_router())
    app.include_router(answers_router(settings))
    app.openapi = lambda: describe(catalogue, model)  # type: ignore[method-assign] # FastAPI's way to give one's own
