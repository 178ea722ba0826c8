#!/usr/bin/env python3
"""Writes studies.json: Sobol points of SciPy; densities, descriptions of domains and importances of Optuna.

    pip install optuna scipy
    python3 Tests/StudiesTests/Goldens/generate.py

Made with Optuna 5.0.0 and SciPy 1.17.
"""
import json
import pathlib

import numpy as np
import optuna
from optuna.distributions import (
    CategoricalDistribution, FloatDistribution, IntDistribution, distribution_to_json)
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator, _ParzenEstimatorParameters
from optuna.samplers._tpe.sampler import default_weights
from scipy.stats import qmc

DOMAINS = {
    "real": FloatDistribution(-2.0, 3.0),
    "logarithmic": FloatDistribution(1e-5, 0.1, log=True),
    "stepped": FloatDistribution(0.0, 1.0, step=0.25),
    "whole": IntDistribution(1, 9, step=2),
    "logarithmic-whole": IntDistribution(1, 100, log=True),
    "choice": CategoricalDistribution(["sgd", "adamw", None, 1, 0.5, True]),
}


def observations(domain, count, random):
    """Values of a domain as trials keep them; those with steps only once each: which of two that are the
    same gets the width of the left neighbour is nobody's promise."""
    if isinstance(domain, CategoricalDistribution):
        return random.integers(0, len(domain.choices), count).astype(float)
    if domain.log:
        values = np.exp(random.uniform(np.log(domain.low), np.log(domain.high), count))
    else:
        values = random.uniform(domain.low, domain.high, count)
    if domain.step:
        values = domain.low + np.round((values - domain.low) / domain.step) * domain.step
        values = random.permutation(np.unique(values))
    return values


def joint(parameters):
    """The density of several parameters together."""
    random = np.random.default_rng(2)
    names = ["real", "logarithmic", "choice", "logarithmic-whole"]
    def values(count):
        columns = {name: observations(DOMAINS[name], count, random) for name in names[:3]}
        columns["logarithmic-whole"] = random.permutation(np.arange(1, 101))[:count].astype(float)
        return columns
    seen, asked = values(30), values(8)
    estimator = _ParzenEstimator(seen, {name: DOMAINS[name] for name in names}, parameters)
    return {"domains": names, "seen": np.stack([seen[name] for name in names], 1).tolist(),
            "asked": np.stack([asked[name] for name in names], 1).tolist(),
            "log_density": estimator.log_pdf(asked).tolist()}


def importances(direction, count):
    """The trials of a random search over all domains, one of them under a condition, and what Optuna makes of
    them."""
    study = optuna.create_study(direction=direction, sampler=optuna.samplers.RandomSampler(seed=count))
    trials = []
    for _ in range(count):
        trial = study.ask()
        values = {name: trial._suggest(name, domain) for name, domain in DOMAINS.items() if name != "whole"}
        if values["choice"] == "sgd":
            values["whole"] = trial._suggest("whole", DOMAINS["whole"])
        objective = (np.log10(values["logarithmic"]) + 3) ** 2 + values["real"] + 0.1 * values.get("whole", 3)
        study.tell(trial, objective)
        frozen = study.trials[-1]
        trials.append({
            "objective": objective,
            "assignment": {
                name: frozen.distributions[name].to_internal_repr(value)
                for name, value in frozen.params.items()}})
    return {"direction": direction, "trials": trials,
            "importances": optuna.importance.get_param_importances(study)}


def main():
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    random = np.random.default_rng(1)
    parameters = _ParzenEstimatorParameters(1.0, True, False, default_weights, False)
    cases = []
    for name, domain in DOMAINS.items():
        for count in (0, 1, 2, 7, 40):
            seen = observations(domain, count, random)
            asked = observations(domain, 6, random)
            estimator = _ParzenEstimator({"x": seen}, {"x": domain}, parameters)
            cases.append({
                "domain": name, "seen": seen.tolist(), "asked": asked.tolist(),
                "log_density": estimator.log_pdf({"x": asked}).tolist()})
    points = qmc.Sobol(40, scramble=False).random(128)
    goldens = {
        "sobol": points[:, [0, 1, 2, 7, 20, 39]].tolist(),
        "parzen": cases,
        "joint": joint(parameters),
        "importances": [importances("minimize", 40), importances("maximize", 25)],
        "domains": {name: json.loads(distribution_to_json(domain)) for name, domain in DOMAINS.items()},
    }
    path = pathlib.Path(__file__).parent / "studies.json"
    path.write_text(json.dumps(goldens, indent=None, separators=(",", ":")) + "\n")


main()
