"""The likeliest tools are found by the words of the question, in English and in German."""

import pytest
from loaded_models import QWEN2_VL
from offered_tools import COMMANDS, TOOL_SETS, tools_of

from hailo_vision.chat import ChatRequest, ImageRef, Sampling, Text, Tool, ToolCall, ToolResult, Turn
from hailo_vision.generate.ranking import last_said, ranked, used
from hailo_vision.generate.requirements import requirements_of
from hailo_vision.generate.tool_budget import tool_budget
from hailo_vision.generate.words import stem, terms, topics, words

SETS = {name: tools_of(functions) for name, functions in TOOL_SETS.items()}
MODEL = QWEN2_VL


def shown_for(command: dict[str, str], *, taken_tokens: int) -> set[str]:
    """The names of the tools that a prompt has whose system turn takes about so many tokens."""
    system: Turn[ImageRef] = Turn(role="system", parts=(Text(text="word " * taken_tokens),))
    user: Turn[ImageRef] = Turn(role="user", parts=(Text(text=command["command"]),))
    request = ChatRequest(
        model="m", turns=(system, user), sampling=Sampling(), max_tokens=512, tools=SETS[command["tools"]]
    )
    requirements = requirements_of(request)
    assert requirements is not None
    budget = tool_budget(request, requirements, MODEL, is_native=False)
    return {tool.name for tool in budget.fitted(requirements).offered}


def test_the_list_has_fifty_commands_of_each_language_for_both_applications() -> None:
    counts = {(each["language"], each["tools"]) for each in COMMANDS}
    assert len(COMMANDS) == len({each["command"] for each in COMMANDS}) == 100
    assert sum(each["language"] == "de" for each in COMMANDS) == 50
    assert counts == {(language, tools) for language in ("en", "de") for tools in ("home_assistant", "open_webui")}


@pytest.mark.parametrize("taken_tokens", [300, 1000, 1350])
def test_the_right_tool_is_among_those_shown_for_95_of_100_commands(taken_tokens: int) -> None:
    found = [each["tool"] in shown_for(each, taken_tokens=taken_tokens) for each in COMMANDS]
    assert sum(found) >= 95


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_right_tool_is_among_the_six_likeliest_in_each_language(language: str) -> None:
    commands = [each for each in COMMANDS if each["language"] == language]
    found = [
        each["tool"] in [tool.name for tool in ranked(SETS[each["tools"]], (each["command"],))[:6]] for each in commands
    ]
    assert sum(found) >= 0.95 * len(commands)


def test_where_no_word_fits_the_client_s_order_stays() -> None:
    assert ranked(SETS["open_webui"], ("xyzzy",)) == SETS["open_webui"]
    assert ranked(SETS["open_webui"], ()) == SETS["open_webui"]


def test_the_last_words_count_more_than_those_before() -> None:
    tools = tuple(Tool(name=name, description="", parameters={}) for name in ("set_light", "play_music", "get_weather"))
    assert ranked(tools, ("Is there light?", "And music?"))[0].name == "play_music"
    assert ranked(tools, ("Is there light?", "Yes, please."))[0].name == "set_light"


def test_what_the_user_said_is_words_alone_and_not_what_a_tool_gave_back() -> None:
    turns: list[Turn[ImageRef]] = [
        Turn(role="system", parts=(Text(text="Be kind."),)),
        Turn(role="user", parts=(Text(text="Light on!"),)),
        Turn(role="assistant", parts=(ToolCall(id="a", name="set_light", arguments="{}"),)),
        Turn(role="user", parts=(ToolResult(call_id="a", text="done"),)),
    ]
    assert last_said(turns) == ("Light on!",)
    assert used(turns) == {"set_light"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("HassTurnOn", ["hass", "turn", "on"]),
        ("search_knowledge-bases", ["search", "knowledge", "bases"]),
        ("Öffne die Straße 7!", ["offne", "die", "strasse", "7"]),
    ],
)
def test_names_and_sentences_are_split_into_words(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_forms_of_a_word_have_one_stem_and_words_of_one_meaning_one_topic() -> None:
    assert stem("notes") == stem("note")
    assert stem("dimmen") == stem("dimme") == stem("dim")
    assert topics("einkaufsliste") == ("#shopping",)
    assert "#list" in topics("packliste")
    assert set(terms("Open the blinds")) & set(terms("Öffne die Rollläden")) >= {"#on", "#cover"}


def test_a_compound_has_the_topics_of_its_parts_and_what_is_longer_than_any_word_has_none() -> None:
    assert "#list" in topics("wunschliste")
    assert topics("x" * 2000 + "liste") == ()
