/// A value that a parameter without an order may have.
public enum Choice: Equatable, Hashable, Sendable {
  case text(String)
  case number(Double)
  case whole(Int)
  case truth(Bool)
  case nothing
}

/// What a parameter may be.
public enum ParameterDomain: Equatable, Sendable {
  /// Numbers, of which near ones do alike.
  case numeric(NumericDomain)
  /// Values without an order.
  case choice([Choice])
}

/// What is searched for the best value of.
public struct Parameter: Equatable, Sendable {
  /// When a parameter has a value at all.
  public struct Condition: Equatable, Sendable {
    /// An earlier parameter without an order.
    public var parameter: String
    /// The indices of its choices with which this one has a value.
    public var choices: Set<Int>

    /// A condition with every field given.
    public init(parameter: String, choices: Set<Int>) {
      (self.parameter, self.choices) = (parameter, choices)
    }
  }

  /// Its name, of which there is one in a search.
  public var name: String
  /// What it may be.
  public var domain: ParameterDomain
  /// When it has a value; empty for always. All have to hold.
  public var conditions: [Condition]
  /// How many values a grid has of a domain without steps; nil where none was given.
  public var gridCount: Int?

  /// A parameter with every field given.
  public init(
    name: String, domain: ParameterDomain, conditions: [Condition] = [], gridCount: Int? = nil
  ) {
    (self.name, self.domain) = (name, domain)
    (self.conditions, self.gridCount) = (conditions, gridCount)
  }

  /// All values that a grid has, as trials keep them; nil where it has to be told how many.
  var gridValues: [Double]? {
    switch domain {
    case .choice(let choices): choices.indices.map(Double.init)
    case .numeric(let numbers): gridSize.map { numbers.grid(Int($0)) }
    }
  }

  /// How many these are at most; nil where the parameter does not say.
  var gridSize: Double? {
    switch domain {
    case .choice(let choices): Double(choices.count)
    case .numeric(let numbers):
      gridCount.map(Double.init)
        ?? numbers.step.map { ((numbers.high - numbers.low) / $0 + 0.5).rounded(.down) + 1 }
    }
  }
}

/// The values of a trial by their parameters' names: numbers themselves, of choices the indices.
public typealias Assignment = [String: Double]

/// The parameters of a search, in an order in which those that others depend on come first.
public struct SearchSpace: Equatable, Sendable {
  /// The parameters.
  public let parameters: [Parameter]

  /// A space of parameters whose names differ, and whose conditions are on earlier ones.
  public init(_ parameters: [Parameter]) {
    var seen: Set<String> = []
    for parameter in parameters {
      precondition(
        parameter.conditions.allSatisfy { seen.contains($0.parameter) },
        "\(parameter.name) depends on what comes later")
      precondition(seen.insert(parameter.name).inserted, "\(parameter.name) twice")
    }
    self.parameters = parameters
  }

  /// How many combinations of all values there are at most; nil where a parameter does not say which to take.
  public var gridCount: Double? {
    parameters.reduce(Optional(1)) { product, parameter in
      parameter.gridSize.flatMap { size in product.map { $0 * size } }
    }
  }

  /// Gives every parameter a value that has one.
  ///
  /// - Parameter choose: the value of a parameter, which stands at an index among all.
  func assign(_ choose: (Int, Parameter) -> Double) -> Assignment {
    var chosen: Assignment = [:]
    for (index, parameter) in parameters.enumerated() where parameter.isActive(with: chosen) {
      chosen[parameter.name] = choose(index, parameter)
    }
    return chosen
  }
}

extension Parameter {
  /// Whether it has a value beside those of earlier ones.
  func isActive(with chosen: Assignment) -> Bool {
    conditions.allSatisfy { condition in
      chosen[condition.parameter].map { condition.choices.contains(Int($0)) } ?? false
    }
  }
}
