"""Each kind of channel against a server that listens."""

from datetime import UTC, datetime

import pytest

from assay.adapters.alerts import Alert
from assay.adapters.alerts.channels import send
from assay.errors import ConfigError, SourceError

AT = datetime(2026, 1, 1, tzinfo=UTC)
ALERT = Alert(
    7,
    "credit_default",
    "data_drift",
    "income",
    "warning",
    "open",
    "credit-risk",
    "income moved",
    {"psi": 0.31},
    AT,
    AT,
    2,
)


def test_a_webhook_gets_every_field(web):
    send(web.url, ALERT)
    assert web.bodies == [
        {
            "alert_id": 7,
            "model_name": "credit_default",
            "measure": "data_drift",
            "subject": "income",
            "severity": "warning",
            "state": "open",
            "owner": "credit-risk",
            "summary": "income moved",
            "evidence": {"psi": 0.31},
            "opened_at": "2026-01-01T00:00:00+00:00",
            "seen_at": "2026-01-01T00:00:00+00:00",
            "n_seen": 2,
        }
    ]


def test_a_webhook_in_slacks_format_gets_a_text(web):
    send(f"slack+{web.url}", ALERT)
    assert web.bodies == [
        {
            "text": "[warning] credit_default: income moved "
            "(alert 7, open, owner credit-risk)"
        }
    ]


def test_an_e_mail_has_subject_text_and_evidence(mail):
    send(mail.address, ALERT)
    (message,) = mail.messages
    assert "Subject: [warning] credit_default: data_drift" in message
    assert "To: risk@bank.example" in message
    assert "psi: 0.31" in message


def test_a_channel_that_refuses_is_said_without_its_secret(web):
    web.status = 500
    address = web.url.replace("127.0.0.1", "user:secret@127.0.0.1")
    with pytest.raises(SourceError, match="status 500") as found:
        send(address, ALERT)
    assert "secret" not in str(found.value)


@pytest.mark.parametrize("scheme", ["http", "slack+http", "smtp"])
def test_a_channel_that_does_not_listen_is_said(scheme):
    with pytest.raises(SourceError, match="did not take the alert"):
        send(f"{scheme}://127.0.0.1:9/?from=a@b.example&to=c@d.example", ALERT)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("ftp://host/", "scheme 'ftp'"),
        ("nothing", "allowed: http"),
        ("smtp://127.0.0.1:9/", "needs"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(address, told):
    with pytest.raises(ConfigError, match=told):
        send(address, ALERT)
