"""Losses, and what heads need: `<loss>/<case>/<tensor>` with the loss's value and the gradient of what it scores.

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
    add_normalizations(cases)
    add_parts(cases)
    add_two_heads(cases)
    add_smooth_class_weights(cases)
    add_mixed_cross_entropies(cases)


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


def add_smooth_class_weights(cases):
    """PyTorch weights the smooth part of the target by each class's weight."""
    for name, batch, classes in [("smooth", 7, 8), ("one-sample", 1, 5)]:
        labels = torch.randint(classes, (batch,), generator=cases.generator)
        class_weights = cases.normal(classes).abs() + 0.1
        class_weights[(labels[0] + 1) % classes] = 0.0
        add_loss(
            cases, f"cross-entropy-classes/{name}", cases.normal(batch, classes, deviation=1.5),
            lambda z: F.cross_entropy(z, labels, weight=class_weights, label_smoothing=0.1),
            {f"weight{index}": float(weight) for index, weight in enumerate(class_weights)},
            labels=labels.int(), weights=torch.ones(batch))


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


def add_normalizations(cases):
    for name, shape, deviation in [("odd", (5, 13), 2.0), ("sixteen", (3, 4, 16), 0.1),
                                   ("one", (1, 1), 1.0), ("below-bound", (1, 5), 1e-15)]:
        cases.differentiate(
            f"normalization/{name}", lambda input: F.normalize(input, dim=-1), attributes={},
            input=cases.normal(*shape, deviation=deviation).float().double())


def add_parts(cases):
    """Two parts that share a row, added up; one of a value in the kernels' own layout."""
    cases.differentiate(
        "parts/features", lambda input: F.relu(input[0:3] + input[2:5]), attributes={},
        input=cases.normal(6, 7))
    cases.differentiate(
        "parts/images",
        lambda input, weight: F.relu(F.conv2d(input, weight)[1:3] + F.conv2d(input, weight)[2:4]),
        attributes={}, input=cases.normal(5, 3, 4, 3), weight=cases.normal(16, 3, 1, 1))


def add_two_heads(cases):
    """Rows 0–5 have labels, rows 2–7 are two triplets: L = smooth cross-entropy + 0.5 · triplets.

    The attributes hold how far PyTorch's bfloat16 (autocast) is from each value, relative to its norm.
    """
    values = {}
    for name, features, inputs in [
            ("trunk", 10, 12), ("fc", 5, 10), ("embedding.0", 6, 10), ("embedding.2", 4, 6)]:
        values[f"{name}.weight"] = cases.normal(features, inputs, deviation=inputs**-0.5)
        values[f"{name}.bias"] = cases.normal(features, deviation=0.3)
    values = {name: value.float() for name, value in values.items()}
    inputs = {
        "features": cases.normal(8, 12),
        "labels": torch.randint(5, (6,), generator=cases.generator),
        "weights": random_weights(cases, 6, [1]), "triplet_weights": random_weights(cases, 2),
        "margins": torch.tensor([0.125, 1.5]).double()}
    outputs, gradients = two_heads(values, inputs, torch.float64)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs16, gradients16 = two_heads(values, inputs, torch.float32)
    errors = {
        key: float((rounded[key].double() - exact[key]).norm() / exact[key].norm())
        for exact, rounded in [(outputs, outputs16), (gradients, gradients16)] for key in exact}
    case = "two-heads/overlapping"
    cases.add(case, {key: round(error, 5) for key, error in errors.items()}, **inputs, **outputs)
    cases.add(f"{case}/weights", **values)
    cases.add(f"{case}/gradients", **gradients)


def two_heads(values, inputs, dtype):
    """Outputs and losses, and every parameter's gradient."""
    parameters = {name: value.to(dtype).requires_grad_(True) for name, value in values.items()}

    def linear(name, x):
        return F.linear(x, parameters[f"{name}.weight"], parameters[f"{name}.bias"])

    trunk = F.relu(linear("trunk", inputs["features"].to(dtype)))
    logits = linear("fc", trunk[0:6]).to(dtype)
    embedding = F.normalize(
        linear("embedding.2", F.relu(linear("embedding.0", trunk[2:8]))).to(dtype))
    expression = weighted_mean(
        inputs["weights"].to(dtype), F.cross_entropy(
            logits, inputs["labels"], reduction="none", label_smoothing=0.1))
    first, second, third = embedding.view(2, 3, 4).unbind(1)
    margins = inputs["margins"].to(dtype)
    like = (first - second).square().sum(1)
    triplets = weighted_mean(
        inputs["triplet_weights"].to(dtype),
        F.relu(like - (first - third).square().sum(1) + margins)
        + F.relu(like - (second - third).square().sum(1) + margins))
    loss = expression + 0.5 * triplets
    loss.backward()
    outputs = {"logits": logits, "embedding": embedding, "loss": loss,
               "expression_loss": expression, "embedding_loss": triplets}
    return ({name: value.detach() for name, value in outputs.items()},
            {name: value.grad for name, value in parameters.items()})


def add_mixed_cross_entropies(cases):
    """Each sample mixed of two: mixup's sum of two losses, each sample with its own share."""
    for name, batch, classes, smoothing in [("mixed", 6, 8, 0.0), ("mixed-smooth", 5, 7, 0.1)]:
        labels, partners = (
            torch.randint(classes, (batch,), generator=cases.generator) for _ in range(2))
        shares = torch.rand(batch, generator=cases.generator).double()
        shares[0], shares[1] = 0.0, 1.0
        weights = random_weights(cases, batch, [2])
        own, other = ((1 - shares) * weights).float(), (shares * weights).float()

        def loss(z):
            parts = [
                part.double() * F.cross_entropy(
                    z, classes_of, reduction="none", label_smoothing=smoothing)
                for part, classes_of in ((own, labels), (other, partners))]
            return sum(parts).sum() / (own.double() + other.double()).sum()

        add_loss(
            cases, f"cross-entropy-mixed/{name}", cases.normal(batch, classes, deviation=1.5), loss,
            {"smoothing": smoothing}, labels=labels.int(), weights=own,
            partner_labels=partners.int(), partner_weights=other)
