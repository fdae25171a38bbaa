"""Application factory: ``uvicorn --factory serving.app:create_app``."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI

from assay.contract import contract_names
from assay.settings import Settings
from serving.cache import BundleCache
from serving.catalogue import Catalogue, keep_fresh
from serving.middleware import AnswerHeaders
from serving.openapi import describe
from serving.problems import add_problem_handlers
from serving.registry import MlflowRegistry
from serving.routers.answers import answers_router
from serving.routers.documentation import documentation_router
from serving.routers.health import health_router
from serving.routers.models import models_router
from serving.routers.scoring import scoring_router


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
    default_model = settings.default_model
    registry = MlflowRegistry(settings.mlflow_tracking, settings.registry_timeout_seconds)
    catalogue = Catalogue(
        registry,
        BundleCache(settings.bundle_cache),
        (default_model, *contract_names(settings.contracts)),
    )

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        refreshing = asyncio.create_task(
            keep_fresh(catalogue, settings.api_refresh_seconds)
        )
        yield
        refreshing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await refreshing
        registry.close()

    app = FastAPI(
        title="Assay scoring",
        version="1",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.catalogue = catalogue
    app.add_middleware(AnswerHeaders)
    add_problem_handlers(app)
    app.include_router(scoring_router(catalogue, default_model, settings.api_body_bytes))
    app.include_router(models_router(catalogue, default_model))
    app.include_router(health_router(catalogue, default_model))
    app.include_router(documentation_router())
    app.include_router(answers_router(settings))
    app.openapi = lambda: describe(catalogue, default_model)  # type: ignore[method-assign] # FastAPI's way to give one's own
    return app
