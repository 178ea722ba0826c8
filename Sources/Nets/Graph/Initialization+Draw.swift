import CVectorKernels
import CounterRandom

extension Initialization {
  /// Draws the elements of a parameter, in the order of its row-major array.
  ///
  /// - Parameter random: of which none has been drawn yet.
  func draw(into elements: UnsafeMutableBufferPointer<Float>, from random: CounterRandom) {
    guard let start = elements.baseAddress else { return }
    let (count, stream) = (elements.count, aver_random_stream(random))
    switch self {
    case .constant(let value):
      elements.update(repeating: value)
    case .uniform(let bound):
      aver_draw_uniform_f32(start, count, -bound, 2 * bound, stream)
    case .kaimingNormal(let fanOut):
      aver_draw_normal_f32(start, count, (2 / Float(fanOut)).squareRoot(), stream)
    case .normal(let deviation):
      aver_draw_normal_f32(start, count, deviation, stream)
    }
  }
}
