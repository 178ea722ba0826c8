#!/usr/bin/env python3
"""Writes the golden files of the trainer's tests: what PyTorch and TensorBoard compute.

    python3 generate.py optimizers      needs torch
    python3 generate.py schedules       needs torch
    python3 generate.py events          needs tensorboard
    python3 generate.py postprocessing  needs numpy, scipy

Each file is small, and written anew only by hand: a test never writes a golden.
"""
import json
import pathlib
import sys

FOLDER = pathlib.Path(__file__).parent
STEPS = 6


def optimizers():
    import torch

    def history(make):
        torch.manual_seed(11)
        decayed = torch.nn.Parameter(torch.randn(7))
        plain = torch.nn.Parameter(torch.randn(5))
        optimizer, schedule = make(decayed, plain)
        start = torch.cat([decayed, plain]).tolist()
        gradients, weights, rates = [], [], []
        for _ in range(STEPS):
            decayed.grad = torch.randn(7)
            plain.grad = torch.randn(5)
            gradients.append(torch.cat([decayed.grad, plain.grad]).tolist())
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
            weights.append(torch.cat([decayed, plain]).tolist())
        return {"start": start, "gradients": gradients, "weights": weights, "rates": rates}

    def groups(decayed, plain, decay):
        return [{"params": [decayed], "weight_decay": decay},
                {"params": [plain], "weight_decay": 0.0}]

    def cosine(optimizer):
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS, eta_min=0.01)

    def sgd(momentum, nesterov):
        def make(decayed, plain):
            optimizer = torch.optim.SGD(
                groups(decayed, plain, 0.05), lr=0.1, momentum=momentum, nesterov=nesterov)
            return optimizer, cosine(optimizer)
        return make

    def adamw(decayed, plain):
        optimizer = torch.optim.AdamW(
            groups(decayed, plain, 0.05), lr=0.1, betas=(0.8, 0.95), eps=1e-6)
        return optimizer, cosine(optimizer)

    def layerwise(start, update):
        """The steps of `update(weights, gradients, rate, step)` on three tensors, the last of which
        is a bias; the second begins at zero, where trust ratios are not defined."""
        torch.manual_seed(12)
        weights = [torch.randn(7), torch.zeros(4), torch.randn(5)]
        result = {"start": torch.cat(weights).tolist(), "gradients": [], "weights": [], "rates": []}
        for step in range(STEPS):
            gradients = [torch.randn(7), torch.randn(4), torch.randn(5)]
            rate = start * (1 - step / STEPS)
            update(weights, gradients, rate, step + 1)
            result["gradients"].append(torch.cat(gradients).tolist())
            result["weights"].append(torch.cat(weights).tolist())
            result["rates"].append(rate)
        return result

    def ratio(numerator, denominator):
        return (numerator / denominator).item() if numerator > 0 and denominator > 0 else 1.0

    def lars(momentum=0.9, decay=0.05, trust=0.02):
        """Y. You et al., arXiv:1708.03888, algorithm 1."""
        velocity = [torch.zeros(7), torch.zeros(4), torch.zeros(5)]

        def update(weights, gradients, rate, step):
            for index, (w, g, v) in enumerate(zip(weights, gradients, velocity)):
                beta = decay if index < 2 else 0.0
                local = 1.0
                if index < 2:
                    local = ratio(trust * w.norm(), g.norm() + beta * w.norm())
                v.mul_(momentum).add_(rate * local * (g + beta * w))
                w.sub_(v)
        return update

    def lamb(beta1=0.8, beta2=0.95, epsilon=1e-6, decay=0.05):
        """Y. You et al., arXiv:1904.00962, algorithm 2."""
        first = [torch.zeros(7), torch.zeros(4), torch.zeros(5)]
        second = [torch.zeros(7), torch.zeros(4), torch.zeros(5)]

        def update(weights, gradients, rate, step):
            for index, (w, g, m, v) in enumerate(zip(weights, gradients, first, second)):
                m.mul_(beta1).add_((1 - beta1) * g)
                v.mul_(beta2).add_((1 - beta2) * g * g)
                u = (m / (1 - beta1 ** step)) / ((v / (1 - beta2 ** step)).sqrt() + epsilon)
                u = u + (decay if index < 2 else 0.0) * w
                w.sub_(rate * (ratio(w.norm(), u.norm()) if index < 2 else 1.0) * u)
        return update

    def clipped():
        """clip_grad_norm_ on three tensors, from gradients that are short to ones that are long."""
        torch.manual_seed(13)
        result = {"gradients": [], "norms": [], "clipped": []}
        for step in range(STEPS):
            tensors = [torch.nn.Parameter(torch.zeros(count)) for count in (7, 4, 5)]
            for tensor in tensors:
                tensor.grad = torch.randn(len(tensor)) * 10.0 ** (step - 2)
            result["gradients"].append(torch.cat([tensor.grad for tensor in tensors]).tolist())
            norm = torch.nn.utils.clip_grad_norm_(tensors, 2.0)
            result["norms"].append(norm.item())
            result["clipped"].append(torch.cat([tensor.grad for tensor in tensors]).tolist())
        return result

    result = {"sgd-nesterov": history(sgd(0.9, True)), "sgd-momentum": history(sgd(0.9, False)),
              "sgd-plain": history(sgd(0.0, False)), "adamw": history(adamw),
              "lars": layerwise(0.5, lars()), "lamb": layerwise(0.1, lamb())}
    (FOLDER / "optimizers.json").write_text(json.dumps(result, indent=1) + "\n")
    (FOLDER / "clipping.json").write_text(json.dumps(clipped(), indent=1) + "\n")


def schedules():
    """Rates of each step by PyTorch's schedulers, and a metric's values for those that look at one."""
    import torch
    from torch.optim import lr_scheduler

    def rates(make, metrics=None):
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.4)
        schedule = make(optimizer)
        result = []
        for step in range(40):
            result.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step(*([metrics[step]] if metrics else []))
        return result

    def plateau(mode, threshold):
        return lambda optimizer: lr_scheduler.ReduceLROnPlateau(
            optimizer, mode=mode, factor=0.5, patience=2, threshold=threshold, threshold_mode="abs",
            min_lr=0.04, eps=0)

    torch.manual_seed(14)
    losses = (torch.rand(40) * 0.4 + torch.linspace(2, 1, 40).clamp(min=1.5)).tolist()
    losses[7] = float("nan")
    scores = [-loss for loss in losses]
    result = {
        "metrics": [None if loss != loss else loss for loss in losses],
        "cosine": rates(lambda o: lr_scheduler.CosineAnnealingLR(o, 40, eta_min=0.04)),
        "step": rates(lambda o: lr_scheduler.StepLR(o, 7, gamma=0.3)),
        "milestones": rates(lambda o: lr_scheduler.MultiStepLR(o, [5, 12, 30], gamma=0.3)),
        "warmup": rates(lambda o: lr_scheduler.SequentialLR(o, [
            lr_scheduler.LinearLR(o, start_factor=1 / 8, total_iters=7),
            lr_scheduler.CosineAnnealingLR(o, 32, eta_min=0.04)], [8])),
        "plateau-min": rates(plateau("min", 0.0), losses),
        "plateau-max": rates(plateau("max", 0.0), scores),
        "plateau-threshold": rates(plateau("min", 0.05), losses),
    }
    (FOLDER / "schedules.json").write_text(json.dumps(result, indent=1) + "\n")


def events():
    from tensorboard.compat.proto.event_pb2 import Event, SessionLog
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter

    messages = [
        Event(wall_time=1700000000.25, step=0, file_version="brain.Event:2"),
        Event(wall_time=1700000000.25, step=40, session_log=SessionLog(status=SessionLog.START)),
        Event(wall_time=1700000001.5, step=300, summary=Summary(value=[
            Summary.Value(tag="training/loss", simple_value=1.25),
            Summary.Value(tag="training/learning_rate", simple_value=0.1)])),
    ]
    with open(FOLDER / "events.bin", "wb") as file:
        writer = RecordWriter(file)
        for message in messages:
            writer.write(message.SerializeToString())


def postprocessing():
    """Predictions of three recordings, what each step makes of the first, scores, and what is chosen
    for all of them: every step is kept only where it raises the CCC of all recordings end to end."""
    import numpy
    from scipy.ndimage import median_filter
    from scipy.stats import pearsonr

    random = numpy.random.default_rng(3)
    numbers = numpy.float32
    lengths, medians, shifts = (90, 61, 120), (3, 9, 25), (-5, 5, 15)
    truths = [
        (0.3 * numpy.sin(numpy.arange(n) / 11 + n) + 0.1).astype(numbers) for n in lengths]
    # Early, too small, too low, and noisy.
    predictions = [
        (0.4 * numpy.roll(truth, -5) - 0.2 + 0.1 * random.standard_normal(len(truth)))
        .astype(numbers) for truth in truths]

    def median(values, frames):
        return median_filter(values, size=frames, mode="nearest")

    def shift(values, frames):
        places = numpy.clip(numpy.arange(len(values)) - frames, 0, len(values) - 1)
        return values[places]

    def concordance(x, y):
        x, y = x.astype(float), y.astype(float)
        return 2 * numpy.cov(x, y, bias=True)[0, 1] / (
            x.var() + y.var() + (x.mean() - y.mean()) ** 2)

    def apply(values, steps):
        values = median(values, steps["median"])
        values = values + steps["offset"]
        values = steps["pivot"] + steps["factor"] * (values - steps["pivot"])
        return shift(values, steps["shift"])

    truth = numpy.concatenate(truths)

    def joined(steps):
        return numpy.concatenate([apply(values, steps) for values in predictions])

    best = {"median": 1, "offset": 0.0, "factor": 1.0, "pivot": 0.0, "shift": 0}
    history = [concordance(joined(best), truth)]

    def consider(**change):
        nonlocal best
        score = concordance(joined(best | change), truth)
        if score > history[-1]:
            best = best | change
            history.append(score)

    for frames in medians:
        consider(median=frames)
    consider(offset=float(truth.astype(float).mean() - joined(best).astype(float).mean()))
    found = joined(best).astype(float)
    consider(pivot=found.mean(), factor=float(truth.astype(float).std() / found.std()))
    for frames in shifts:
        consider(shift=frames)

    first, wanted = predictions[0], truths[0]
    (FOLDER / "postprocessing.json").write_text(json.dumps({
        "truths": [values.tolist() for values in truths],
        "predictions": [values.tolist() for values in predictions],
        "medians": {str(frames): median(first, frames).tolist() for frames in medians},
        "shifts": {str(frames): shift(first, frames).tolist() for frames in shifts},
        "choice": best, "scores": history,
        "processed": apply(first, best).tolist(),
        "ccc": concordance(first, wanted),
        "pearson": float(pearsonr(first.astype(float), wanted.astype(float)).statistic),
        "rmse": float(numpy.sqrt(((first.astype(float) - wanted.astype(float)) ** 2).mean())),
    }) + "\n")


if __name__ == "__main__":
    {"optimizers": optimizers, "schedules": schedules, "events": events,
     "postprocessing": postprocessing}[sys.argv[1]]()
