"""What is common: many visits by several people on several days; it fades, and nobody can flush it."""

from __future__ import annotations

from mailrisk.analyse.visits.habits import DAY_S, Habits, HabitSettings

SETTINGS = HabitSettings(visits=10, users=2, days=2, half_life_days=7, most_domains=100)


def habits(visits: int = 12, users: int = 2, days: int = 2) -> Habits:
    known = Habits(SETTINGS)
    for number in range(visits):
        known.observe(0, "example.com", number % users, DAY_S * (100 + number % days) + number)
    return known


AFTER = DAY_S * 102.0


def test_a_domain_is_common_when_several_people_went_there_often_and_on_several_days() -> None:
    assert habits().is_common(0, "example.com", AFTER)


def test_few_visits_one_user_or_one_day_make_none() -> None:
    assert not habits(visits=6).is_common(0, "example.com", AFTER)
    assert not habits(users=1, visits=50).is_common(0, "example.com", AFTER)
    assert not habits(days=1, visits=50).is_common(0, "example.com", AFTER)


def test_one_organisations_habits_are_not_anothers() -> None:
    assert not habits().is_common(1, "example.com", AFTER)


def test_a_habit_fades_and_a_bad_domain_is_forgotten() -> None:
    known = habits()
    assert not known.is_common(0, "example.com", AFTER + 14 * DAY_S)
    known.forget(0, "example.com")
    assert not known.is_common(0, "example.com", AFTER)


def test_made_up_names_do_not_drive_out_what_is_common_and_memory_is_bounded() -> None:
    known = habits()
    for number in range(5_000):
        known.observe(0, f"n{number}.example", 9, AFTER)
    assert len(known) == 100
    assert known.is_common(0, "example.com", AFTER)


def test_another_process_goes_on_from_the_state() -> None:
    other = Habits(SETTINGS)
    other.restore(habits().state())
    assert other.is_common(0, "example.com", AFTER)


def test_news_that_come_late_count_as_old_ones() -> None:
    known = Habits(SETTINGS)
    known.observe(0, "example.com", 1, AFTER)
    known.observe(0, "example.com", 2, AFTER - 7 * DAY_S)
    assert abs(known.count(0, "example.com", AFTER) - 1.5) < 0.01
