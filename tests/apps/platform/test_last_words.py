from __future__ import annotations

from pathlib import Path

from idp.apps.platform.last_words import LastWords, last_words


def test_an_error_with_a_remedy_is_preferred_to_what_follows(tmp_path: Path) -> None:
    log = tmp_path / "hub.log"
    log.write_text(
        '{"level": "error", "error": "it is newer", "remedy": "Go back."}\nsome warning\n\n'
    )
    assert last_words(log) == LastWords("it is newer", "Go back.")


def test_an_error_of_an_earlier_life_does_not_count(tmp_path: Path) -> None:
    log = tmp_path / "hub.log"
    lines = ['{"level": "error", "error": "old"}', *["x"] * 10, "OSError: no space left"]
    log.write_text("\n".join(lines))
    assert last_words(log) == LastWords("OSError: no space left")


def test_only_the_end_of_a_large_log_is_read(tmp_path: Path) -> None:
    log = tmp_path / "hub.log"
    log.write_bytes(b"x" * 100_000 + b"\nthe end\n")
    assert last_words(log) == LastWords("the end")


def test_a_process_that_wrote_nothing_said_nothing(tmp_path: Path) -> None:
    assert last_words(tmp_path / "none.log") == LastWords("")
