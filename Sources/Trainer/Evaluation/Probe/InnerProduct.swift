/// Σ left · right over `count` numbers, always in the same order.
func innerProduct(
  _ left: UnsafePointer<Double>, _ right: UnsafePointer<Double>, count: Int
) -> Double {
  // Four sums side by side: one would wait for each addition.
  var sums = SIMD4<Double>.zero
  let wide = count / 4 * 4
  for index in stride(from: 0, to: wide, by: 4) {
    let first = UnsafeRawPointer(left + index).loadUnaligned(as: SIMD4<Double>.self)
    let second = UnsafeRawPointer(right + index).loadUnaligned(as: SIMD4<Double>.self)
    sums += first * second
  }
  return (wide..<count).reduce(sums.sum()) { $0 + left[$1] * right[$1] }
}
