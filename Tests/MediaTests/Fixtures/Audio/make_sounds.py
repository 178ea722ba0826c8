"""Writes the small recordings of this folder, and the log-mel golden.

Run: python make_sounds.py (NumPy; ffmpeg with AAC, Opus, Vorbis, MP3 and H.264 encoders).

Recordings hold a chirp of 1.5 s whose samples anyone can compute (SoundFixtures.swift does).
logmel.f32 is float64 NumPy's log-mel spectrogram of the sound that LogMelTests.swift computes,
by the definition of AudioSet's mel_features.py.
"""

import pathlib
import subprocess
import tempfile
import wave

import numpy as np

HERE = pathlib.Path(__file__).parent
SECONDS = 1.5


def chirp(rate, seconds=SECONDS):
    """0.5 sin of a phase that rises from 200 Hz by 1 000 Hz a second."""
    time = np.arange(int(rate * seconds)) / rate
    return 0.5 * np.sin(2 * np.pi * (200 * time + 500 * time**2))


def write_wav(path, samples, rate, channels):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        integers = np.round(samples * 32767).astype("<i2")
        file.writeframes(np.repeat(integers[:, None], channels, axis=1).tobytes())


def encode(*arguments):
    command = ["ffmpeg", "-v", "error", "-y", *map(str, arguments)]
    plain = ["-fflags", "+bitexact", "-map_metadata", "-1"]
    subprocess.run([*command[:-1], *plain, command[-1]], check=True)


def recordings(scratch):
    stereo, mono, long = (scratch / name for name in ("stereo.wav", "mono.wav", "long.wav"))
    write_wav(stereo, chirp(44100), 44100, 2)
    write_wav(mono, chirp(48000), 48000, 1)
    write_wav(long, chirp(16000, 6), 16000, 1)
    encode("-i", long, "-c:a", "aac", "-b:a", "24k", HERE / "long.m4a")
    encode("-i", stereo, "-c:a", "aac", "-b:a", "64k", HERE / "chirp.m4a")
    encode("-i", stereo, "-c:a", "libmp3lame", "-b:a", "48k", HERE / "chirp.mp3")
    encode("-i", mono, "-c:a", "libopus", "-b:a", "32k", HERE / "chirp.webm")
    encode("-i", mono, "-c:a", "libvorbis", "-q:a", "1", HERE / "chirp.ogg")
    encode("-i", mono, "-c:a", "flac", HERE / "chirp.flac")
    hole = ["-af", "aselect=not(between(t\\,0.5\\,1.0))", "-ar", "8000", "-c:a", "pcm_s16le"]
    encode("-i", mono, *hole, HERE / "gap.mkv")
    picture = ["-f", "lavfi", "-i", "color=size=32x32:rate=25:duration=2.5"]
    video = ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-b:a", "48k"]
    late = [*picture, "-itsoffset", "0.5", "-i", mono, "-map", "0:v", "-map", "1:a"]
    encode(*late, *video, HERE / "late.mp4")
    webm = ["-c:v", "libvpx", "-b:v", "20k", "-c:a", "libopus", "-b:a", "32k"]
    encode(*late, *webm, HERE / "late.webm")
    encode(*late, *video, HERE / "late.ts")
    encode(*picture, *video[:4], HERE / "silent.mp4")
    # Opus starts 6.5 ms before its first sample: so does the file, unless the picture is what is late.
    numbers = "color=size=32x32:rate=25:duration=1.5,geq=lum='16+4*N':cb=128:cr=128"
    sharp = ["-c:v", "libvpx", "-crf", "4", "-b:v", "2M", "-g", "6", *webm[4:]]
    together = ["-f", "lavfi", "-i", numbers, "-i", mono, "-map", "0:v", "-map", "1:a"]
    encode(*together, *sharp, HERE / "early.webm")
    encode("-itsoffset", "0.4", *together, *sharp, HERE / "waiting.webm")


def frames_of(samples, window, hop):
    count = 1 + (len(samples) - window) // hop
    return np.stack([samples[hop * i : hop * i + window] for i in range(count)])


def mel(hertz):
    return 1127 * np.log(1 + np.asarray(hertz, dtype=np.float64) / 700)


def mel_weights(bands=64, lowest=125, highest=7500, rate=16000, points=512):
    bins = mel(np.arange(points // 2 + 1) * rate / points)[:, None]
    edges = np.linspace(mel(lowest), mel(highest), bands + 2)
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    weights = np.minimum((bins - left) / (centre - left), (right - bins) / (right - centre))
    weights = np.maximum(weights, 0)
    weights[0] = 0
    return weights


def log_mel(samples):
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    magnitudes = np.abs(np.fft.rfft(frames_of(samples, 400, 160) * window, 512))
    return np.log(magnitudes @ mel_weights() + 0.01)


def golden():
    """Full-scale tone, noise, a chirp, digital silence: what is loud stands beside what is not."""
    state, noise = 1, []
    for _ in range(8000):
        state = (state * 1664525 + 1013904223) % 2**32
        noise.append(state / 2**31 - 1)
    tone = np.sin(2 * np.pi * 1000 * np.arange(8000) / 16000)
    sound = np.concatenate([tone, 0.25 * np.array(noise), chirp(16000), np.zeros(4000)])
    rounded = sound.astype(np.float32).astype(np.float64)
    (HERE / "logmel.f32").write_bytes(log_mel(rounded).astype("<f4").tobytes())


def main():
    with tempfile.TemporaryDirectory() as scratch:
        recordings(pathlib.Path(scratch))
    golden()


main()
