"""The tree of exceptions, which differs by version, and what maps to what (contract 1.1, 1.2)."""

from collections.abc import Callable

import pytest

from simulator.platforms import Platform

EXPORTED = (
    "VDevice, Device, HEF, HailoRTException, HailoCommunicationClosedException, HailoRTStreamAbortedByUser, "
    "HailoSchedulingAlgorithm, FormatType, FormatOrder, ConfigureParams, InferVStreams, AsyncInferJob, HailoSession"
)


def test_the_package_exports_what_the_vendors_does(either: Platform) -> None:
    for name in EXPORTED.split(", "):
        assert hasattr(either.root, name)
    for name in ("HailoRTTimeout", "HailoRTInvalidOperationException", "HailoRTInvalidArgumentException"):
        assert not hasattr(either.root, name)  # to be had from pyhailort.pyhailort alone
        assert hasattr(either.wrapped, name)
    for name in ("VDevice", "LLM", "VLM", "Speech2Text", "Speech2TextTask"):
        assert hasattr(either.genai, name)
    assert either.root.__version__ == either.raw.__version__
    assert not hasattr(either.genai, "LLMGeneratorCompletion")


def test_a_raw_status_is_no_hailort_exception_on_5_1_1(fresh: Callable[..., Platform]) -> None:
    platform = fresh(version="5.1.1")
    assert not issubclass(platform.raw.HailoRTStatusException, platform.wrapped.HailoRTException)
    assert not issubclass(platform.raw.HailoRTException, platform.wrapped.HailoRTException)


def test_a_raw_status_is_a_hailort_exception_on_5_2_0(fresh: Callable[..., Platform]) -> None:
    platform = fresh(version="5.2.0")
    assert platform.wrapped.HailoRTException is platform.raw.HailoRTException
    assert issubclass(platform.raw.HailoRTStatusException, platform.wrapped.HailoRTException)


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (2, "HailoRTInvalidArgumentException"),
        (4, "HailoRTTimeout"),
        (6, "HailoRTInvalidOperationException"),
        (26, "HailoRTInvalidHEFException"),
        (36, "HailoRTDriverOperationFailedException"),
        (62, "HailoCommunicationClosedException"),
        (93, "HailoRTHEFNotCompatibleWithDevice"),
        (8, "HailoRTException"),
        (74, "HailoRTException"),
        (81, "HailoRTException"),
    ],
)
def test_the_wrapper_maps_a_status_and_keeps_the_raw_one_as_the_cause(either: Platform, status: int, name: str) -> None:
    with pytest.raises(either.wrapped.HailoRTException) as raised, either.wrapped.ExceptionWrapper():
        raise either.raw.HailoRTStatusException(str(status))
    assert type(raised.value) is getattr(either.wrapped, name)
    assert raised.value.__cause__.args == (str(status),)  # type: ignore[union-attr]


def test_an_unmapped_status_is_told_by_number_and_name(platform: Platform) -> None:
    with pytest.raises(platform.wrapped.HailoRTException) as raised, platform.wrapped.ExceptionWrapper():
        raise platform.raw.HailoRTStatusException("74")
    # Contract 12.4: classes of their own have words of their own.
    assert str(raised.value) == "libhailort failed with error: 74 (HAILO_OUT_OF_PHYSICAL_DEVICES)"


def test_the_wrapper_lets_everything_else_pass(platform: Platform) -> None:
    with pytest.raises(KeyError), platform.wrapped.ExceptionWrapper():
        raise KeyError


def test_what_the_chip_could_do_but_the_simulator_does_not_says_so(platform: Platform) -> None:
    for name in ("HEF", "ConfigureParams", "InferVStreams"):
        with pytest.raises(platform.raw.HailoRTStatusException, match="7"):
            getattr(platform.root, name)("x")
