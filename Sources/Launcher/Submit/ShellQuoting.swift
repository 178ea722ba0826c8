extension String {
  /// The text as one word of a POSIX shell, whatever is in it.
  ///
  /// - Source: POSIX.1-2017, Shell Command Language 2.2.2: between single quotes all characters but the
  ///   single quote stand for themselves.
  var shellQuoted: String {
    let isPlain =
      !isEmpty
      && unicodeScalars.allSatisfy { $0.isSafe || "_-./=,:+@%".unicodeScalars.contains($0) }
    // By code points: an accent on a quote would hide it in one character.
    return isPlain
      ? self
      : "'" + unicodeScalars.map { $0 == "'" ? #"'\''"# : String($0) }.joined() + "'"
  }
}
