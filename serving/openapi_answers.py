"""The OpenAPI description of questions to the documents."""

from __future__ import annotations

from typing import Any, Final

from serving.answers.requests import LONGEST_QUESTION, Feedback, Question
from serving.problems import MEDIA_TYPE, TITLES

Document = dict[str, Any]

_TAG: Final = "documents"
_TEXT: Document = {"type": "string"}
_COUNT: Document = {"type": "integer", "minimum": 0}
_MAYBE_COUNT: Document = {"type": ["integer", "null"]}
_NUMBER: Document = {"type": "number"}
_TEXTS: Document = {"type": "array", "items": _TEXT}
_NOT_CONTROL: Final = "[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f]"
_QUESTION_TEXT: Final = f"^{_NOT_CONTROL}*[\\p{{L}}\\p{{N}}]{_NOT_CONTROL}*$"
"""A letter or a digit somewhere, and no control character but tab and line ends."""

EVENTS: Final = (
    "Server-sent events: `evidence` with the passages found and the gate's probability, "
    "each `quote`, then `answer` with the whole answer; or `problem` with status and "
    "detail, after which nothing comes."
)


def answers_paths() -> Document:
    """Return the paths of answers, passages and feedback."""
    asked = _body(_reference("Question"), {"question": "What was total revenue?"})
    problems = _problems(400, 408, 413, 415, 422, 500, 503)
    events = {"text/event-stream": {"schema": _EVENT}}
    given = {"200": _answer("The answer", _reference("Answer"))}
    return {
        "/v1/answers": {
            "post": {
                "summary": "A quoted answer from the documents, or a refusal",
                "tags": [_TAG],
                "requestBody": asked,
                "responses": given | problems,
            }
        },
        "/v1/answers/stream": {
            "post": {
                "summary": "The same while it is made",
                "description": EVENTS,
                "tags": [_TAG],
                "requestBody": asked,
                "responses": {
                    "200": {"description": "The events", "content": events},
                    **problems,
                },
            }
        },
        "/v1/answers/{answer_id}/feedback": {"post": _feedback()},
        "/v1/passages/{passage_id}": {"get": _passage()},
    }


def _feedback() -> Document:
    return {
        "summary": "What a reader says of an answer",
        "tags": [_TAG],
        "parameters": [_parameter("answer_id", "As in the answer's `id`.")],
        "requestBody": _body(_reference("Feedback"), {"verdict": "right"}),
        "responses": {
            "201": _answer("It is kept", _reference("Kept")),
            **_problems(400, 404, 408, 413, 415, 422, 500, 503),
        },
    }


def _passage() -> Document:
    context = {
        "name": "context",
        "in": "query",
        "description": "Characters on either side.",
        "schema": {**_COUNT, "maximum": 99_999, "default": 500},
    }
    return {
        "summary": "A passage with what stands around it",
        "tags": [_TAG],
        "parameters": [_parameter("passage_id", "As in `passages`."), context],
        "responses": {
            "200": _answer("The passage", _reference("Passage")),
            **_problems(404, 422, 500, 503),
        },
    }


def answers_schemas() -> Document:
    """Return the schemas that `answers_paths` names."""
    question = Question.model_json_schema()
    question["properties"]["question"] |= {
        "pattern": _QUESTION_TEXT,
        "maxLength": LONGEST_QUESTION,
    }
    return {
        "Question": question,
        "Feedback": Feedback.model_json_schema(),
        "Kept": _closed({"id": _TEXT, "candidate": _TEXT}),
        "Metadata": _closed(
            {
                **dict.fromkeys(("company", "form", "period"), _TEXT),
                **dict.fromkeys(("date", "source", "filing"), _TEXT),
                "fiscal_year": _MAYBE_COUNT,
                "extra": {"type": "object", "additionalProperties": _TEXT},
            }
        ),
        "Quote": _closed(
            {
                "number": _COUNT,
                **dict.fromkeys(("text", "document_id", "passage_id"), _TEXT),
                **_PLACE,
                "score": _NUMBER,
                "table_header": _TEXT,
            }
        ),
        "Passage": _closed(
            {
                **dict.fromkeys(("text", "document_id", "passage_id"), _TEXT),
                **_PLACE,
                **dict.fromkeys(("before", "after", "index_version"), _TEXT),
            }
        ),
        "Answer": _closed(_ANSWER),
    }


def _reference(name: str) -> Document:
    return {"$ref": f"#/components/schemas/{name}"}


_PLACE: Final[Document] = {
    "start": {**_COUNT, "description": "Character of the document's text."},
    "end": _COUNT,
    "page": _MAYBE_COUNT,
    "title": _TEXT,
    "heading": _TEXT,
    "metadata": _reference("Metadata"),
}
_ANSWER: Final[Document] = {
    "id": {**_TEXT, "description": "Where the ledger keeps it."},
    "question": _TEXT,
    "answered": {"type": "boolean"},
    "text": _TEXT,
    "quotes": {"type": "array", "items": _reference("Quote")},
    "refusals": _TEXTS,
    "missing": _TEXTS,
    "probability": _NUMBER,
    "threshold": _NUMBER,
    "passages": {
        "type": "object",
        "description": "Parts of the score, by passage.",
        "additionalProperties": {"type": "object", "additionalProperties": _NUMBER},
    },
    "flagged": _TEXTS,
    "index_version": _TEXT,
    "writer": _TEXT,
    "note": _TEXT,
}


def _event(name: str, content: Document) -> Document:
    data = {**_TEXT, "contentMediaType": "application/json", "contentSchema": content}
    return {
        "type": "object",
        "properties": {"event": {"const": name}, "data": data},
        "required": ["event", "data"],
    }


def _closed(properties: Document) -> Document:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_EVENT: Final[Document] = {
    "oneOf": [
        _event("evidence", {"type": "object"}),
        _event("quote", _reference("Quote")),
        _event("answer", _reference("Answer")),
        _event("problem", {"type": "object"}),
    ]
}


def _body(schema: Document, example: Document) -> Document:
    content = {"application/json": {"schema": schema, "example": example}}
    return {"required": True, "content": content}


def _parameter(name: str, description: str) -> Document:
    schema = {"type": "string", "minLength": 1}
    named = {"name": name, "in": "path", "required": True}
    return {**named, "description": description, "schema": schema}


def _answer(description: str, schema: Document) -> Document:
    content = {"application/json": {"schema": schema}}
    return {"description": description, "content": content}


def _problems(*statuses: int) -> Document:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        str(status): {
            "description": TITLES[status],
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }
