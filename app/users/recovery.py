"""Recovery codes: ten codes on paper for whoever lost every other second factor; each used once.

They are shown once and kept as slow hashes (50 random bits each; ASVS 5.0, 6.5.2). The ten share a
salt, so that one hash says which of them it is.
"""

import hashlib
import secrets
from uuid import UUID

from argon2.low_level import Type, hash_secret_raw
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import now
from app.core.resources import Resources
from app.users.factor_models import RecoveryCode
from app.users.passwords import hash_aside, hashing_slot

HOW_MANY = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_HALF = 5


def is_recovery_code(text: str) -> bool:
    """Whether this has the form of such a code."""
    return len(_plain(text)) == 2 * _HALF


async def make_codes() -> tuple[list[str], list[str]]:
    """Ten new codes, and the hashes to keep of them."""
    codes = [_draw() for _ in range(HOW_MANY)]
    salt = secrets.token_bytes(16)
    async with hashing_slot:
        hashes = await hash_aside(lambda: [_hash(code, salt) for code in codes])
    return codes, hashes


async def keep_codes(session: AsyncSession, user_id: UUID, hashes: list[str]) -> None:
    """Have these be a user's codes; those of before open nothing."""
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    session.add_all(RecoveryCode(user_id=user_id, code_hash=hashed) for hashed in hashes)
    await session.flush()


async def hash_given(resources: Resources, user_id: UUID, code: str) -> str | None:
    """What `use_code` is to look for; outside of any transaction, for it takes a while."""
    async with resources.db.transaction() as session:
        kept = await session.scalar(
            select(RecoveryCode.code_hash).where(RecoveryCode.user_id == user_id).limit(1)
        )
    if kept is None:
        return None
    salt = bytes.fromhex(kept.partition("$")[0])
    async with hashing_slot:
        return await hash_aside(_hash, code, salt)


async def use_code(session: AsyncSession, user_id: UUID, hashed: str) -> bool:
    """Whether this is a code of theirs that was not used yet; it is now."""
    used = await session.scalar(
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user_id,
            RecoveryCode.code_hash == hashed,
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now())
        .returning(RecoveryCode.id)
    )
    return used is not None


async def count_left(session: AsyncSession, user_id: UUID) -> int:
    """How many codes a user has left."""
    query = select(func.count()).where(
        RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None)
    )
    return await session.scalar(query) or 0


async def remove_codes(session: AsyncSession, user_id: UUID) -> None:
    """Have none of a user's codes open anything."""
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


def _draw() -> str:
    letters = "".join(secrets.choice(_LETTERS) for _ in range(2 * _HALF))
    return f"{letters[:_HALF]}-{letters[_HALF:]}"


def _plain(code: str) -> str:
    return "".join(letter for letter in code.lower() if letter.isalnum())


def _hash(code: str, salt: bytes) -> str:
    secret = hashlib.sha256(_plain(code).encode()).digest()
    raw = hash_secret_raw(
        secret, salt, time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, type=Type.ID
    )
    return f"{salt.hex()}${raw.hex()}"
