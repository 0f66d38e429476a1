"""The report of the acceptance checks: text lines and JUnit XML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from phonefarm.commands.certify.examination import Grade, Result
from phonefarm.domain.errors import KnownError
from phonefarm.support.os_errors import cause_of

_MARKS = {Grade.PASSED: "ok  ", Grade.FAILED: "FAIL", Grade.SKIPPED: "skip"}


def as_line(result: Result) -> str:
    return f"{_MARKS[result.grade]} {result.name}: {result.detail}"


def summary(results: Sequence[Result]) -> str:
    counts = Counter(result.grade for result in results)
    verdict = "would FAIL the acceptance" if counts[Grade.FAILED] else "passes"
    if not counts[Grade.FAILED] and counts[Grade.SKIPPED]:
        verdict = "passes as far as it could be examined"
    figures = ", ".join(f"{counts[grade]} {grade.value}" for grade in Grade)
    return f"The farm {verdict}: {figures}."


def write_junit(results: Sequence[Result], path: Path) -> None:
    """Write one test case per check; raises KnownError if the file cannot be written."""
    counts = Counter(result.grade for result in results)
    suite = ElementTree.Element(
        "testsuite",
        name="phonefarm certify",
        tests=str(len(results)),
        failures=str(counts[Grade.FAILED]),
        skipped=str(counts[Grade.SKIPPED]),
        errors="0",
        time=f"{sum(result.seconds for result in results):.3f}",
    )
    for result in results:
        case = ElementTree.SubElement(
            suite, "testcase", classname="certify", name=_xml_safe(result.name), time=f"{result.seconds:.3f}"
        )
        if result.grade is Grade.FAILED:
            ElementTree.SubElement(case, "failure", message=_xml_safe(result.detail))
        elif result.grade is Grade.SKIPPED:
            ElementTree.SubElement(case, "skipped", message=_xml_safe(result.detail))
        else:
            ElementTree.SubElement(case, "system-out").text = _xml_safe(result.detail)
    try:
        ElementTree.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise KnownError(f"The report {path} cannot be written: {cause_of(error)}.") from error


def _xml_safe(text: str) -> str:
    """Replace characters that XML does not allow."""
    return "".join(
        char if char >= " " and not "\ud800" <= char <= "\udfff" and char not in "\ufffe\uffff" else " "
        for char in text
    )
