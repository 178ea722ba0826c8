/// Where the images of a list are, row by row, as people call them.
public struct ImageSources: Sendable {
  private let manifest: FaceManifest
  private let shards: OpenShards?

  /// The images of a list.
  public init(of manifest: FaceManifest) {
    self.manifest = manifest
    shards = OpenShards(of: manifest)
  }

  /// The file of a row's image; in shards that and the member: `SHARD: MEMBER`.
  public subscript(row: Int) -> String {
    shards?.name(of: row) ?? manifest.path(of: manifest.records[row])
  }

  /// The file that holds a row's image: the image, or a shard.
  public func file(of row: Int) -> String {
    shards?.path(ofShardWith: row) ?? manifest.path(of: manifest.records[row])
  }
}
