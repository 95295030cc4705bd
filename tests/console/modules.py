"""The page's pure modules in Node.js, which is quicker than a browser."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from harness import PATIENCE_S, ROOT

CONSOLE = ROOT / "src" / "hailo_vision" / "console"
READ = 'import { readFileSync } from "node:fs";\nconst given = JSON.parse(readFileSync(0, "utf8"));\n'


class Modules:
    """Copies of all scripts, as ECMAScript modules."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for script in CONSOLE.glob("*.js"):
            shutil.copy(script, folder)
        (folder / "package.json").write_text('{"type": "module"}')

    def run(self, imports: str, expression: str, given: Any) -> Any:
        """The value of an expression over `given`, with names that `imports` brings: `{ a } from "./b.js"`."""
        script = f"import {imports};\n{READ}console.log(JSON.stringify({expression}));\n"
        (self._folder / "run.js").write_text(script)
        command = ["node", str(self._folder / "run.js")]
        done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, timeout=PATIENCE_S)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
