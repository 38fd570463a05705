"""Canonical entities and events of the education domain."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Final

from pydantic import BaseModel

from schemas.ngsild import Entity, Point, Relationship
from schemas.xcity import LegalClass


class School(Entity):
    """A school (schema.org ``School``).

    Attributes:
        identifier: the school's official code (学校コード).
        operator: the organisation it belongs to, such as the board of education.
    """

    entity_type: ClassVar[str] = "School"

    name: str
    name_en: str | None = None
    identifier: str | None = None
    operator: str | None = None
    address: str | None = None
    telephone: str | None = None
    location: Point | None = None


class Enrolment(Entity):
    """A person's part in a class (OneRoster ``enrollment``).

    Attributes:
        learner: the school's own id of the person.
        role: ``student``, ``teacher``, ``administrator``, ``proctor``.
        subjects: what is taught.
        terms: titles of the academic sessions it runs in.
        begin_date, end_date: of the enrolment; where not given, of the terms.
    """

    entity_type: ClassVar[str] = "Enrolment"
    legal_class: ClassVar[LegalClass] = LegalClass.PERSONAL

    learner: str
    role: str
    school: Annotated[str, Relationship()]
    school_name: str
    class_name: str
    course_name: str
    course_code: str | None = None
    subjects: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    begin_date: date | None = None
    end_date: date | None = None


ENTITIES: Final[tuple[type[Entity], ...]] = (School, Enrolment)
EVENTS: Final[dict[str, type[BaseModel]]] = {}
