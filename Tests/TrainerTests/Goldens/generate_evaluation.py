#!/usr/bin/env python3
"""Writes the golden files of the evaluations' tests: what scikit-learn, torchmetrics and NumPy find.

    python3 generate_evaluation.py metrics      needs numpy, scikit-learn, torch, torchmetrics
    python3 generate_evaluation.py probe        needs numpy, scikit-learn
    python3 generate_evaluation.py summaries    needs tensorboard

Each file is small, and written anew only by hand: a test never writes a golden.
"""
import json
import pathlib
import sys

FOLDER = pathlib.Path(__file__).parent
BOOTSTRAP = 24  # RandomPurpose.bootstrap


def philox(counter, key):
    """Philox4x32-10, J. K. Salmon et al., SC 2011."""
    mask = 0xFFFFFFFF
    for _ in range(10):
        first, second = counter[0] * 0xD2511F53, counter[2] * 0xCD9E8D57
        counter = [(second >> 32) ^ counter[1] ^ key[0], second & mask,
                   (first >> 32) ^ counter[3] ^ key[1], first & mask]
        key = [(key[0] + 0x9E3779B9) & mask, (key[1] + 0xBB67AE85) & mask]
    return counter


def draws(population, replicate, count):
    """The samples of a replicate: integers below `count` by Lemire's method."""
    counter, block, threshold = 0, [], (1 << 32) % count
    result = []
    while len(result) < count:
        if not block:
            block = philox([counter, replicate, BOOTSTRAP << 16, population], [0, 0])
            counter += 1
        product = block.pop(0) * count
        if product & 0xFFFFFFFF >= threshold:
            result.append(product >> 32)
    return result


def write(name, content):
    (FOLDER / name).write_text(json.dumps(content) + "\n")


def metrics():
    import numpy as np
    import torch
    from sklearn import metrics as sk
    from torchmetrics.classification import MulticlassCalibrationError

    random = np.random.default_rng(21)
    count, classes, replicates = 120, 8, 200
    labels = random.choice(classes, count, p=[0.3, 0.25, 0.15, 0.1, 0.08, 0.06, 0.04, 0.02])
    logits = random.normal(size=(count, classes)).astype(np.float32)
    logits[np.arange(count), labels] += 1.5
    logits = logits.round(3)
    double = torch.tensor(logits, dtype=torch.float64)
    probabilities = torch.softmax(double, 1)
    truth = torch.tensor(labels)

    def calibration(norm, bins):
        return MulticlassCalibrationError(classes, n_bins=bins, norm=norm)(
            probabilities, truth).item()

    predictions = logits.argmax(1)
    known = labels < 7
    predictions7 = logits[:, :7].argmax(1)
    pairs = random.uniform(-1, 1, size=(90, 2)).round(3)
    pairs[:, 0] = (0.7 * pairs[:, 1] + 0.2 * pairs[:, 0]).round(3)
    hits = random.random(75) < 0.7

    def ccc(x, y):
        return 2 * np.cov(x, y, bias=True)[0, 1] / (x.var() + y.var() + (x.mean() - y.mean()) ** 2)

    def intervals(population, size, numbers):
        values = np.array([numbers(np.array(draws(population, b, size))) for b in range(replicates)])
        return np.quantile(values, [0.025, 0.975], axis=0).T.tolist()

    def classified(drawn):
        seven = drawn[known[drawn]]
        truth, named = labels[drawn], predictions[drawn]
        recall = sk.recall_score(truth, named, labels=np.unique(truth), average="macro")
        frequent = [label for label in range(classes) if (labels == label).sum() >= 10]
        recalls = sk.recall_score(truth, named, labels=frequent, average=None)
        return [sk.accuracy_score(truth, named), recall,
                sk.accuracy_score(labels[seven], predictions7[seven]), *recalls]

    def affect(drawn):
        x, y = pairs[drawn].T
        return [ccc(x, y), sk.root_mean_squared_error(y, x)]

    write("metrics.json", {
        "labels": labels.tolist(), "logits": logits.ravel().astype(float).round(3).tolist(),
        "ece": calibration("l1", 15), "mce": calibration("max", 15),
        "ece_of_10_bins": calibration("l1", 10),
        "nll": torch.nn.functional.cross_entropy(double, truth).item(),
        "recall": sk.recall_score(labels, predictions, labels=range(classes), average=None).tolist(),
        "accuracy": sk.accuracy_score(labels, predictions),
        "accuracy_7": sk.accuracy_score(labels[known], predictions7[known]),
        "uar": sk.balanced_accuracy_score(labels, predictions),
        "pairs": pairs.ravel().tolist(), "ccc": ccc(*pairs.T),
        "rmse": sk.root_mean_squared_error(pairs[:, 1], pairs[:, 0]),
        "hits": hits.tolist(), "replicates": replicates,
        "first_draws": draws(0, 0, count)[:10],
        "intervals": {"classified": intervals(0, count, classified),
                      "valence": intervals(1, len(pairs), affect),
                      "triplets": intervals(3, len(hits), lambda drawn: [hits[drawn].mean()])},
    })


def probe():
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.preprocessing import StandardScaler

    random = np.random.default_rng(22)
    count, tests, length, classes = 70, 25, 6, 4

    def sample(number):
        labels = random.choice(classes, number, p=[0.4, 0.3, 0.2, 0.1])
        centers = np.array([[1.2 if (label + f) % classes == 0 else 0 for f in range(length)]
                            for label in range(classes)])
        values = centers[labels] + random.normal(size=(number, length)) * [1, 1, 3, 0.5, 1, 1]
        values[:, 4] = 0.25  # does not vary
        return labels, values.round(3).astype(np.float32)

    labels, values = sample(count)
    test_labels, test_values = sample(tests)
    scaler = StandardScaler().fit(values.astype(np.float64))
    scaled = scaler.transform(values.astype(np.float64))
    scaled_tests = scaler.transform(test_values.astype(np.float64))
    fits = []
    for penalty in [1.0, 0.01]:
        model = LogisticRegression(C=1 / (penalty * count), tol=1e-10, max_iter=100_000)
        model.fit(scaled, labels)
        chosen = model.predict_proba(scaled)[np.arange(count), labels]
        loss = -np.log(chosen).mean() + penalty / 2 * (model.coef_ ** 2).sum()
        fits.append({"penalty": penalty, "loss": loss,
                     "probabilities": model.predict_proba(scaled_tests).ravel().tolist(),
                     "predictions": model.predict(scaled_tests).tolist()})
    votes = {}
    for k in [1, 5, 10]:
        model = KNeighborsClassifier(k, metric="cosine", algorithm="brute").fit(values, labels)
        votes[str(k)] = model.predict(test_values).tolist()
    write("probe.json", {
        "length": length, "classes": classes, "labels": labels.tolist(),
        "values": values.astype(float).round(3).ravel().tolist(),
        "test_labels": test_labels.tolist(),
        "test_values": test_values.astype(float).round(3).ravel().tolist(),
        "scaled": scaled.ravel().tolist(), "fits": fits, "votes": votes})


def summaries():
    """Events with a histogram, an image and a text, by TensorBoard's own messages."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboard.compat.proto.histogram_pb2 import HistogramProto
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
    from tensorboard.compat.proto.types_pb2 import DT_STRING
    from tensorboard.summary.writer.record_writer import RecordWriter

    limits = [-1.5 + 3.5 * (index + 1) / 30 for index in range(30)]
    counts = [0.0] * 30
    for value in [-1.5, 0.0, 0.25, 2.0]:
        counts[min(29, int((value + 1.5) * 30 / 3.5))] += 1
    event = Event(wall_time=1700000002.5, step=7, summary=Summary(value=[
        Summary.Value(tag="weights/fc.weight", histo=HistogramProto(
            min=-1.5, max=2, num=4, sum=0.75, sum_squares=6.3125, bucket_limit=limits,
            bucket=counts)),
        Summary.Value(tag="training/images", image=Summary.Image(
            height=2, width=3, colorspace=3, encoded_image_string=b"\xff\xd8 no real file")),
        Summary.Value(
            tag="validation/confusion",
            tensor=TensorProto(
                dtype=DT_STRING, tensor_shape=TensorShapeProto(), string_val=[b"| a |"]),
            metadata=SummaryMetadata(
                plugin_data=SummaryMetadata.PluginData(plugin_name="text"))),
    ]))
    with open(FOLDER / "summaries.bin", "wb") as file:
        RecordWriter(file).write(event.SerializeToString())


if __name__ == "__main__":
    {"metrics": metrics, "probe": probe, "summaries": summaries}[sys.argv[1]]()
