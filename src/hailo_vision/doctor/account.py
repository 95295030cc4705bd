"""File permissions of the service's user, who is seldom the user that runs the doctor. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

READ: Final = 4
WRITE: Final = 2
ENTER: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user with all the groups of its processes."""

    name: str
    uid: int
    gids: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The owner of a file, and its mode."""

    uid: int
    gid: int
    mode: int


def may(account: Account, owner: Owner, access: int) -> bool:
    """Whether the file's mode lets the account have all of `access`; access control lists are ignored."""
    if account.uid == 0:
        return access != ENTER or bool(owner.mode & 0o111)
    if account.uid == owner.uid:
        granted = owner.mode >> 6
    elif owner.gid in account.gids:
        granted = owner.mode >> 3
    else:
        granted = owner.mode
    return granted & access == access


def find(name: str, passwd: str, group: str, extra_groups: Iterable[str] = ()) -> Account | None:
    """An account as /etc/passwd and /etc/group have it, with groups that the unit adds by name."""
    for line in passwd.splitlines():
        fields = line.split(":")
        if fields[0] == name and len(fields) >= 4 and fields[2].isdecimal() and fields[3].isdecimal():
            groups = _groups_of(name, group, frozenset(extra_groups))
            return Account(name=name, uid=int(fields[2]), gids=frozenset((int(fields[3]), *groups)))
    return None


def name_of(number: int, table: str) -> str:
    """The name behind a uid or gid, in the text of /etc/passwd or /etc/group; the number where there is none."""
    for line in table.splitlines():
        fields = line.split(":")
        if len(fields) >= 3 and fields[2] == str(number):
            return fields[0]
    return str(number)


def _groups_of(name: str, group: str, extra_groups: frozenset[str]) -> Iterable[int]:
    for line in group.splitlines():
        fields = line.split(":")
        if len(fields) >= 4 and fields[2].isdecimal() and (name in fields[3].split(",") or fields[0] in extra_groups):
            yield int(fields[2])
