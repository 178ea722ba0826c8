"""A face network with all heads, and one training step of it: `faces/<case>/<tensor>`.

The rows of a batch are labelled faces, faces without labels, then triplets. The case `teacher` learns
classes, valence and arousal and the embedding; `student` learns from a teacher's outputs as well.
"""

import torch
import torch.nn.functional as F

from cases_losses import concordance, weighted_mean

MISSING = float("nan")
HIDDEN, DIMENSIONS, SIZE = 10, 6, 32
# λ of each loss; that of the teacher's outputs is 0 where there is no teacher.
EXPRESSION, SMOOTHING, CONCORDANCE, SQUARED, TRIPLET = 0.9, 0.1, 0.5, 0.3, 1.1
DISTILLATION = {"classes": 0.7, "temperature": 2.5, "affect": 0.4, "embedding": 0.6}


def add(cases, make_backbone, initialise):
    for name, faces, unlabeled, triplets in [("teacher", 5, 0, 2), ("student", 4, 3, 2)]:
        add_step(cases, f"faces/{name}", FaceNetwork(make_backbone()), initialise, faces, unlabeled,
                 triplets)


class FaceNetwork(torch.nn.Module):
    """A backbone, whose own names stay as they are, and two heads more."""

    def __init__(self, backbone):
        super().__init__()
        self.classifier = backbone.fc
        backbone.fc = torch.nn.Identity()
        self.backbone = backbone
        features = self.classifier.in_features
        self.affect = torch.nn.Linear(features, 2)
        self.embedding = torch.nn.Sequential(
            torch.nn.Linear(features, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, DIMENSIONS))

    def forward(self, images):
        features = self.backbone(images)
        return self.classifier(features), self.affect(features), F.normalize(self.embedding(features))


def our_name(name):
    if name.startswith("classifier."):
        return name.replace("classifier.", "fc.")
    return name.removeprefix("backbone.")


def add_step(cases, case, model, initialise, faces, unlabeled, triplets):
    initialise(model, cases.generator)
    state = {our_name(key): value.clone() for key, value in model.state_dict().items()}
    taught, rows = faces + unlabeled, faces + unlabeled + 3 * triplets
    inputs = {
        "images": cases.normal(rows, 3, SIZE, SIZE),
        "labels": torch.randint(8, (faces,), generator=cases.generator),
        "weights": cases.normal(faces).abs() + 0.1,
        "affect_targets": cases.normal(faces, 2, deviation=0.5).float().double(),
        "affect_weights": torch.ones(faces).double(),
        "triplet_margins": torch.tensor([0.1, 0.2]).float().double(),
        "triplet_weights": torch.ones(triplets).double(),
    }
    # A face whose class nobody knows, and one without arousal.
    inputs["weights"][1] = 0
    inputs["affect_targets"][2, 1] = MISSING
    if unlabeled:
        inputs |= {
            "teacher_logits": cases.normal(taught, 8, deviation=3.0),
            "teacher_affect": cases.normal(taught, 2, deviation=0.5),
            "teacher_embedding": cases.normal(taught, DIMENSIONS),
            # A face that the teacher could not read.
            "teacher_weights": torch.tensor([1.0] * (taught - 1) + [0.0]).double(),
        }
    model.double().train()
    loss = loss_of(model, inputs, faces, taught, triplets)
    loss.backward()
    stored = dict(inputs, images=inputs["images"].permute(0, 2, 3, 1), labels=inputs["labels"].int())
    cases.add(
        case, {"faces": faces, "unlabeled": unlabeled, "triplets": triplets}, loss=loss, **stored)
    cases.add(case, **{f"weights/{key}": value for key, value in state.items()})
    cases.add(case, **{
        f"gradients/{our_name(key)}": value.grad for key, value in model.named_parameters()})


def loss_of(model, inputs, faces, taught, triplets):
    logits, affect, embedding = model(inputs["images"])
    loss = EXPRESSION * weighted_mean(inputs["weights"], F.cross_entropy(
        logits[:faces], inputs["labels"], label_smoothing=SMOOTHING, reduction="none"))
    targets = inputs["affect_targets"]
    known = ~targets.isnan()
    loss += CONCORDANCE * sum(
        1 - concordance(affect[:faces, axis][known[:, axis]], targets[:, axis][known[:, axis]])
        for axis in range(2)) / 2
    loss += SQUARED * F.mse_loss(affect[:faces][known], targets[known])
    first, second, third = embedding[taught:].view(triplets, 3, DIMENSIONS).unbind(1)
    like = (first - second).square().sum(1)
    loss += TRIPLET * weighted_mean(inputs["triplet_weights"], sum(
        F.relu(like - (one - third).square().sum(1) + inputs["triplet_margins"])
        for one in (first, second)))
    return loss if "teacher_logits" not in inputs else loss + taught_loss(
        logits[:taught], affect[:taught], embedding[:taught], inputs)


def taught_loss(logits, affect, embedding, inputs):
    weights, temperature = inputs["teacher_weights"], DISTILLATION["temperature"]
    divergence = temperature**2 * F.kl_div(
        F.log_softmax(logits / temperature, 1),
        F.softmax(inputs["teacher_logits"] / temperature, 1), reduction="none").sum(1)
    squares = (affect - inputs["teacher_affect"]).square()
    distances = (embedding - F.normalize(inputs["teacher_embedding"])).square().sum(1)
    return (
        DISTILLATION["classes"] * weighted_mean(weights, divergence)
        + DISTILLATION["affect"] * weighted_mean(weights, squares.mean(1))
        + DISTILLATION["embedding"] * weighted_mean(weights, distances))
