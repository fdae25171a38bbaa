"""One field of a contract: its type, unit, bounds, categories, null rule and role."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

DType: TypeAlias = Literal[
    "integer", "number", "boolean", "category", "text", "timestamp"
]
Role: TypeAlias = Literal[
    "feature", "label", "identifier", "event_time", "protected", "ignored"
]
Category: TypeAlias = str | int
FieldName: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.\- ]{0,127}$")
]

LARGEST_EXACT_INTEGER = 2**53
"""Above this a float64, which is what a graph computes in, skips integers."""

MISSING_TEXTS = frozenset(
    {"", "#N/A", "<NA>", "N/A", "NA", "NULL", "NaN", "NaT", "None", "nan", "null"}
)
"""Texts that mean a missing value, in data and in requests alike."""


class ContractPart(BaseModel):
    """What every part of a contract has in common: frozen, strict, nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Field(ContractPart):
    """One column of a model's data.

    Attributes
    ----------
    name : str
        Column name in the source and key in a request.
    dtype : {"integer", "number", "boolean", "category", "text", "timestamp"}
        ``integer`` and ``number`` are finite float64 values, an integer at most 2**53
        in size. A ``timestamp`` is an instant, read as UTC where it has no offset.
    role : str
        ``feature`` enters the model. ``protected`` is kept for fairness and never
        enters it. ``identifier`` names the row, ``event_time`` dates it.
    unit : str
        Unit of the values, for people; empty where there is none.
    minimum, maximum : float or None
        Inclusive bounds, in `unit`; only for ``integer`` and ``number``. The `maximum`
        of a ``text`` that is a feature is the most characters it may have.
    categories : tuple of str or int
        Allowed values of a ``category``, all of one type. The order is kept.
    nulls : {"refuse", "allow"}
        Whether a missing value is in order.
    unseen : {"refuse", "allow"}
        Whether a category outside `categories` is in order (text categories only).
    description : str
        What the field means, for the documentation page.
    reason : str
        What an applicant reads when this field weighed against them.
    """

    name: FieldName
    dtype: DType
    role: Role = "feature"
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    categories: tuple[Category, ...] = ()
    nulls: Literal["refuse", "allow"] = "refuse"
    unseen: Literal["refuse", "allow"] = "refuse"
    description: str = ""
    reason: str = ""

    @property
    def is_numeric(self) -> bool:
        """True where values are compared with bounds."""
        return self.dtype in ("integer", "number")

    @property
    def is_free_text(self) -> bool:
        """True for a text that the model reads, as tokens."""
        return self.dtype == "text" and self.role == "feature"

    @property
    def has_text_categories(self) -> bool:
        """True for a category whose values are words rather than code numbers."""
        return self.dtype == "category" and isinstance(self.categories[0], str)

    @model_validator(mode="after")
    def _bounds_fit(self) -> Self:
        bounded = self.minimum is not None or self.maximum is not None
        if self.is_free_text:
            return self._text_is_bounded()
        if bounded and not self.is_numeric:
            raise ValueError(
                f"{self.dtype} field {self.name!r} has bounds; minimum and maximum are "
                "allowed for dtype 'integer' and 'number' only"
            )
        if (
            self.minimum is not None
            and self.maximum is not None
            and not self.minimum <= self.maximum
        ):
            raise ValueError(
                f"field {self.name!r} has minimum {self.minimum:g} above its maximum "
                f"{self.maximum:g}; swap or correct them"
            )
        return self

    def _text_is_bounded(self) -> Self:
        most = self.maximum
        if most is None or not (1 <= most == int(most)) or self.minimum is not None:
            raise ValueError(
                f"text feature {self.name!r} needs a maximum, the most characters that "
                "it may have, as a whole number from 1; and no minimum"
            )
        if self.nulls != "refuse":
            raise ValueError(
                f"text feature {self.name!r} allows missing values; a model reads a "
                'text or none: write nulls = "refuse"'
            )
        return self

    @model_validator(mode="after")
    def _categories_fit(self) -> Self:
        if (self.dtype == "category") != bool(self.categories):
            raise ValueError(
                f"field {self.name!r} has dtype {self.dtype!r} and "
                f"{len(self.categories)} categories; a category needs at least one, "
                "any other dtype none"
            )
        if len({type(value) for value in self.categories}) > 1:
            raise ValueError(
                f"field {self.name!r} mixes text and numbers in its categories; "
                "write all of them as text or all as integers"
            )
        if len(set(self.categories)) < len(self.categories):
            raise ValueError(f"field {self.name!r} lists a category twice")
        if "" in self.categories:
            raise ValueError(
                f"field {self.name!r} lists the empty text as a category; the empty "
                'text is a missing value: write nulls = "allow" instead'
            )
        if self.unseen == "allow" and not (self.categories and self.has_text_categories):
            raise ValueError(
                f"field {self.name!r} allows unseen values; only a category with text "
                "values can"
            )
        return self

    @model_validator(mode="after")
    def _role_fits(self) -> Self:
        allowed: dict[str, tuple[DType, ...]] = {
            "feature": ("integer", "number", "boolean", "category", "text"),
            "event_time": ("timestamp",),
            "label": ("integer", "boolean"),
        }
        if self.role in allowed and self.dtype not in allowed[self.role]:
            raise ValueError(
                f"{self.role} field {self.name!r} has dtype {self.dtype!r}; allowed for "
                f"this role: {', '.join(allowed[self.role])}"
            )
        return self
