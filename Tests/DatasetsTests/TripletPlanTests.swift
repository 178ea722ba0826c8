import Testing

@testable import Datasets

private func triplets(_ count: Int) -> [Triplet] {
  (0..<count).map { index in
    let first = Int32(index * 7 % 11)
    return Triplet(
      faces: SIMD3(first, first + 20, first + 40), oddOneOut: index % 3,
      type: index % 4 == 0 ? .oneClass : .twoClasses, line: index + 1)
  }
}

@Suite struct TripletPlanTests {
  @Test func everyTripletComesOnceInAnEpochWhateverTheRanks() throws {
    let all = triplets(29)
    let plan = try TripletPlan(triplets: all, perMicroBatch: 2, microBatchesPerStep: 4, seed: 5)
    #expect(plan.stepsPerEpoch == 3)
    let steps = 0..<7
    let whole = Array(plan.requests(steps: steps, leaves: 0..<4))
    #expect(whole.count == 28 && whole.allSatisfy { $0.sampleIndices.count == 6 })
    #expect(whole.map(\.epoch) == (0..<28).map { $0 / 12 })
    for ranks in [2, 4] {
      for rank in 0..<ranks {
        let leaves = (rank * 4 / ranks)..<((rank + 1) * 4 / ranks)
        let own = Array(plan.requests(steps: steps, leaves: leaves))
        let expected = whole.enumerated().filter { leaves.contains($0.offset % 4) }.map(\.element)
        #expect(own == expected)
      }
    }
    #expect(Array(plan.requests(steps: 2..<7, leaves: 0..<4)) == Array(whole[8...]))
    let seen = whole[..<12].flatMap(\.sampleIndices)
    let known = Set(all.map { [$0.facesOddLast.x, $0.facesOddLast.y, $0.facesOddLast.z] })
    for start in stride(from: 0, to: seen.count, by: 3) {
      #expect(known.contains(Array(seen[start..<(start + 3)])))
    }
    #expect(Set(plan.indices(ofEpoch: 0)).count == 24)
    #expect(plan.indices(ofEpoch: 0) != plan.indices(ofEpoch: 1))
  }

  @Test func marginsBelongToTheSameTriplets() throws {
    let all = triplets(40)
    let plan = try TripletPlan(triplets: all, perMicroBatch: 3, microBatchesPerStep: 2, seed: 1)
    let margins = Array(plan.margins(steps: 0..<9, leaves: 1..<2))
    let requests = Array(plan.requests(steps: 0..<9, leaves: 1..<2))
    #expect(margins.count == 9)
    for (margins, request) in zip(margins, requests) {
      let indices = plan.indices(ofEpoch: request.epoch)
      for (place, margin) in margins.enumerated() {
        let triplet = all[Int(indices[request.positions.lowerBound / 3 + place])]
        let faces = request.sampleIndices[(3 * place)..<(3 * place + 3)]
        #expect(
          Array(faces)
            == [triplet.facesOddLast.x, triplet.facesOddLast.y, triplet.facesOddLast.z])
        #expect(margin == (triplet.type == .oneClass ? 0.1 : 0.2))
      }
    }
  }

  @Test func facesOfSeveralTripletsAreSeenAnewInEach() throws {
    let plan = try TripletPlan(
      triplets: triplets(33), perMicroBatch: 1, microBatchesPerStep: 1, seed: 2)
    let order = plan.epochOrder(0)
    var counts: [Int32: Int32] = [:]
    for place in 0..<order.count {
      let face = order.sample(at: place)
      #expect(order.draw(at: place) == counts[face, default: 0])
      counts[face, default: 0] += 1
    }
    #expect(counts.values.contains { $0 > 1 })
  }

  @Test func moreThanThereAreIsRefused() {
    #expect(throws: DatasetError.self) {
      try TripletPlan(triplets: triplets(7), perMicroBatch: 2, microBatchesPerStep: 4, seed: 1)
    }
  }
}

@Suite struct FaceTripletsTests {
  private func manifest() -> TripletManifest {
    var manifest = TripletManifest(path: "fec.csv", root: "/data")
    manifest.imagePaths = ["a.jpg", "b.jpg"]
    manifest.faces = [
      .init(image: 0, box: FractionalBox(left: 0.125, right: 0.5, top: 0, bottom: 1)),
      .init(image: 1, box: FractionalBox(left: 0.1, right: 0.9, top: 0.2, bottom: 0.7)),
      .init(image: 1, box: FractionalBox(left: 0.3, right: 0.300_000_1, top: 0.2, bottom: 0.7)),
    ]
    manifest.triplets = [
      Triplet(faces: SIMD3(0, 1, 2), oddOneOut: 1, type: .oneClass, line: 4),
      Triplet(faces: SIMD3(2, 0, 1), oddOneOut: 0, type: .threeClasses, line: 9),
    ]
    return manifest
  }

  @Test func packingKeepsEverything() throws {
    let original = FaceTriplets(manifest())
    let copy = try FaceTriplets(packed: original.packed, file: "copy")
    #expect(copy.triplets == manifest().triplets)
    #expect(copy.faces.records == original.faces.records)
    #expect(copy.faces.records[0].line == 4)
    #expect(copy.faces.records[0].fractionalBox == manifest().faces[0].box)
    #expect(
      copy.faces.records[0].box(in: .init(width: 80, height: 60))
        == FaceBox(x: 10, y: 0, width: 30, height: 60))
    let box = try #require(copy.faces.records[1].fractionalBox)
    #expect(abs(box.left - 0.1) < 1e-7 && abs(box.bottom - 0.7) < 1e-7)
    #expect(copy.faces.records[2].box(in: .init(width: 100, height: 100))?.width == 1)
  }

  @Test func brokenBytesAreRefused() {
    let bytes = FaceTriplets(manifest()).packed
    for count in stride(from: 0, to: bytes.count, by: 3) {
      #expect(throws: DatasetError.self) {
        try FaceTriplets(packed: Array(bytes[..<count]), file: "cut")
      }
    }
    for index in bytes.indices {
      var other = bytes
      other[index] ^= 0xFF
      // Anything but a trap; some bytes have no meaning.
      _ = try? FaceTriplets(packed: other, file: "changed")
    }
  }
}
