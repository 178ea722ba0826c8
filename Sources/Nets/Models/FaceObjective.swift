/// What the heads of a `FaceNetwork` are trained for, and on which rows of a batch.
///
/// A batch has labelled faces first, then faces without labels, then triplets, three rows each.
public struct FaceObjective: Sendable, Equatable {
  /// Labelled faces of a micro-batch.
  public var faces: Int
  /// Faces without labels of a micro-batch, which only a teacher knows something about.
  public var unlabeled: Int
  /// Triplets of a micro-batch, of three rows each.
  public var triplets: Int
  /// Whether labelled samples are mixed of two.
  public var mixed: Bool
  /// λ of the cross-entropy of the classes.
  public var expression: Float
  /// The part of a label that is spread over all classes.
  public var labelSmoothing: Float
  /// λ of 1 − CCC of valence and arousal.
  public var concordance: Float
  /// λ of their mean squared error.
  public var squaredError: Float
  /// λ of the triplets' loss.
  public var triplet: Float
  /// What a teacher teaches; nil for none.
  public var distillation: FaceDistillation?

  /// An objective with every field given.
  public init(
    faces: Int, unlabeled: Int = 0, triplets: Int = 0, mixed: Bool = false, expression: Float = 1,
    labelSmoothing: Float = 0, concordance: Float = 0, squaredError: Float = 0,
    triplet: Float = 1, distillation: FaceDistillation? = nil
  ) {
    self.faces = faces
    self.unlabeled = unlabeled
    self.triplets = triplets
    self.mixed = mixed
    self.expression = expression
    self.labelSmoothing = labelSmoothing
    self.concordance = concordance
    self.squaredError = squaredError
    self.triplet = triplet
    self.distillation = distillation
  }

  /// The rows of labelled faces.
  var labelledRows: Range<Int> { 0..<faces }
  /// The rows that a teacher teaches: all faces, with labels and without.
  var taughtRows: Range<Int> { 0..<(faces + unlabeled) }
  /// The rows of triplets.
  var tripletRows: Range<Int> { taughtRows.upperBound..<rows }
  /// All rows of a batch.
  var rows: Int { taughtRows.upperBound + 3 * triplets }
}

/// What a teacher's outputs teach each head, as factors of losses; 0 for nothing.
public struct FaceDistillation: Sendable, Equatable {
  /// λ of the divergence from the teacher's softened classes.
  public var classes: Float
  /// T, by which logits are divided before they are compared.
  public var temperature: Float
  /// λ of the squared distance to the teacher's valence and arousal.
  public var affect: Float
  /// λ of the squared distance between the directions of the embeddings.
  public var embedding: Float

  /// A distillation with every field given.
  public init(classes: Float, temperature: Float, affect: Float = 0, embedding: Float = 0) {
    self.classes = classes
    self.temperature = temperature
    self.affect = affect
    self.embedding = embedding
  }
}
