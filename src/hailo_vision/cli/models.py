"""`hailo-vision models list|pull|verify|remove`: download and manage the models on the disk."""

import argparse
import json
import os
import pwd
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from hailo_vision.cli import BAD_CONFIG, FAILED, INTERRUPTED
from hailo_vision.cli.named_model import fetch, files_named, name_of
from hailo_vision.config import load
from hailo_vision.config.data_folder import in_data_folder
from hailo_vision.config.model_files import READS
from hailo_vision.config.served import as_one_model, served
from hailo_vision.config.settings import Settings
from hailo_vision.config.write_yaml import written
from hailo_vision.errors import ConfigError, ModelError, ModelFault
from hailo_vision.models import listing
from hailo_vision.models.catalogue import CATALOGUE, GGUF, ModelFile, builds, fits
from hailo_vision.models.events import Event
from hailo_vision.models.hub import PREFIX
from hailo_vision.models.part import delete
from hailo_vision.models.progress import Printer
from hailo_vision.models.projector import with_projector
from hailo_vision.models.pull import Pulled
from hailo_vision.models.records import Origin
from hailo_vision.models.release import Release, runtime_release
from hailo_vision.models.store import ModelPath, disk_errors, model_path, model_paths
from hailo_vision.models.verify import Verdict, verify

SERVICE = "hailo-vision"  # the name of the unit and of its user


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsFolder:
    """The folder of the models, and which file the configuration names."""

    settings: Settings

    @property
    def configured(self) -> Path:
        return Path(os.path.abspath(as_one_model(self.settings).model.hef))

    @property
    def names_a_hef(self) -> bool:
        """Whether `configured` is meant: a list of models may have none for the chip."""
        models = self.settings.models
        return not models or any("hef" in READS[runtime] for runtime in models[0].engine)

    @property
    def folder(self) -> Path:
        return self.configured.parent

    def release(self) -> Release | None:
        """The installed runtime's, where it can be told."""
        try:
            return runtime_release(as_one_model(self.settings))
        except ModelError:
            return None

    def is_configured(self, path: Path) -> bool:
        engines = [engine for model in served(self.settings) for engine in model.engines]
        files = [engine.hef for engine in engines]
        for llama in (with_projector(engine.llama) for engine in engines):
            files += [llama.model, *filter(None, [llama.mmproj])]
        return str(path) in (os.path.abspath(file) for file in files)

    def named(self, name: str) -> tuple[ModelPath, ...]:
        """Returns the paths of a model's files, or of one file in the folder."""
        if name.startswith(PREFIX):
            if pulled := [path for path in model_paths(self.folder) if path.origin and path.origin.model == name]:
                return tuple(pulled)
            raise ModelError(ModelFault.NOT_ON_DISK, f"{name} is not in {self.folder}.")
        if os.sep in name or any(os.path.lexists(self.folder / file) for file in (name, f"{name}.part")):
            return (model_path(self.folder, name),)
        files = dict.fromkeys(file.file for file in builds(CATALOGUE, name))
        return tuple(model_path(self.folder, file) for file in files)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="models_verb", metavar="VERB", required=True)
    config = argparse.ArgumentParser(add_help=False)
    config.add_argument("--config", type=Path, metavar="FILE", help="as for serve: model.hef in it names the folder")

    lists = verbs.add_parser("list", parents=[config], help="show the models, and which are on the disk")
    lists.add_argument("--json", action="store_true", help="for programs")
    lists.set_defaults(do=_list)

    pulls = verbs.add_parser(
        "pull",
        parents=[config],
        help="download a model: the file that fits the installed HailoRT, or those for llama.cpp",
    )
    pulls.add_argument("name", metavar="MODEL", help="a model of the list, or hf:OWNER/REPO[:QUANT]")
    pulls.add_argument("--release", metavar="X.Y.Z", help="for this release of HailoRT instead of the installed one")
    pulls.add_argument(
        "--mirror",
        metavar="URL",
        help="download from there instead of from the vendor's host (default: $HAILO_VISION_MIRROR; "
        "$HF_ENDPOINT for models of llama.cpp)",
    )
    pulls.add_argument("--force", action="store_true", help="replace the file that is there")
    pulls.set_defaults(do=_pull)

    verifies = verbs.add_parser("verify", parents=[config], help="read what is on the disk and check it")
    verifies.add_argument("name", nargs="?", metavar="MODEL", help="a model, or a file of the folder (default: all)")
    verifies.set_defaults(do=_verify)

    removes = verbs.add_parser("remove", parents=[config], help="delete a model from the disk")
    removes.add_argument("name", metavar="MODEL", help="a model, or a file of the folder")
    removes.add_argument("--yes", action="store_true", help="do not ask")
    removes.set_defaults(do=_remove)


def run(arguments: argparse.Namespace) -> int:
    try:
        path = arguments.config or load.find()
        folder = ModelsFolder(settings=in_data_folder(load.load(path) if path else Settings()))
    except ConfigError as error:
        is_closed = path is not None and os.path.exists(path) and not os.access(path, os.R_OK)
        closed = f"{path} can't be read by you. Run this as the service's user:  {_as_one_who_may()}"
        print(closed if is_closed else load.describe(error), file=sys.stderr)
        return BAD_CONFIG
    try:
        code: int = arguments.do(arguments, folder)
    except ModelError as error:
        print(f"hailo-vision models: {listing.shown(str(error))}", file=sys.stderr)
        if error.fault is ModelFault.NO_PERMISSION:
            print(f"Run it as one who may:  {_as_one_who_may()}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


def _list(arguments: argparse.Namespace, folder: ModelsFolder) -> int:
    models, release, configured = model_paths(folder.folder), folder.release(), folder.configured
    table = listing.rows(CATALOGUE, models, release, configured)
    others = listing.strangers(CATALOGUE, models)
    if arguments.json:
        version = release.version if release else None
        head = {"folder": str(folder.folder), "configured": str(configured), "release": version}
        print(json.dumps(head | listing.as_json(table, others, configured), indent=2))
        return 0
    runtime = f"HailoRT {release.version} (says {release.source})" if release else "no HailoRT found"
    print(f"{folder.folder}, {runtime}\n\n{listing.as_text(table, others, configured)}")
    if folder.names_a_hef and not configured.is_file():
        print(f"\n{configured}, which the configuration names, is not there: hailo-vision models pull NAME")
    return 0


def _pull(arguments: argparse.Namespace, folder: ModelsFolder) -> int:
    settings = as_one_model(folder.settings)
    files = files_named(arguments.name, settings, arguments.release, arguments.mirror)
    for file in files:
        code = _pull_one(file, arguments, folder)
        if code:
            return code
    if files[0].release == GGUF and not folder.is_configured(folder.folder / files[0].file):
        print(_lines_that_serve(files[0], folder), end="")
    return 0


def _lines_that_serve(file: ModelFile, folder: ModelsFolder) -> str:
    """The lines of a configuration that serve a model for llama.cpp; its projector is found beside it."""
    name, path = name_of(file), str(folder.folder / file.file)
    command = f"hailo-vision serve --model {shlex.quote(file.model)}"
    if folder.settings.models:
        lines = written({"models": [{"name": name, "engine": "llama", "file": path}]})
        return f"To try it:  {command}\nTo serve it, add it to the list of the configuration:\n\n{lines}"
    lines = written({"device": {"runtime": "llama"}, "model": {"name": name}, "llama": {"model": path}})
    return f"To try it:  {command}\nTo serve it, the configuration says:\n\n{lines}"


def _pull_one(file: ModelFile, arguments: argparse.Namespace, folder: ModelsFolder) -> int:
    try:
        pulled = fetch(file, folder.folder, mirror=arguments.mirror, force=arguments.force)
    except KeyboardInterrupt:
        kept = model_path(folder.folder, file.file).part_bytes
        more = f"{listing.size(kept)} are kept: the same command goes on from there." if kept else "Nothing was kept."
        print(f"Stopped. {more}", file=sys.stderr)
        return INTERRUPTED
    print(_what_now(pulled, folder, knows_hash=file.sha256 is not None))
    return 0


def _what_now(pulled: Pulled, folder: ModelsFolder, *, knows_hash: bool) -> str:
    path, origin = pulled.model.path, pulled.origin
    if not pulled.fetched:
        return f"{path} is there already, for {_runtime(origin.release)}. To download it again: --force"
    checked = "size, header and hash" if knows_hash else "size and header; the vendor publishes no hash"
    lines = [
        f"{path} is there, for {_runtime(origin.release)}: {origin.size_bytes:,} bytes (checked: {checked})",
        f"SHA-256 {origin.sha256}",
    ]
    if folder.is_configured(path):
        lines.append(f"For a running service to use it:  sudo systemctl restart {SERVICE}")
    elif origin.release != GGUF and folder.settings.models:
        lines.append(f"To use it, name {path} as the file of a model of the list `models`.")
    elif origin.release != GGUF:
        lines.append(f"The configuration names {folder.configured}. To use this one, set model.hef to {path}.")
    return "\n".join(lines)


def _runtime(release: str) -> str:
    return "llama.cpp" if release == GGUF else f"HailoRT {release}"


def _verify(arguments: argparse.Namespace, folder: ModelsFolder) -> int:
    models = on_disk(folder, arguments.name)
    release = folder.release()
    verdicts = [_verdict(model) for model in models]
    for verdict in verdicts:
        print(_sentence(verdict, release))
    return FAILED if any(verdict.faults for verdict in verdicts) else 0


def on_disk(folder: ModelsFolder, name: str | None) -> list[ModelPath]:
    """Returns the files to check: those of one model, or all. Raises ModelError where there is none."""
    chosen = folder.named(name) if name else model_paths(folder.folder)
    with disk_errors(folder.folder):
        for model in chosen:
            if model.is_blocked:
                remove = f"hailo-vision models remove {model.path.name}"
                message = f"{model.path} is no regular file. Remove it with: {remove}"
                raise ModelError(ModelFault.IN_THE_WAY, message)
        if models := [model for model in chosen if model.size_bytes is not None]:
            return models
    subject = chosen[0].path.name if name else "A model"
    message = f"{subject} is not in {folder.folder}. Get it with: hailo-vision models pull NAME"
    raise ModelError(ModelFault.NOT_ON_DISK, message)


def _verdict(model: ModelPath) -> Verdict:
    printer = Printer(sys.stderr)
    show = printer.show if sys.stderr.isatty() else _keep_quiet
    try:
        with disk_errors(model.path.parent):
            return verify(model, CATALOGUE, show)
    finally:
        printer.end()


def _sentence(verdict: Verdict, release: Release | None) -> str:
    name, origin = listing.shown(verdict.model.path.name), verdict.origin
    if verdict.faults:
        replace = f"hailo-vision models pull {origin.model if origin else 'NAME'} --force"
        return f"{name} {', and '.join(verdict.faults)}. Replace it:  {replace}"
    if verdict.compared_with:
        sentence = f"{name} is good: size and header are right, and the hash is that of {verdict.compared_with}."
    else:
        sentence = f"{name}: size and header are right; no published hash to compare. SHA-256 {verdict.sha256}"
    if origin and release and not _is_for(origin, release):
        sentence += f" But it is for HailoRT {origin.release}, and {release.version} is installed: pull it again."
    return sentence


def _is_for(origin: Origin, release: Release) -> bool:
    """Whether a pull for the installed release would bring this file again."""
    if origin.release in (release.version, GGUF):
        return True
    return any(
        fits(file, CATALOGUE, release.version)
        for file in CATALOGUE
        if (file.model, file.release) == (origin.model, origin.release)
    )


def _remove(arguments: argparse.Namespace, folder: ModelsFolder) -> int:
    for model in folder.named(arguments.name):
        code = _remove_one(model, arguments, folder)
        if code:
            return code
    return 0


def _remove_one(model: ModelPath, arguments: argparse.Namespace, folder: ModelsFolder) -> int:
    with disk_errors(folder.folder):
        is_there = any(map(_stands, (model.path, model.part)))
    if not is_there:
        raise ModelError(ModelFault.NOT_ON_DISK, f"{model.path.name} is not in {folder.folder}.")
    path = listing.shown(str(model.path))
    if model.path.is_dir() and not model.path.is_symlink():
        raise ModelError(ModelFault.IN_THE_WAY, f"{path} is a folder, and no model: it is left to you to remove it.")
    if folder.is_configured(model.path):
        print(f"{path} is the configured model: without it the service can't start again.", file=sys.stderr)
    if not arguments.yes and not _agreed(model, path):
        return FAILED
    with disk_errors(folder.folder):
        delete(model)
    print(f"{path} is removed")
    return 0


def _stands(path: Path) -> bool:
    """Whether anything has this path. Raises OSError for a folder that is closed, where os.path.lexists says no."""
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    return True


def _agreed(model: ModelPath, path: str) -> bool:
    if not sys.stdin.isatty():
        print(f"Nobody is there to ask. To delete {path} all the same: --yes", file=sys.stderr)
        return False
    size = listing.size(model.size_bytes or model.part_bytes)
    return input(f"Delete {path} ({size})? [y/N] ").strip().lower() in ("y", "yes")


def _keep_quiet(_: Event) -> None:
    pass


def _as_one_who_may() -> str:
    """Returns this command as the user that owns the folder runs it; as root where the service is not installed."""
    try:
        user = f"-u {pwd.getpwnam(SERVICE).pw_name} "
    except KeyError:
        user = ""
    return f"sudo {user}hailo-vision {shlex.join(sys.argv[1:])}"
