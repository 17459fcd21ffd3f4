from pathlib import Path

import pytest

from nnstep.data import load_data
from nnstep.errors import NnstepError
from nnstep.wars.contest import Contest, jobs_of
from nnstep.wars.contest_file import Overrides, read_contest

SAMPLES = Path(__file__).parents[2] / "samples" / "wars"


def contest(tmp_path: Path, text: str, **overrides: object) -> Contest:
    path = tmp_path / "contest.toml"
    path.write_text(text)
    return read_contest(str(path), Overrides(**overrides))  # type: ignore[arg-type]


def test_a_contender_says_what_the_options_say_and_the_rest_is_as_usual(tmp_path: Path) -> None:
    found = contest(
        tmp_path,
        """
        epochs = 3
        [defaults]
        batch-size = 8
        learning_rate = 0.5
        [[contender]]
        name = "a"
        layers = "784, 16, tanh, 10"
        learning_rate = 1
        """,
    )
    (contender,) = found.contenders
    assert found.name == "contest" and found.data == "samples"
    assert contender.settings["layers"] == "784,16,tanh,10"
    assert contender.settings["learning_rate"] == 1.0 and contender.settings["batch_size"] == 8
    assert contender.settings["loss"] == "mse" and contender.settings["epochs"] == 3
    assert contender.seeds == (0,)
    assert contender.parameters == 784 * 16 + 16 + 16 * 10 + 10


def test_a_grid_has_every_combination_and_names_it_by_what_varies(tmp_path: Path) -> None:
    found = contest(
        tmp_path,
        """
        [grid]
        name = "g"
        layers = "784,{hidden},{activation},10,{activation}"
        activation = ["tanh", "relu"]
        hidden = [4, 8]
        learning_rate = 0.2
        """,
    )
    assert [c.name for c in found.contenders] == ["g tanh 4", "g tanh 8", "g relu 4", "g relu 8"]
    assert found.contenders[1].settings["layers"] == "784,8,tanh,10,tanh"
    assert {c.settings["learning_rate"] for c in found.contenders} == {0.2}


RANDOM = """
[random]
count = 40
seed = {seed}
layers = "784,{{hidden}},{{activation}},10"
activation = ["tanh", "relu"]
hidden = {{ from = 4, to = 6 }}
learning_rate = {{ from = 0.001, to = 0.1, scale = "log" }}
"""


def test_random_values_are_within_their_ranges_and_the_same_for_the_same_seed(tmp_path: Path) -> None:
    found = [c.settings for c in contest(tmp_path, RANDOM.format(seed=3)).contenders]
    assert len(found) == 40
    assert {settings["layers"].split(",")[1] for settings in found} == {"4", "5", "6"}
    assert {settings["layers"].split(",")[2] for settings in found} == {"tanh", "relu"}
    rates = [settings["learning_rate"] for settings in found]
    assert all(0.001 <= rate <= 0.1 for rate in rates)
    assert 10 <= sum(rate < 0.01 for rate in rates) <= 30  # half of them, as the powers are drawn evenly
    assert [c.settings for c in contest(tmp_path, RANDOM.format(seed=3)).contenders] == found
    assert [c.settings for c in contest(tmp_path, RANDOM.format(seed=4)).contenders] != found


@pytest.mark.parametrize(
    ("top", "own", "seeds"),
    [
        ("", "", (0,)),
        ("seed = 7", "", (7,)),
        ("seeds = 3", "", (0, 1, 2)),
        ("seed = 7\nseeds = 2", "", (7, 8)),
        ("seeds = [5, 1]", "", (5, 1)),
        ("seeds = 2", "seed = 4", (4, 5)),
        ("seeds = 2", "seeds = [9]", (9,)),
    ],
)
def test_seeds_are_a_first_one_and_a_number_or_a_list(tmp_path: Path, top: str, own: str, seeds) -> None:
    (contender,) = contest(tmp_path, f'{top}\n[[contender]]\nname = "a"\n{own}\n').contenders
    assert contender.seeds == seeds


def test_options_go_before_the_file(tmp_path: Path) -> None:
    text = 'limit = 5\nepochs = 9\n[[contender]]\nname = "a"\n[[contender]]\nname = "b"\nepochs = 4\n'
    found = contest(tmp_path, text, limit=7, epochs=6, seeds=2, data="mnist")
    assert (found.limit, found.data, found.epochs) == (7, "mnist", 6)
    assert [c.settings["epochs"] for c in found.contenders] == [6, 4]
    assert found.contenders[0].seeds == (0, 1)


def test_seconds_alone_set_no_limit_of_epochs(tmp_path: Path) -> None:
    found = contest(tmp_path, 'seconds = 1.5\n[[contender]]\nname = "a"\n')
    assert found.seconds == 1.5 and found.contenders[0].settings["epochs"] is None


def test_a_network_of_too_many_parameters_is_out_and_has_no_job(tmp_path: Path) -> None:
    text = 'parameters = 10_000\n[[contender]]\nname = "a"\n[[contender]]\nname = "b"\nlayers = "784,10"\n'
    found = contest(tmp_path, text)
    why = found.why_not(found.contenders[0])
    assert why == "it has 109,386 parameters, the budget is 10,000"
    data = load_data("samples", 10, 10)
    assert [job.name for job in jobs_of(found, data)] == ["b"]


def test_the_key_depends_on_settings_data_and_seed_and_not_on_the_name(tmp_path: Path) -> None:
    text = '[[contender]]\nname = "{}"\nlayers = "784,10"\nseeds = 2\nlearning_rate = {}\n'
    some, more = load_data("samples", 10, 10), load_data("samples", 11, 10)
    first, second = jobs_of(contest(tmp_path, text.format("a", 0.1)), some)
    assert first.key != second.key and first.group == second.group
    assert jobs_of(contest(tmp_path, text.format("b", 0.1)), some)[0].key == first.key
    assert jobs_of(contest(tmp_path, text.format("a", 0.2)), some)[0].group != first.group
    assert jobs_of(contest(tmp_path, text.format("a", 0.1)), more)[0].group != first.group


HEAD = '# comment\n[[contender]]\nname = "first"\n\n[[contender]]\nname = "x"\n'


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("epoch = 3\n", 1, "unknown key 'epoch'. Possible: name, data"),
        ("\nepochs = 'many'\n", 2, "epochs expected a whole number, received 'many'"),
        ("epochs = true\n", 1, "epochs expected a whole number, received True"),
        ("epochs = 0\n", 1, "epochs expected 1 or more"),
        ("seconds = -1\n", 1, "seconds expected a number above 0"),
        ("seeds = [1, 1]\n", 1, "seeds expected different whole numbers"),
        ("name = 'empty'\n", 1, "no contender. Possible: [[contender]], [grid] and [random]"),
        (HEAD + "learning_rat = 1\n", 7, "unknown key 'learning_rat'"),
        (HEAD + "shuffle = 1\n", 7, "shuffle expected true or false, received 1"),
        (HEAD + 'layers = "784,10,tanhh"\n', 7, "x: layers '784,10,tanhh', part 3"),
        (HEAD + 'layers = "28x28,conv 4 99x99,flatten,10"\n', 7, "larger than the picture"),
        (HEAD + 'layers = "100,10"\n', 7, "takes 100 inputs"),
        (HEAD + 'layers = "784,5"\n', 7, "gives 5 outputs"),
        (HEAD + "learning_rate = -1\n", 7, "learning rate expected"),
        (HEAD + "batch_size = 0\n", 7, "batch size expected"),
        (HEAD + 'optimizer = "adm"\n', 7, "unknown optimizer 'adm'. Possible: sgd, momentum"),
        (HEAD + 'loss = "l1"\n', 7, "unknown loss 'l1'. Possible: mse"),
        (HEAD + 'init = "zero"\n', 7, "unknown init 'zero'. Possible: lecun"),
        (HEAD + 'dtype = "int"\n', 7, "unknown dtype 'int'. Possible: float64, float32"),
        (HEAD + 'schedule = "cos"\n', 7, "schedule 'cos'"),
        (HEAD + 'augment = "flip"\n', 7, "augment 'flip'"),
        (HEAD + "epochs = 21\n", 7, "21 epochs, but the contest has 20"),
        (HEAD + "hidden = 3\n", 7, "hidden has no place in layers"),
        (HEAD + 'layers = "784,{hidden},10"\n', 7, "hidden is missing"),
        (HEAD + '[[contender]]\nname = "first"\n', 8, "a second contender of the name 'first'; first: "),
        (HEAD + "[[contender]]\nepochs = 2\n", 7, "name is missing"),
        (HEAD + '[defaults]\ninit = "zero"\n', 8, "first: unknown init 'zero'"),
        ("[grid]\nlayers = []\n", 2, "layers expected a list of at least one"),
        ('[grid]\nactivation = ["tanh", 3]\n', 2, "activation expected text in its list, received 3"),
        ('[grid]\nhidden = [1, 2]\nlayers = "784,10"\n', 2, "hidden has no place in layers"),
        ("[random]\nlearning_rate = 1\n", 1, "count is missing"),
        ("[random]\ncount = 2\nlearning_rate = { from = 2, to = 1 }\n", 3, "from and to expected"),
        ("[random]\ncount = 2\n[random.learning_rate]\nfrom = 1\n", 3, "a range has from and to"),
        ('[random]\ncount = 2\ninit = { from = "a", to = "b" }\n', 3, "init is no number"),
        ("[random]\ncount = 2\nbatch_size = { from = 0, to = 1, scale = 'log' }\n", 3, "scale expected linear, or log"),
    ],
)
def test_what_is_wrong_is_said_with_file_line_and_what_is_possible(tmp_path: Path, text, line, words) -> None:
    with pytest.raises(NnstepError) as caught:
        contest(tmp_path, text).check_data(load_data("samples", 5, 5))
    assert f"contest.toml, line {line}: " in str(caught.value)
    assert words in str(caught.value)


def test_a_file_that_is_no_toml_or_is_missing_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(NnstepError, match="no TOML: .*line 1"):
        contest(tmp_path, "epochs 3")
    with pytest.raises(NnstepError, match="cannot be read"):
        read_contest(str(tmp_path / "none.toml"))


def test_a_network_may_be_a_file_beside_the_contest(tmp_path: Path) -> None:
    (tmp_path / "net.toml").write_text(
        'input = 784\nloss = "softmax_cross_entropy"\n[[layer]]\nkind = "affine"\noutputs = 10\n'
    )
    (contender,) = contest(tmp_path, '[[contender]]\nname = "a"\nlayers = "net.toml"\n').contenders
    assert contender.settings["layers"] == "784,10" and contender.settings["loss"] == "softmax_cross_entropy"


def test_the_readmes_contest_can_be_read(tmp_path: Path) -> None:
    readme = (SAMPLES.parents[1] / "README.md").read_text()
    text = readme.split("```toml\n# fight.toml")[1].split("```")[0]
    found = contest(tmp_path, text)
    found.check_data(load_data("samples", 5, 5))
    assert [contender.name for contender in found.contenders] == ["Ada", "Ben"]


def test_names_that_differ_in_blanks_alone_are_one_name(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[[contender]]\nname = 'big one'\nlayers = '784,10'\n[[contender]]\nname = ' big  one'\n")
    with pytest.raises(NnstepError, match="line 5: a second contender of the name 'big one'; first: .*c.toml, line 2"):
        read_contest(str(file))


def test_a_network_that_does_not_fit_into_memory_is_named(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[[contender]]\nname = 'x'\nlayers = '1000000x1000000x1000000,flatten,10'\n")
    with pytest.raises(NnstepError, match="c.toml, line 3: x: this does not fit into memory"):
        read_contest(str(file))


def test_an_impossible_network_file_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "net.toml").write_text('input = "28x28"\n\n[[layer]]\nkind = "conv"\nfilters = 0\n')
    file = tmp_path / "c.toml"
    file.write_text("[[contender]]\nname = 'x'\nlayers = 'net.toml'\n")
    with pytest.raises(NnstepError, match=r"c.toml, line 3: x: .*net.toml, line 5: layer 1 \(conv\): filters expected"):
        read_contest(str(file))
    (tmp_path / "net.toml").unlink()
    with pytest.raises(NnstepError, match=r"c.toml, line 3: x: .*net.toml: cannot be read"):
        read_contest(str(file))


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_the_contests_that_come_along_can_be_read(path: Path) -> None:
    found = read_contest(str(path))
    found.check_data(load_data("samples", 5, 5))
    assert len(found.contenders) >= 6
