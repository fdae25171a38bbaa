"""``/docs``: the OpenAPI description as a page that asks nothing of the internet.

FastAPI's own page loads its scripts from a CDN, which many a network of a lender does
not reach.
"""

from __future__ import annotations

from importlib.resources import files

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "frame-ancestors 'none'"
)


def documentation_router() -> APIRouter:
    """Return the routes of the documentation page."""
    router = APIRouter(include_in_schema=False)
    folder = files("serving") / "pages"
    page, script, style = (
        (folder / name).read_text(encoding="utf-8")
        for name in ("docs.html", "docs.js", "docs.css")
    )

    @router.get("/docs")
    async def docs() -> HTMLResponse:
        return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY})

    @router.get("/docs/docs.js")
    async def docs_script() -> Response:
        return Response(script, media_type="text/javascript")

    @router.get("/docs/docs.css")
    async def docs_style() -> Response:
        return Response(style, media_type="text/css")

    return router
