"""Dockerfiles: linted, and carried out without an engine.

The instructions run in an empty folder that stands for the image's file system, with
nothing of this process's environment: a RUN line as it is written, with the image's
absolute paths moved below that folder. What an engine alone can show (the base image
itself, the user, the file modes) is not shown here.
"""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from importlib.metadata import requires
from pathlib import Path

import httpx
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
IMAGES = sorted((ROOT / "deployments" / "images").glob("*.Dockerfile"))
PLACES = re.compile(r"(?<![\w./])/(?=(?:opt|build|app|var/lib/assay)(?:/|\s|:|$|\"))")
ROOT_ONLY = ("groupadd", "useradd")


@dataclass
class Stage:
    """One stage of a Dockerfile: base, name, instructions in order."""

    base: str
    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def last(self, word: str) -> str | None:
        return next((rest for kind, rest in reversed(self.steps) if kind == word), None)


def stages(path: Path) -> list[Stage]:
    found: list[Stage] = []
    text = path.read_text().replace("\\\n", " ")
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        word, rest = line.split(maxsplit=1)
        if word == "FROM":
            parts = rest.split()
            found.append(Stage(parts[0], parts[2] if len(parts) > 1 else ""))
        else:
            found[-1].steps.append((word, rest.strip()))
    return found


@pytest.mark.parametrize("path", IMAGES, ids=lambda path: path.stem)
class TestLint:
    """What a linter of Dockerfiles asks, and the house."""

    def test_bases_are_pinned_to_a_patch_version(self, path):
        for stage in stages(path):
            assert re.fullmatch(r"[\w./\-]+:\d+\.\d+\.\d+[\w.\-]*", stage.base)

    def test_the_last_stage_has_user_health_and_command(self, path):
        last = stages(path)[-1]
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", last.last("USER"))
        assert "CMD [" in last.last("HEALTHCHECK")
        assert json.loads(last.last("CMD"))
        users = [n for n, (word, _) in enumerate(last.steps) if word == "USER"]
        assert not [w for w, _ in last.steps[users[-1] :] if w in ("RUN", "COPY", "ADD")]

    def test_there_is_a_build_stage_and_no_installer_in_the_last(self, path):
        build, last = stages(path)
        assert build.name == "build"
        assert not [rest for word, rest in last.steps if word == "RUN" and "pip" in rest]

    def test_nothing_secret_and_nothing_remote_goes_in(self, path):
        for stage in stages(path):
            assert not stage.last("ADD")
            for word, rest in stage.steps:
                if word in ("ENV", "ARG"):
                    assert not re.search(r"PASSWORD|SECRET|TOKEN|_KEY", rest)
                assert not re.search(r"curl|wget|https?://(?!127\.0\.0\.1)", rest)

    def test_packages_come_from_the_locks_with_hashes(self, path):
        runs = [rest for word, rest in stages(path)[0].steps if word == "RUN"]
        installs = [run for run in runs if "pip install" in run]
        assert installs
        for run in installs:
            assert "--require-hashes" in run or "locks/torch.txt" in run

    def test_what_is_copied_exists_and_is_in_the_context(self, path):
        ignored = (ROOT / ".dockerignore").read_text().splitlines()
        opened = {line[1:] for line in ignored if line.startswith("!")}
        for stage in stages(path):
            for word, rest in stage.steps:
                if word != "COPY" or rest.startswith("--from"):
                    continue
                for source in rest.split()[:-1]:
                    assert (ROOT / source).exists(), source
                    parents = {source, *map(str, Path(source).parents)}
                    assert parents & opened, f"{source} is kept out by .dockerignore"

    def test_no_model_is_baked_in(self, path):
        text = path.read_text()
        assert ".onnx" not in text
        assert "/bundles" not in text


def test_secrets_and_data_stay_out_of_the_build_context():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    kept = [line for line in lines if line and not line.startswith("#")]
    assert kept[0] == "*"
    assert "**/.env" in kept
    assert kept.index("data/*") < kept.index("!data/contracts")


def test_the_serving_lock_holds_no_training_library():
    locked = (ROOT / "locks" / "serving.txt").read_text()
    names = set(re.findall(r"^([a-z0-9\-]+)==", locked, re.MULTILINE))
    assert {"onnxruntime", "tokenizers"} <= names
    heavy = {"prefect", "pandas", "scikit-learn", "mlflow", "mlflow-skinny", "sqlalchemy"}
    heavy |= {"torch", "transformers"}
    assert not names & heavy


@pytest.mark.parametrize("lock", ["serving", "flows"])
def test_a_lock_holds_all_that_its_packages_ask_for(lock):
    text = (ROOT / "locks" / f"{lock}.txt").read_text()
    names = set(re.findall(r"^([a-z0-9\-]+)==", text, re.MULTILINE))
    wanting = []
    for name in sorted(names):
        for line in requires(name) or ():
            asked = Requirement(line)
            if asked.marker is not None and not asked.marker.evaluate({"extra": ""}):
                continue
            if canonicalize_name(asked.name) not in names | {"torch"}:
                wanting.append(f"{name} asks for {asked.name}")
    assert not wanting


def installer_environment() -> dict[str, str]:
    """Return where packages come from on this machine, for pip and for uv."""
    found = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("PIP_", "UV_")) or name.endswith("_CERT_FILE")
    }

    def configured(key: str) -> str:
        command = [sys.executable, "-m", "pip", "config", "get", f"global.{key}"]
        return subprocess.run(
            command, capture_output=True, text=True, check=False
        ).stdout.strip()

    for key, name in (
        ("find-links", "UV_FIND_LINKS"),
        ("index-url", "UV_DEFAULT_INDEX"),
        ("cert", "SSL_CERT_FILE"),
    ):
        if name not in found and configured(key):
            found[name] = configured(key).replace(" ", ",")
    return found


class Image:
    """A Dockerfile carried out below `root`."""

    def __init__(self, path: Path, root: Path) -> None:
        self.root = root
        self.variables: dict[str, str] = {}
        self.workdir = root
        self.base_path = f"{sys.base_prefix}/bin:/usr/bin:/bin"
        self.cache = Path(os.environ.get("UV_CACHE_DIR", Path.home() / ".cache" / "uv"))
        for stage in stages(path):
            self.variables = {}
            self.workdir = root
            for word, rest in stage.steps:
                getattr(self, f"do_{word.lower()}", self.nothing)(rest)
        self.command = json.loads(stages(path)[-1].last("CMD"))

    def moved(self, text: str) -> str:
        return PLACES.sub(f"{self.root}/", text)

    def nothing(self, rest: str) -> None:
        """USER, EXPOSE, HEALTHCHECK and the like leave no file."""

    def do_workdir(self, rest: str) -> None:
        self.workdir = Path(self.moved(rest))
        self.workdir.mkdir(parents=True, exist_ok=True)

    def do_env(self, rest: str) -> None:
        name, _, value = rest.partition("=")
        self.variables[name] = self.moved(value)

    def do_copy(self, rest: str) -> None:
        *sources, target = rest.split()
        if sources[0].startswith("--from"):
            assert sources[1:] == [target], "stages share one file system here"
            return
        into = self.workdir / target
        for source in sources:
            path = ROOT / source
            if path.is_dir():
                ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
                shutil.copytree(path, into, ignore=ignored)
            elif target.endswith("/"):
                into.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, into)
            else:
                shutil.copy(path, into)

    def do_run(self, rest: str) -> None:
        if rest.startswith(ROOT_ONLY):
            (self.root / "var/lib/assay").mkdir(parents=True, exist_ok=True)
            return
        environment = {
            "PATH": self.base_path,
            "HOME": str(self.root),
            "UV_CACHE_DIR": str(self.cache),
            **installer_environment(),
        }
        done = subprocess.run(
            ["/bin/sh", "-ec", self.moved(rest)],
            cwd=self.workdir,
            env=environment,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        assert done.returncode == 0, (
            f"{rest}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        )

    def environment(self, **more: str) -> dict[str, str]:
        found = dict(self.variables) | more
        found["PATH"] = self.variables["PATH"].replace("/usr/local/bin", self.base_path)
        return found

    def run(self, *command: str, **more: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [shutil.which(command[0], path=self.variables["PATH"]), *command[1:]],
            cwd=self.workdir,
            env=self.environment(**more),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self, command: list[str], log: Path, **more: str) -> subprocess.Popen:
        found = shutil.which(command[0], path=self.variables["PATH"])
        with log.open("w") as out:
            return subprocess.Popen(
                [found, *command[1:]],
                cwd=self.workdir,
                env=self.environment(**more),
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def end(process: subprocess.Popen) -> None:
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def answer(
    process: subprocess.Popen, log: Path, url: str, seconds: float, **headers: str
):
    finish = time.monotonic() + seconds
    while time.monotonic() < finish:
        assert process.poll() is None, log.read_text()[-4000:]
        try:
            return httpx.get(url, headers=headers, timeout=3, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail(f"{url} did not answer:\n{log.read_text()[-4000:]}")


def named(name: str) -> Path:
    return ROOT / "deployments" / "images" / f"{name}.Dockerfile"


@pytest.mark.slow
def test_the_serving_image_installs_and_answers(tmp_path):
    image = Image(named("serving"), tmp_path / "image")
    listed = image.run(
        "python",
        "-c",
        "from importlib.metadata import distributions as d;"
        "print(*sorted(x.name.lower() for x in d()))",
    ).stdout.split()
    assert "fastapi" in listed
    installer = str(image.root / "opt/installer/bin/uv")
    checked = subprocess.run(
        [installer, "pip", "check", "--python", str(image.root / "opt/assay/bin/python")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert not {"prefect", "pandas", "scikit-learn", "mlflow", "scipy"} & set(listed)
    port = free_port()
    log = tmp_path / "serving.log"
    more = {"ASSAY_API_PORT": str(port), "ASSAY_MLFLOW_URL": "http://127.0.0.1:9"}
    process = image.start(image.command, log, **more)
    try:
        base = f"http://127.0.0.1:{port}"
        assert answer(process, log, f"{base}/live", 60).json() == {"status": "live"}
        ready = answer(process, log, f"{base}/ready", 10)
        assert ready.status_code == 503
        assert "credit_default" in ready.text
        check = stages(named("serving"))[-1].last("HEALTHCHECK").split("CMD ", 1)[1]
        probe = [part.replace(":8000", f":{port}") for part in json.loads(check)]
        assert image.run(*probe).returncode == 0
    finally:
        end(process)
    assert image.run(*probe).returncode != 0


@pytest.fixture(scope="module")
def flows_image(tmp_path_factory):
    folder = tmp_path_factory.mktemp("flows")
    yield Image(named("flows"), folder / "image")
    shutil.rmtree(folder)  # more than a gigabyte


def compose_command(name: str) -> list[str]:
    import yaml

    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return compose["services"][name]["command"]


@pytest.mark.slow
def test_the_flows_image_starts_the_mlflow_server(flows_image, tmp_path):
    import yaml

    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    hosts = compose["services"]["mlflow"]["environment"]["MLFLOW_SERVER_ALLOWED_HOSTS"]
    port = free_port()
    command = [
        str(port) if part == "5000" else part for part in compose_command("mlflow")
    ]
    log = tmp_path / "mlflow.log"
    process = flows_image.start(
        command,
        log,
        MLFLOW_BACKEND_STORE_URI=f"sqlite:///{tmp_path}/mlflow.db",
        MLFLOW_ARTIFACTS_DESTINATION=str(tmp_path / "artifacts"),
        MLFLOW_SERVER_ALLOWED_HOSTS=hosts,
    )
    try:
        base = f"http://127.0.0.1:{port}"
        assert answer(process, log, f"{base}/health", 400).status_code == 200
        route = f"{base}/api/2.0/mlflow/registered-models/search?max_results=1"
        assert answer(process, log, route, 10, Host="mlflow:5000").status_code == 200
        assert answer(process, log, route, 10, Host="evil.example").status_code == 403
    finally:
        end(process)


@pytest.mark.slow
def test_the_flows_image_starts_prefects_server_and_worker(flows_image, tmp_path):
    port, health = free_port(), free_port()
    command = [
        str(port) if part == "4200" else part for part in compose_command("prefect")
    ]
    log = tmp_path / "prefect.log"
    database = f"sqlite+aiosqlite:///{tmp_path}/prefect.db"
    server = flows_image.start(
        command, log, PREFECT_SERVER_DATABASE_CONNECTION_URL=database
    )
    api = f"http://127.0.0.1:{port}/api"
    try:
        assert answer(server, log, f"{api}/health", 400).status_code == 200
        worker_log = tmp_path / "worker.log"
        worker = flows_image.start(
            flows_image.command,
            worker_log,
            PREFECT_API_URL=api,
            PREFECT_WORKER_WEBSERVER_PORT=str(health),
        )
        try:
            url = f"http://127.0.0.1:{health}/health"
            assert answer(worker, worker_log, url, 300).status_code == 200
        finally:
            end(worker)
    finally:
        end(server)


@pytest.mark.slow
def test_the_cuda_image_installs_torch_beside_the_locked_packages(tmp_path):
    image = Image(named("cuda"), tmp_path / "image")
    locked = (ROOT / "locks" / "torch.txt").read_text().split("==")[1].strip()
    code = "import torch, prefect, flows; print(torch.__version__)"
    done = image.run("python", "-c", code)
    assert done.stdout.startswith(locked), done.stderr
    assert image.run("prefect", "version").returncode == 0
    shutil.rmtree(image.root)


def test_only_known_instructions_are_used():
    known = {
        *("COPY", "RUN", "WORKDIR", "ENV", "USER", "EXPOSE", "HEALTHCHECK", "CMD"),
        "STOPSIGNAL",
    }
    for path in IMAGES:
        used = {word for stage in stages(path) for word, _ in stage.steps}
        assert used <= known
        for stage in stages(path):
            assert all(shlex.split(rest) for word, rest in stage.steps if word == "RUN")
