"""Where a question becomes an answer that is on record."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from assay.errors import DataError, LedgerError
from assay.settings import Settings
from serving.answers.index import IndexKeeper
from serving.answers.records import AnswerRecords
from serving.answers.requests import Feedback, Question
from serving.problems import Problem

if TYPE_CHECKING:
    from assay.retrieval.answers.answer import Tell
    from assay.retrieval.answers.written import Writer


class AnswerDesk:
    """Answers from the index that is held; every answer is in the ledger before it goes.

    Parameters
    ----------
    settings : Settings
        Name the folders of index and ledger and the language model, if any.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._root = root = settings.document_index
        self._writer: Writer | None = None
        self._writer_known = False
        self.keeper = IndexKeeper(root)
        self._records = AnswerRecords(settings.ledger_folder)

    def start(self) -> None:
        """Begin to follow the index."""
        self.keeper.start()

    def close(self) -> None:
        """Stop following and seal the records."""
        self.keeper.stop()
        self._records.close()

    def answer(
        self, asked: Question, request_id: str, tell: Tell = lambda _: None
    ) -> dict[str, Any]:
        """Return an answer with its id.

        Raises
        ------
        Problem
            503 without an index or a ledger, 422 for what cannot be asked.
        """
        index = self.keeper.index()
        from assay.retrieval.answers.form import answer_as_json, answer_record
        from assay.retrieval.answers.written import written_answer

        started = time.perf_counter_ns()
        filters = asked.filters or None
        try:
            found = written_answer(
                asked.question,
                index,
                self._configured_writer(),
                k=asked.k,
                filters=filters,
                tell=tell,
            )
        except DataError as error:
            raise Problem(422, str(error)) from error
        record = answer_record(
            found,
            filters=filters,
            k=asked.k,
            encoder=index.manifest.encoder,
            latency_us=(time.perf_counter_ns() - started) // 1000,
            request_id=request_id,
        )
        return {"id": self._recorded(record), **answer_as_json(found)}

    def passage(self, name: str, around: int) -> dict[str, Any]:
        """Return a passage of the index with what stands around it.

        Raises
        ------
        Problem
            503 without an index, 404 where it has no such passage.
        """
        index = self.keeper.index()
        from assay.retrieval.answers.form import passage_in_context

        document = name.rpartition("#")[0]
        for passage in index.engine.parts.passages_of(document):
            if passage.passage_id == name:
                found = passage_in_context(passage, index.texts[document], around)
                return {**found, "index_version": index.version}
        raise Problem(
            404,
            f"index {index.version} has no passage {name[:200]!r}; passages of an "
            "answer belong to the index version that it names",
        )

    def feedback(self, address: str, said: Feedback, request_id: str) -> dict[str, Any]:
        """Keep what a reader says of an answer, as a candidate for the golden questions.

        Raises
        ------
        Problem
            404 where there is no such answer, 503 where it cannot be kept.
        """
        from assay.retrieval.answers.candidates import keep_candidate

        try:
            given = self._records.find(address)
        except LedgerError as error:
            raise Problem(404, str(error)) from error
        words = said.model_dump()
        entry = {"kind": "answer_feedback", "answer": address, "request_id": request_id}
        record = self._recorded({**entry, **words})
        try:
            candidate = keep_candidate(
                self._root,
                {**words, "question": given["question"], "answer_id": address},
            )
        except OSError as error:
            raise Problem(
                503, f"the candidate is not kept: {error.strerror}; send it again"
            ) from error
        return {"id": record, "candidate": candidate}

    def _configured_writer(self) -> Writer | None:
        if not self._writer_known and self._settings.language_model:
            from assay.adapters.language.endpoint import configured_writer

            self._writer = configured_writer(self._settings)
        self._writer_known = True
        return self._writer

    def _recorded(self, entry: dict[str, Any]) -> str:
        try:
            return self._records.append(entry)
        except LedgerError as error:
            raise Problem(
                503,
                f"the ledger does not take the answer, so none is given: {error}",
                {"title": "The ledger does not answer"},
            ) from error
