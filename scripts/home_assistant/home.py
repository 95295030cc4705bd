"""Home Assistant by its REST API, as its pages use it: a first user, integrations, a conversation, an AI task."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

PATIENCE_S = 120.0
FLOWS = "/api/config/config_entries/flow"
SUBENTRIES = "/api/config/config_entries/subentries/flow"


class Home:
    """A Home Assistant that has just been started, and its first user's token once there is one."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._token: str | None = None

    def is_up(self) -> bool:
        try:
            return isinstance(self.ask("/api/onboarding"), list)
        except OSError:
            return False

    def ask(self, path: str, body: Any = None, *, is_form: bool = False) -> Any:
        """The JSON that a GET, or a POST of a body, is answered by; an error has the response's text."""
        data = None if body is None else (urllib.parse.urlencode(body) if is_form else json.dumps(body)).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded" if is_form else "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(self.url + path, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
                return json.loads(response.read())
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"{path}: {error.code} {error.read().decode()[:500]}") from error

    def wait_for(self, what: str, condition: Callable[[], Any]) -> Any:
        """The condition's first true value."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if value := condition():
                return value
            time.sleep(0.2)
        raise AssertionError(f"waited in vain for {what}")

    def onboard(self) -> None:
        """Make the first user and log in."""
        client = {"client_id": f"{self.url}/"}
        person = {"name": "Test", "username": "test", "password": "test", "language": "en"}
        code = self.ask("/api/onboarding/users", {**client, **person})["auth_code"]
        grant = {**client, "grant_type": "authorization_code", "code": code}
        self._token = self.ask("/auth/token", grant, is_form=True)["access_token"]

    def fill(self, flows: str, handler: Any, **fields: Any) -> Any:
        """Go through the one form of a set-up dialog."""
        form = self.ask(flows, {"handler": handler})
        assert form["type"] == "form", form
        done = self.ask(f"{flows}/{form['flow_id']}", fields)
        assert done["type"] == "create_entry", done
        return done

    def add(self, integration: str, **fields: Any) -> str:
        """Add an integration; its entry's id."""
        return str(self.fill(FLOWS, integration, **fields)["result"]["entry_id"])

    def add_service(self, entry: str, kind: str, prefix: str, **fields: Any) -> str:
        """Add a conversation agent or an AI task to an integration; the entity that it becomes."""

        def loaded() -> bool:
            entries = self.ask("/api/config/config_entries/entry")
            return any(each["entry_id"] == entry and each["state"] == "loaded" for each in entries)

        before = set(self.entities(prefix))
        self.wait_for("the integration", loaded)
        self.fill(SUBENTRIES, [entry, kind], **fields)
        return str(self.wait_for(f"an entity {prefix}", lambda: next(iter(set(self.entities(prefix)) - before), "")))

    def entities(self, prefix: str) -> dict[str, str]:
        """The state of each entity whose id begins so."""
        return {
            each["entity_id"]: each["state"] for each in self.ask("/api/states") if each["entity_id"].startswith(prefix)
        }
