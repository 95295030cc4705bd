"""Parameter objects with pybind's rules for converting Python values to C++ numbers and strings (contract 2.2.2)."""

import operator
from collections.abc import Callable
from ctypes import c_float
from typing import Final, Generic, TypeVar

from hailo_vision.simulator.sampler import Params
from hailo_vision.simulator.status import Failure, Status

_UINT32_MAX: Final = 0xFFFFFFFF
T = TypeVar("T")


def uint32(value: object) -> int:
    """Convert to an unsigned int of 32 bits: no fraction, nothing negative, nothing larger."""
    if isinstance(value, float):
        raise TypeError(f"incompatible function arguments: {value!r} is no int")
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"incompatible function arguments: {value!r} is no int") from None
    if not 0 <= number <= _UINT32_MAX:
        raise TypeError(f"incompatible function arguments: {number} is not in the range of uint32")
    return number


def float32(value: object) -> float:
    """Convert to a float of 32 bits; small values become 0, large ones infinite."""
    if isinstance(value, str) or not hasattr(value, "__float__"):
        raise TypeError(f"incompatible function arguments: {value!r} is no float")
    return c_float(float(value)).value


def boolean(value: object) -> bool:
    if value is not None and not hasattr(value, "__bool__"):
        raise TypeError(f"incompatible function arguments: {value!r} is no bool")
    return bool(value)


def string(value: object) -> str:
    """Convert to a std::string, which must be UTF-8, so that a lone surrogate is refused."""
    if isinstance(value, bytes):
        return value.decode()
    if not isinstance(value, str):
        raise TypeError(f"incompatible function arguments: {value!r} is no str")
    value.encode("utf-8")
    return value


def strings(value: object) -> list[str]:
    if isinstance(value, str | bytes) or not hasattr(value, "__iter__"):
        raise TypeError(f"incompatible function arguments: {value!r} is no list of str")
    return [string(item) for item in value]


class ConvertedProperty(Generic[T]):
    """A property whose setter converts as pybind does."""

    def __init__(self, convert: Callable[[object], T]) -> None:
        self._convert = convert

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = "_" + name

    def __get__(self, instance: object, owner: type | None = None) -> T:
        value: T = getattr(instance, self._name)
        return value

    def __set__(self, instance: object, value: object) -> None:
        setattr(instance, self._name, self._convert(value))


class LLMGeneratorParams:
    """The parameters of one generation, which start as the model's own."""

    temperature: ConvertedProperty[float] = ConvertedProperty(float32)
    top_p: ConvertedProperty[float] = ConvertedProperty(float32)
    top_k: ConvertedProperty[int] = ConvertedProperty(uint32)
    frequency_penalty: ConvertedProperty[float] = ConvertedProperty(float32)
    max_generated_tokens: ConvertedProperty[int] = ConvertedProperty(uint32)
    do_sample: ConvertedProperty[bool] = ConvertedProperty(boolean)
    seed: ConvertedProperty[int] = ConvertedProperty(uint32)

    def __init__(self, defaults: Params) -> None:
        self.temperature = defaults.temperature
        self.top_p = defaults.top_p
        self.top_k = defaults.top_k
        self.frequency_penalty = defaults.penalty
        self.max_generated_tokens = defaults.max_tokens
        self.do_sample = defaults.do_sample
        self.seed = defaults.seed

    def checked(self, *, allows_no_tokens: bool) -> Params:
        """The parameters to send to the device, after the client's checks (contract 2.2.3)."""
        for name, value, is_right in (
            ("temperature", self.temperature, self.temperature > 0),
            ("top_p", self.top_p, 0 <= self.top_p <= 1),
            ("top_k", self.top_k, self.top_k >= 1),
            ("frequency_penalty", self.frequency_penalty, self.frequency_penalty != 0),
            ("max_generated_tokens", self.max_generated_tokens, allows_no_tokens or self.max_generated_tokens > 0),
        ):
            if not is_right:
                raise Failure(Status.INVALID_ARGUMENT, f"{name} can't be {value}")
        return Params(
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            penalty=self.frequency_penalty,
            max_tokens=self.max_generated_tokens,
            do_sample=self.do_sample,
            seed=self.seed,
        )
