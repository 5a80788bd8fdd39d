"""The lock holds what requirements.txt asks for, and the audit says where it could not be made."""

from scripts import audit
from scripts.lock import REQUIREMENTS, closure, named

LOCKED = {
    requirement.name: str(requirement.specifier)
    for requirement in named(REQUIREMENTS.with_name("requirements.lock"))
}


def test_every_requirement_is_locked_at_its_version():
    for requirement in named(REQUIREMENTS):
        assert LOCKED[requirement.name.lower()] == str(requirement.specifier), requirement.name


def test_what_a_requirement_needs_is_locked_too():
    # One that is everywhere, and has needs of its own.
    wanted = [each for each in named(REQUIREMENTS) if each.name in ("requests", "pandas")]
    assert {f"=={version}" for version in closure(wanted).values()} <= set(LOCKED.values())
    assert set(closure(wanted)) <= set(LOCKED)


def test_where_no_service_answers_the_audit_says_so_and_does_not_fail(monkeypatch, capsys):
    monkeypatch.setattr(audit, "SERVICES", {"pypi": ("http://127.0.0.1:9/", "x")})
    assert audit.main() == 0
    assert "no service of advisories" in capsys.readouterr().out
