"""One direction: nnstep needs no screen, and loads nothing heavy before it is needed."""

import json
import pkgutil
import subprocess
import sys

import nnstep


def loaded_after(code: str) -> set[str]:
    script = f"{code}\nimport sys, json; print(json.dumps(sorted(m.partition('.')[0] for m in sys.modules)))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(result.stdout.splitlines()[-1]))


def test_no_module_of_nnstep_loads_a_screen_or_a_framework() -> None:
    modules = [m.name for m in pkgutil.walk_packages(nnstep.__path__, "nnstep.") if "__main__" not in m.name]
    # what numba compiles, and what calls it: imported at the first run alone
    for name in ("kernels", "layer_kernels", "compiled_layers", "compiled_optimizers"):
        modules.remove(f"nnstep.engines.{name}")
    apart = ("nnstep.frameworks.torch_", "nnstep.frameworks.keras_")  # imported by who asks for that framework
    modules = [name for name in modules if not name.startswith(apart)]
    modules.remove("nnstep.wars.cluster_joblib")  # needs the extra cluster: imported for a contest on one alone
    modules.remove("nnstep.wars.local_joblib")  # imported when a contest begins
    assert "nnstep.stepping" in modules
    loaded = loaded_after("import " + ", ".join(modules))
    assert not loaded & {
        "textual",
        "rich",
        "nnstep_tui",
        "keras",
        "jax",
        "torch",
        "numba",
        "PIL",
        "joblib",
        "distributed",
    }


def test_the_parser_does_not_wait_for_numpy() -> None:
    assert not loaded_after("import nnstep.cli; nnstep.cli.make_parser()") & {"numpy", "rich", "textual"}
