"""What a caller may send about answers, and the problem where it is something else."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from serving.numbers import WHOLE
from serving.problems import Problem

LONGEST_QUESTION = 4000
_Text = Annotated[str, Field(max_length=200)]
_Value = (
    Annotated[str, Field(max_length=200)]
    | Annotated[int, Field(ge=-(2**63), lt=2**63), WHOLE]
)
Sent = TypeVar("Sent", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Question(_Strict):
    """A question to the documents.

    Attributes
    ----------
    question : str
        1 to 4,000 characters with at least one letter or digit.
    filters : mapping
        Metadata that a document must have: a value, or a list of which one must fit.
    k : int
        Passages whose score parts come back, 1 to 50.
    """

    question: str = Field(min_length=1, max_length=LONGEST_QUESTION)
    filters: dict[_Text, _Value | list[_Value]] = Field({}, max_length=20)
    k: Annotated[int, Field(ge=1, le=50), WHOLE] = 10


class Feedback(_Strict):
    """What a reader says of an answer.

    Attributes
    ----------
    verdict : {"right", "wrong", "should_answer", "should_refuse"}
        ``should_answer`` of a refusal, ``should_refuse`` of an answer.
    documents : list of str
        Documents that answer the question.
    contains : str
        What a right quotation contains.
    comment : str
        Up to 2,000 characters.
    """

    verdict: Literal["right", "wrong", "should_answer", "should_refuse"]
    documents: list[_Text] = Field([], max_length=20)
    contains: str = Field("", max_length=400)
    comment: str = Field("", max_length=2000)


def parsed(kind: type[Sent], body: bytes) -> Sent:
    """Return a body as what it should be.

    Raises
    ------
    Problem
        400 where it is no JSON, 422 where it breaks a rule; no value is echoed.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        raise Problem(400, "the body is not JSON; send one JSON object")
    errors = [
        {
            "field": ".".join(map(str, one["loc"]))[:100] or "body",
            "rule": one["type"],
            "allowed": one["msg"],
        }
        for one in found[:100]
    ]
    said = "; ".join(f"{one['field']}: {one['allowed']}" for one in errors[:5])
    raise Problem(422, f"{len(found)} values are wrong: {said}", {"errors": errors})


def checked_question(body: bytes) -> Question:
    """Return the question of a body; nothing is searched for what is no text.

    Raises
    ------
    Problem
        See `parsed`; 422 also for text without letter or digit, or with control
        characters.
    """
    asked = parsed(Question, body)
    text = asked.question
    if not any(letter.isalnum() for letter in text):
        raise Problem(422, "the question has no letter or digit; write it as text")
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\t\n\r" for c in text):
        raise Problem(422, "the question holds control characters; write it as text")
    return asked
