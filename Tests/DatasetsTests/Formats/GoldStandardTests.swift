import Testing

@testable import Datasets

@Suite struct GoldStandardTests {
  @Test func goldStandardMayBeWrittenInMoreWays() throws {
    let corpus = try RECOLAFolder()
    let header = """
      % a comment\r
      @RELATION 'gold standard'\r
      @Attribute "GoldStandard" real\r
      @attribute frametime\tNUMERIC\r
      @attribute label {a, b}\r
      @attribute Instance_name {train_1,'train 2'}\r
      @DATA\r
      % rows\r

      """
    let rows = (0..<5).map { "0.\($0), \(ratingTime($0)) ,a,\"train_1\"\r\n" }.joined()
    try corpus.add("ratings_gold_standard/arousal/train_1.arff", header + rows)
    #expect(try corpus.read().recordings.first?.arousal?.gold == [0, 0.1, 0.2, 0.3, 0.4])
  }

  @Test(arguments: [
    (
      goldStandard(name: "dev_3"),
      "9: column 'Instance_name': 'dev_3' is not the recording of this file, train_1"
    ),
    (
      goldStandard(header: "@relation x\n"), "2: ''train_1',0.00,0.05' does not belong before @data"
    ),
    (goldStandard(0..<0, header: "@relation x\n"), "2: there is no @data; is it an ARFF file?"),
    (
      goldStandard(header: goldHeader.replacing("frameTime", with: "time")),
      "8: the attribute frameTime is missing above"
    ),
    (
      goldStandard(header: "@attribute frameTime numeric\n" + goldHeader),
      "9: the attribute frameTime is there twice"
    ),
    (
      goldStandard(header: "@attribute x\n" + goldHeader),
      "1: '@attribute x' is not an attribute and its type"
    ),
    (goldHeader + "train_1,0.00\n", "9: has 2 fields where the header has 3 attributes"),
    (goldHeader + "train_1,0.00,?\n", "9: column 'GoldStandard': '?' is not a number"),
    (goldHeader + "train_1,0.00,2\n", "9: column 'GoldStandard': 2.0 is outside -1 to 1"),
    (goldHeader + ",0.00,0\n", "9: column 'Instance_name': is empty"),
    (
      goldHeader + "train_1,0.00,0\ntrain_1,0.08,0\n",
      "10: column 'frameTime': 0.08 s follows, where 0.04 s is missing"
    ),
    (goldHeader, " no usable row: nothing follows the header"),
  ])
  func badGoldStandardIsNamed(text: String, problem: String) throws {
    let corpus = try RECOLAFolder()
    try corpus.add("ratings_gold_standard/valence/train_1.arff", text)
    #expect(try corpus.message() == "ratings_gold_standard/valence/train_1.arff:\(problem)")
  }
}
