"""Losses: `<loss>/<case>/<tensor>` with the loss's value and the gradient of what it scores.

Every loss is the weighted mean over the rows, Σ wᵢ lᵢ / Σ wᵢ, as `Loss` in Nets states it. PyTorch's
own functions where it has them.
"""

import torch
import torch.nn.functional as F


MISSING = float("nan")


def add(cases):
    add_cross_entropies(cases)
    add_distillations(cases)
    add_embedding_distances(cases)
    add_triplets(cases)
    add_squared_errors(cases)
    add_concordances(cases)


def add_loss(cases, case, prediction, loss_of, attributes=None, **others):
    prediction = prediction.requires_grad_(True)
    loss = loss_of(prediction)
    loss.backward()
    cases.add(case, attributes or {}, prediction=prediction, gradient=prediction.grad, loss=loss,
              **others)


def random_weights(cases, count, masked=()):
    weights = cases.normal(count).abs() + 0.1
    weights[list(masked)] = 0.0
    return weights


def weighted_mean(weights, losses):
    return (weights * losses).sum() / weights.sum()


def add_cross_entropies(cases):
    """Class weights as PyTorch takes them; then weights of samples, with label smoothing."""
    for name, batch, classes, deviation in [("class-weights", 7, 8, 1.5), ("one-sample", 1, 5, 1.0)]:
        labels = torch.randint(classes, (batch,), generator=cases.generator)
        class_weights = cases.normal(classes).abs() + 0.1
        add_loss(
            cases, f"cross-entropy/{name}", cases.normal(batch, classes, deviation=deviation),
            lambda z: F.cross_entropy(z, labels, weight=class_weights),
            {"smoothing": 0.0}, labels=labels.int(), weights=class_weights[labels])
    for name, batch, classes, deviation, masked in [
            ("smooth", 6, 8, 1.0, [1]), ("large-logits", 5, 3, 60.0, [0, 4]),
            ("smooth-one-sample", 1, 7, 1.0, [])]:
        labels = torch.randint(classes, (batch,), generator=cases.generator)
        weights = random_weights(cases, batch, masked)
        add_loss(
            cases, f"cross-entropy/{name}", cases.normal(batch, classes, deviation=deviation),
            lambda z: weighted_mean(
                weights, F.cross_entropy(z, labels, reduction="none", label_smoothing=0.1)),
            {"smoothing": 0.1}, labels=labels.int(), weights=weights)


def add_distillations(cases):
    for name, batch, classes, temperature, masked in [
            ("batch-mean", 6, 8, 1.0, None), ("hot", 5, 8, 4.0, [2]), ("cold", 3, 7, 0.5, [0]),
            ("one-sample", 1, 9, 2.0, [])]:
        teacher = cases.normal(batch, classes, deviation=3.0)
        weights = torch.ones(batch).double() if masked is None else random_weights(
            cases, batch, masked)

        def loss(student):
            arguments = (F.log_softmax(student / temperature, 1), F.softmax(teacher / temperature, 1))
            if masked is None:
                return temperature**2 * F.kl_div(*arguments, reduction="batchmean")
            rows = F.kl_div(*arguments, reduction="none").sum(1)
            return temperature**2 * weighted_mean(weights, rows)

        add_loss(
            cases, f"distillation/{name}", cases.normal(batch, classes, deviation=2.0), loss,
            {"temperature": temperature}, teacher=teacher, weights=weights)


def add_embedding_distances(cases):
    for name, batch, length, masked in [("odd", 5, 13, [3]), ("sixteen", 4, 16, []),
                                        ("one-sample", 1, 3, [])]:
        targets = cases.normal(batch, length, deviation=2.0)
        weights = random_weights(cases, batch, masked)
        embeddings = cases.normal(batch, length, deviation=0.5)
        add_loss(
            cases, f"embedding-squared/{name}", embeddings.clone(),
            lambda x: weighted_mean(
                weights, (F.normalize(x) - F.normalize(targets)).square().sum(1)),
            targets=targets, weights=weights)
        add_loss(
            cases, f"embedding-cosine/{name}", embeddings.clone(),
            lambda x: weighted_mean(weights, 1 - F.cosine_similarity(x, targets)),
            targets=targets, weights=weights)


def add_triplets(cases):
    """Some hinges are open and some closed."""
    for name, triplets, length, masked in [("odd", 5, 11, [2]), ("sixteen", 8, 16, [0, 1]),
                                           ("one", 1, 4, [])]:
        margins = 0.1 + 0.1 * torch.randint(2, (triplets,), generator=cases.generator).double()
        margins = margins.float().double()
        weights = random_weights(cases, triplets, masked)

        def loss(x):
            first, second, third = x.view(triplets, 3, length).unbind(1)

            def distance(a, b):
                return (a - b).square().sum(1)

            like = distance(first, second)
            return weighted_mean(
                weights, F.relu(like - distance(first, third) + margins)
                + F.relu(like - distance(second, third) + margins))

        embeddings = F.normalize(cases.normal(3 * triplets, length)).float().double()
        add_loss(cases, f"triplet/{name}", embeddings, loss, margins=margins, weights=weights)


def add_squared_errors(cases):
    for name, shape, masked in [("points", (7, 2), [3]), ("sequences", (3, 5, 2), [1, 8]),
                                ("one", (1, 1), [])]:
        targets = cases.normal(*shape)
        if len(targets) > 1:
            targets.view(-1)[[1, 6]] = MISSING
        weights = random_weights(cases, targets[..., 0].numel(), masked).view(shape[:-1])
        known = ~targets.isnan()
        parts = weights.unsqueeze(-1).expand(shape)[known]
        add_loss(
            cases, f"squared-error/{name}", cases.normal(*shape),
            lambda x: weighted_mean(
                parts, F.mse_loss(x[known], targets[known], reduction="none")),
            targets=targets, weights=weights)


def concordance(x, y):
    deviation = (x - x.mean()) * (y - y.mean())
    return 2 * deviation.mean() / (
        x.var(correction=0) + y.var(correction=0) + (x.mean() - y.mean()).square())


def add_concordances(cases):
    for name, shape, masked in [("sequences", (3, 7, 2), [4, 13, 20]), ("odd", (2, 5, 3), []),
                                ("one-sequence", (1, 4, 2), [0]), ("two-frames", (1, 2, 1), [])]:
        targets = cases.normal(*shape, mean=0.3, deviation=0.5)
        if name == "sequences":
            targets[1, 2, 0] = MISSING
        weights = torch.ones(shape[:-1]).double()
        weights.view(-1)[masked] = 0.0

        def loss(x):
            total = 0.0
            for dimension in range(shape[-1]):
                known = (weights != 0) & ~targets[..., dimension].isnan()
                total += 1 - concordance(
                    x[..., dimension][known], targets[..., dimension][known])
            return total / shape[-1]

        noise = cases.normal(*shape, mean=-0.2, deviation=0.4)
        prediction = (0.5 * targets.nan_to_num() + noise).float().double()
        add_loss(
            cases, f"concordance/{name}", prediction, loss, targets=targets, weights=weights)
