"""Ways to tell people: a webhook, a webhook in Slack's format, e-mail."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx

from assay.adapters.alerts.alert import Alert
from assay.errors import ConfigError, SourceError

TIMEOUT_SECONDS = 10.0
SCHEMES = ("http", "https", "slack+http", "slack+https", "smtp", "smtps")


def send(address: str, alert: Alert) -> None:
    """Tell one channel of one alert.

    Parameters
    ----------
    address : str
        ``https://…`` gets the alert as JSON; ``slack+https://…`` a text as Slack and
        its likes take it; ``smtp://user:password@host:port/?from=…&to=…`` an e-mail
        (``smtps`` with TLS from the start, ``smtp`` with STARTTLS where offered).
    alert : Alert
        What to tell.

    Raises
    ------
    ConfigError
        If the address cannot be used as it is.
    SourceError
        If the channel did not take it. No password is in the message.
    """
    parts = urlsplit(address)
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise ConfigError(
            f"a channel's address has scheme {parts.scheme!r}; allowed: "
            f"{', '.join(SCHEMES)}"
        )
    try:
        if parts.scheme.startswith("smtp"):
            _send_mail(address, alert)
        elif parts.scheme.startswith("slack+"):
            _post(address.removeprefix("slack+"), {"text": text_of(alert)})
        else:
            _post(address, body_of(alert))
    except (httpx.HTTPError, OSError, smtplib.SMTPException) as error:
        raise SourceError(
            f"{parts.scheme} channel at {parts.hostname} did not take the alert: "
            f"{type(error).__name__}"
            + (
                f", status {error.response.status_code}"
                if isinstance(error, httpx.HTTPStatusError)
                else ""
            )
        ) from error


def body_of(alert: Alert) -> dict[str, Any]:
    """Return an alert as a webhook gets it."""
    return {
        "alert_id": alert.alert_id,
        "model_name": alert.model_name,
        "measure": alert.measure,
        "subject": alert.subject,
        "severity": alert.severity,
        "state": alert.state,
        "owner": alert.owner,
        "summary": alert.summary,
        "evidence": dict(alert.evidence),
        "opened_at": alert.opened_at.isoformat(),
        "seen_at": alert.seen_at.isoformat(),
        "n_seen": alert.n_seen,
    }


def text_of(alert: Alert) -> str:
    """Return an alert as a line to be read."""
    return (
        f"[{alert.severity}] {alert.model_name}: {alert.summary} "
        f"(alert {alert.alert_id}, {alert.state}, owner {alert.owner})"
    )


def _post(url: str, body: dict[str, Any]) -> None:
    httpx.post(url, json=body, timeout=TIMEOUT_SECONDS).raise_for_status()


def _send_mail(address: str, alert: Alert) -> None:
    parts, names = urlsplit(address), parse_qs(urlsplit(address).query)
    if not names.get("from") or not names.get("to"):
        raise ConfigError("an smtp channel needs ?from=…&to=… in its address")
    message = EmailMessage()
    message["From"], message["To"] = names["from"][0], ", ".join(names["to"])
    message["Subject"] = f"[{alert.severity}] {alert.model_name}: {alert.measure}"
    lines = [f"{name}: {value}" for name, value in alert.evidence.items()]
    message.set_content("\n".join([text_of(alert), "", *lines]))
    kind = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
    with kind(parts.hostname or "", parts.port or 0, timeout=TIMEOUT_SECONDS) as server:
        server.ehlo()
        if parts.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls()
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)
