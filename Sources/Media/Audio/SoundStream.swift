/// A recording at another rate, from one moment on, block by block.
///
/// Wherever it starts, a sample has the same bits: input is taken from so far ahead, and at such a
/// phase of the two rates, that the resampler computes what it would have computed from the start.
final class SoundStream {
  private static let blockFrames = 8192
  /// Full scale is 1. Float files go a little above it; what is far above is damage or another
  /// scale.
  private static let largestSample: Float = 256

  /// The output sample that is read next.
  private(set) var position: Int

  private let source: any SoundSource
  private let resampler: SoundResampler?
  private let file: String
  /// The output sample that was asked for first.
  private let start: Int
  /// The output sample that the resampler gives next.
  private var produced: Int
  /// The input sample that is taken next; negative before the recording's start, where it is
  /// silent.
  private var nextInput: Int
  /// How many input samples there are, once that is known.
  private var inputEnd: Int?
  private let input = UnsafeMutableBufferPointer<Float>.allocate(capacity: SoundStream.blockFrames)
  private var output = UnsafeMutableBufferPointer<Float>.allocate(capacity: SoundStream.blockFrames)
  /// The part of `output` that was not read yet.
  private var pending = 0..<0

  /// - Parameters:
  ///   - resampler: nil where the recording has the wanted rate.
  ///   - start: the first output sample.
  init(_ source: any SoundSource, resampler: SoundResampler?, from start: Int, file: String) throws
  {
    self.source = source
    self.resampler = resampler
    self.file = file
    self.start = start
    position = start
    produced = start
    nextInput = start
    if let resampler {
      let period = resampler.inputPeriod
      let periodsAhead = (2 * resampler.span + period - 1) / period
      let firstPeriod = start / resampler.outputPeriod - periodsAhead
      nextInput = firstPeriod * period
      produced = firstPeriod * resampler.outputPeriod
      try resampler.restart()
    }
    try source.seek(to: max(0, nextInput))
  }

  deinit {
    input.deallocate()
    output.deallocate()
  }

  /// Reads on.
  ///
  /// - Returns: how many samples; fewer than `block` holds only at the end, then 0.
  func read(into block: UnsafeMutableBufferPointer<Float>) throws -> Int {
    var count = 0
    while count < block.count {
      if pending.isEmpty { try fill() }
      let taken = min(block.count - count, pending.count)
      if taken == 0 { break }
      for index in 0..<taken { block[count + index] = output[pending.lowerBound + index] }
      pending = (pending.lowerBound + taken)..<pending.upperBound
      count += taken
    }
    position += count
    return count
  }

  /// How many output samples there are, once that is known: those before the recording's end.
  private func outputEnd(_ resampler: SoundResampler) -> Int? {
    let period = resampler.inputPeriod
    return inputEnd.map {
      let (periods, rest) = $0.quotientAndRemainder(dividingBy: period)
      return periods * resampler.outputPeriod
        + (rest * resampler.outputPeriod + period - 1) / period
    }
  }

  /// Makes `pending` hold samples, unless the recording has ended.
  private func fill() throws {
    guard let resampler else {
      pending = 0..<(try takeSound(output))
      return
    }
    while pending.isEmpty && produced < outputEnd(resampler) ?? .max {
      let count = try takeInput()
      grow(to: try resampler.capacity(for: count))
      let made = try resampler.convert(
        UnsafeMutableBufferPointer(rebasing: input[..<count]), into: output)
      let last = outputEnd(resampler).map { min(made, max(0, $0 - produced)) } ?? made
      pending = min(max(0, start - produced), last)..<last
      produced += made
    }
  }

  /// Fills `input` with what comes next, sound or the silence before and after it.
  private func takeInput() throws -> Int {
    if nextInput < 0 {
      let count = min(-nextInput, input.count)
      input[..<count].update(repeating: 0)
      nextInput += count
      return count
    }
    let count = inputEnd == nil ? try takeSound(input) : 0
    input[count...].update(repeating: 0)
    return input.count
  }

  private func takeSound(_ block: UnsafeMutableBufferPointer<Float>) throws -> Int {
    let count = try source.read(into: block)
    for index in 0..<count where !(abs(block[index]) <= Self.largestSample) {
      let seconds = Double(nextInput + index) / Double(source.header.rate)
      throw MediaError.brokenSound(
        file: file,
        reason: "a sample of \(block[index]) at \(seconds) s; full scale is 1, so samples beyond "
          + "\(Self.largestSample) are no sound or have to be scaled")
    }
    nextInput += count
    if count < block.count { inputEnd = nextInput }
    return count
  }

  private func grow(to count: Int) {
    if count <= output.count { return }
    output.deallocate()
    output = .allocate(capacity: count)
  }
}
