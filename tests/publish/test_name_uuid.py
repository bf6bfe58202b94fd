"""UUIDs from names are those of the standard library."""

from __future__ import annotations

from uuid import NAMESPACE_URL as STANDARD
from uuid import uuid5

from hypothesis import given
from hypothesis import strategies as st

from mailrisk.publish.name_uuid import NAMESPACE_URL, text_of, uuid_of


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_name_has_the_uuid_of_the_standard(name: str) -> None:
    assert text_of(uuid_of(NAMESPACE_URL, name)) == str(uuid5(STANDARD, name))
