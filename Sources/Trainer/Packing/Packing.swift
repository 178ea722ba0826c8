import Datasets
import Distributed
import Foundation

/// Packs faces into tar shards with all ranks of a job: `aver pack`.
public struct Packing: Sendable {
  /// A list of faces (CSV), a split of AffectNet's later release, or a folder of faces without labels.
  public var source: String
  /// The folder that the list's image paths are relative to; nil stands for the list's own.
  public var root: String?
  /// The shards, such as `faces-{000000}.tar`.
  public var output: String
  /// How faces are dealt to shards.
  public var options: ShardPacker.Options
  /// How many rows of the list may be left out.
  public var skipLimit: Int

  /// What was written.
  public struct Summary: Sendable {
    /// The index of the shards.
    public var index: String
    /// Faces in all shards.
    public var faces: Int
    /// Tar files.
    public var shards: Int
    /// Bytes of all shards.
    public var bytes: Int
    /// Rows that were left out because something is wrong with them.
    public var problems: [RowProblem]
    /// Rows labelled none, uncertain or no face.
    public var excluded: Int
  }

  /// A packing with every setting given.
  public init(
    source: String, root: String?, output: String, options: ShardPacker.Options, skipLimit: Int
  ) {
    self.source = source
    self.root = root
    self.output = output
    self.options = options
    self.skipLimit = skipLimit
  }

  /// Packs. Collective.
  ///
  /// Rank 0 reads the list; shard s is written by rank s mod ranks. The index comes last, so that shards
  /// without one are an interrupted packing.
  ///
  /// - Returns: the summary on rank 0, nil elsewhere.
  /// - Throws: `TrainerError.agreed` for what any rank met.
  public func run(job: Job) throws -> Summary? {
    let manifest = try job.agreement.manifestOfRankZero { try readSource() }
    let packer = try job.agreement.together {
      try ShardPacker(manifest, to: output, options: options)
    }
    try job.agreement.onRankZero {
      try DurableFiles.makeFolder(DurableFiles.parent(of: output))
      try DurableFiles.remove(packer.indexPath)
    }
    let sizes = try packer.needsSizes ? gatherSizes(packer, job) : []
    let shards = try job.agreement.together { try packer.shards(sizes: sizes) }
    let ranks = job.communicator.worldSize
    let own = try job.agreement.together {
      try stride(from: job.rank, to: shards.count, by: ranks).map {
        try packer.write(shard: $0, places: shards[$0])
      }
    }
    let all = try gather(own, rounds: (shards.count + ranks - 1) / ranks, job)
    var summary: Summary?
    try job.agreement.onRankZero { summary = Self.summary(of: try packer.writeIndex(all)) }
    return summary
  }

  private func readSource() throws -> FaceManifest {
    let policy = skipLimit > 0 ? ErrorPolicy.skip(limit: skipLimit) : .fail
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: source, isDirectory: &isFolder) else {
      throw TrainerError.usage(
        "'\(source)' does not exist; name a list of faces or a folder of faces")
    }
    guard isFolder.boolValue else {
      return try FaceManifest.list(
        path: source, root: root ?? DurableFiles.parent(of: source), onError: policy)
    }
    if AffectNetArrays.isSplit(source) {
      return try FaceManifest.affectNet(arrays: source, onError: policy)
    }
    // As faces without labels they would lose theirs.
    if let split = AffectNetArrays.splits.first(where: {
      AffectNetArrays.isSplit("\(source)/\($0)")
    }) {
      throw TrainerError.usage(
        "'\(source)' is AffectNet's later release: pack its splits one by one, '\(source)/\(split)'"
      )
    }
    return try FaceManifest.unlabeled(folder: source, onError: policy)
  }

  /// The sizes of all images, of which each rank asks for a part.
  private func gatherSizes(_ packer: ShardPacker, _ job: Job) throws -> [UInt32] {
    let (rank, ranks) = (job.rank, job.communicator.worldSize)
    let part = (packer.count * rank / ranks)..<(packer.count * (rank + 1) / ranks)
    return try job.communicator.allGather(ByteCoding.bytes(of: packer.sizes(of: part)))
      .flatMap { ByteCoding.values(in: $0[...]) as [UInt32] }
  }

  /// What all ranks have written, in the order of the shards; on rank 0.
  private func gather(_ own: [FaceManifest], rounds: Int, _ job: Job) throws -> [FaceManifest] {
    var all: [FaceManifest] = []
    for round in 0..<rounds {
      let bytes = round < own.count ? own[round].packed : []
      let gathered = try job.communicator.gather(bytes, to: 0) ?? []
      all += try gathered.filter { !$0.isEmpty }.map {
        try FaceManifest(packed: $0, file: "the list of a shard")
      }
    }
    return all
  }

  private static func summary(of index: FaceManifest) -> Summary {
    let shards = index.shards ?? []
    return Summary(
      index: index.path, faces: index.records.count, shards: shards.count,
      bytes: shards.reduce(0) { $0 + $1.byteCount }, problems: index.problems,
      excluded: index.excluded)
  }
}
