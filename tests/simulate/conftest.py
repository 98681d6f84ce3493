"""Demos that several tests read, written once."""

import pytest

from mlops_tui.simulate import write


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    """Gives what `write` gave back for a seed's demo with 60,000 decisions, and the progress it told."""
    made = {}

    def result(seed):
        if seed not in made:
            told = []
            folder = tmp_path_factory.mktemp("demo") / str(seed)
            made[seed] = write(folder, seed=seed, rows=60_000, say=lambda text, share: told.append((text, share))), told
        return made[seed]

    return result


@pytest.fixture(scope="session")
def demos(results):
    """Gives the folder of a seed's demo with 60,000 decisions."""
    return lambda seed: results(seed)[0].root
