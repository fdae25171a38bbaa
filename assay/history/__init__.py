"""Who answers, since when, by whose decision: a chain that nobody edits unseen."""

from assay.history.chain import Link, find_breaks, next_link
from assay.history.entry import ChampionEntry, Change, entry_of, history_of
from assay.history.statement import Statement, follow, read_statement, statement_text
from assay.history.traffic import Served, Traffic

__all__ = [
    "ChampionEntry",
    "Change",
    "Link",
    "Served",
    "Statement",
    "Traffic",
    "entry_of",
    "find_breaks",
    "follow",
    "history_of",
    "next_link",
    "read_statement",
    "statement_text",
]
