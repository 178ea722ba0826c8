import CVectorKernels
import CounterRandom

extension aver_random_stream {
  /// The numbers of `random`, of which none has been drawn yet.
  init(_ random: CounterRandom) {
    let (key, counter) = random.stream
    self.init(
      key: (key.x, key.y), counter: (counter.x, counter.y, counter.z, counter.w))
  }
}
