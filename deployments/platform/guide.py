"""A request that works as it is printed, made of the champion's own example row."""

from __future__ import annotations

import json
import shlex

import httpx

from assay.errors import PlatformError
from assay.settings import Settings


def scoring_example(settings: Settings) -> str:
    """Return a curl command that scores one row with the default model's champion.

    Raises
    ------
    PlatformError
        If the API does not give an example.
    """
    base = f"{settings.api_url}/v1/models/{settings.default_model}"
    try:
        answer = httpx.get(f"{base}/example", timeout=10.0)
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise PlatformError(f"the API gives no example row: {error}") from error
    body = shlex.quote(json.dumps(answer.json()))
    return f"  curl -s {base}/score -H 'content-type: application/json' -d {body}"
