/// Changes of pixels that are not multiplications; they are made at once.
extension ImagePlanes {
  /// Keeps the upper `bits` of 8.
  func posterize(bits: Int) {
    let levels = Float(1 << bits)
    changeValues { min(max(($0 * levels).rounded(.down), 0), levels - 1) * (1 / levels) }
  }

  /// Inverts colours of at least `threshold`.
  func solarize(from threshold: Float) {
    changeValues { $0 >= threshold ? 1 - $0 : $0 }
  }

  /// Stretches each colour to 0...1.
  func stretchContrast() {
    changePlanes { plane in
      let lowest = plane.min() ?? 0
      let range = (plane.max() ?? 0) - lowest
      guard range > 0 else { return }
      for index in plane.indices { plane[index] = min(max((plane[index] - lowest) / range, 0), 1) }
    }
  }

  /// Makes each of 256 levels of each colour as frequent as the others, as near as that goes.
  ///
  /// - Source: PIL's ImageOps.equalize.
  func equalize() {
    changePlanes { plane in
      withUnsafeTemporaryAllocation(of: Int.self, capacity: 256) { levels in
        levels.initialize(repeating: 0)
        for value in plane { levels[Self.level(value)] += 1 }
        Self.turnIntoEqualLevels(levels, pixels: plane.count)
        for index in plane.indices {
          plane[index] = Float(levels[Self.level(plane[index])]) / 255
        }
      }
    }
  }

  /// Moves pixels away from the mean of their neighbourhood: 0 takes the mean, 1 leaves them.
  ///
  /// Pixels on the edge stay as they are.
  func sharpen(by factor: Float) {
    let width = size
    guard width > 2 else { return }
    changePlanes { plane, original in
      for y in 1..<(width - 1) {
        for x in 1..<(width - 1) {
          let centre = y * width + x
          let sum =
            4 * original[centre] + Self.rowOfThree(original, around: centre - width)
            + Self.rowOfThree(original, around: centre)
            + Self.rowOfThree(original, around: centre + width)
          let value = original[centre] + (1 - factor) * (sum / 13 - original[centre])
          plane[centre] = min(max(value, 0), 1)
        }
      }
    }
  }

  private static func rowOfThree(_ plane: UnsafePointer<Float>, around pixel: Int) -> Float {
    plane[pixel - 1] + plane[pixel] + plane[pixel + 1]
  }

  /// How torchvision turns floats into bytes.
  private static func level(_ value: Float) -> Int { Int(value * 255.999) }

  /// Turns the number of pixels of each level into the level that it becomes.
  private static func turnIntoEqualLevels(_ levels: UnsafeMutableBufferPointer<Int>, pixels: Int) {
    var highest = levels.count - 1
    while highest > 0 && levels[highest] == 0 { highest -= 1 }
    let step = (pixels - levels[highest]) / 255
    var below = 0
    for level in levels.indices {
      let count = levels[level]
      levels[level] = step == 0 ? level : min((below + step / 2) / step, 255)
      below += count
    }
  }

  private func changeValues(_ change: (Float) -> Float) {
    changePlanes { plane in
      for index in plane.indices { plane[index] = change(plane[index]) }
    }
  }

  /// Changes each plane in place, after the changes that were collected.
  private func changePlanes(_ change: (UnsafeMutableBufferPointer<Float>) -> Void) {
    settle()
    for channel in 0..<channels {
      change(UnsafeMutableBufferPointer(start: values + channel * pixels, count: pixels))
    }
  }
}
