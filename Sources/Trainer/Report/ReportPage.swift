/// `report.html`: one file that opens anywhere, without network and scripts.
package struct ReportPage: Sendable {
  /// Its heading, such as the stage and the model.
  var title: String
  /// What is said below it.
  var subtitle: String
  /// The numbers that matter most.
  var highlights: [ReportFact]
  /// In the order of reading.
  var sections: [ReportSection]

  /// A page with every field given.
  package init(
    title: String, subtitle: String, highlights: [ReportFact], sections: [ReportSection]
  ) {
    (self.title, self.subtitle) = (title, subtitle)
    (self.highlights, self.sections) = (highlights, sections)
  }

  /// The page.
  package var html: String {
    let head = Markup.element(
      "head", [:],
      [
        .element("meta", ["charset": "utf-8"]),
        .element("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
        // Nothing is loaded and nothing runs, whatever a run was called.
        .element(
          "meta",
          [
            "http-equiv": "Content-Security-Policy",
            "content": "default-src 'none'; img-src data:; style-src 'unsafe-inline'",
          ]),
        .element("title", [:], title), .style(Self.style),
      ])
    let header = Markup.element(
      "header", [:],
      [
        .element("h1", [:], title), .element("p", [:], subtitle),
        .element("div", ["class": "highlights"], highlights.map(highlight)),
      ])
    let body = Markup.element(
      "body", [:], [header] + sections.filter { !$0.figures.isEmpty }.map(section))
    return "<!DOCTYPE html>\n" + Markup.element("html", ["lang": "en"], [head, body]).html + "\n"
  }

  private func highlight(_ fact: ReportFact) -> Markup {
    .element(
      "div", [:],
      [.element("b", [:], fact.value), .element("span", [:], fact.name)]
        + (fact.interval.map { [.element("small", [:], $0)] } ?? []))
  }

  private func section(_ section: ReportSection) -> Markup {
    let note = section.note.map { [Markup.element("p", ["class": "note"], $0)] } ?? []
    let figures = section.figures.map { figure in
      Markup.element("div", ["class": figure.isWide ? "cell wide" : "cell"], [figure.figure])
    }
    return .element(
      "section", [:],
      [.element("h2", [:], section.title)] + note
        + [.element("div", ["class": "grid-of-figures"], figures)])
  }
}
