/// AffectNet's later release: one small file for each value of each image.
///
/// A split is a folder with `images/ID.jpg` and `annotations/ID_exp.npy`, `ID_val.npy`, `ID_aro.npy`
/// and, where there are landmarks, `ID_lnd.npy`. Its 1.15 million small files would cost every start of
/// a run minutes on a cluster's file system; they are read once, and packed into shards.
public enum AffectNetArrays {
  /// The folders of the splits.
  public static let splits = ["train_set", "val_set"]

  /// Whether a folder is a split, by the folders in it.
  public static func isSplit(_ folder: String) -> Bool {
    ["images", "annotations"].allSatisfy { DataFormat.isFolder("\(folder)/\($0)") }
  }
}
