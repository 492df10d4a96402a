import CTorch

/// Adam without weight decay, for a fixed list of parameters.
///
/// Source: Kingma and Ba 2015, arXiv:1412.6980, algorithm 1.
public final class Adam {
  public let parameters: [Tensor]
  /// Running means of the gradients and of their squares.
  public let means: [Tensor]
  public let squares: [Tensor]
  /// Steps that were taken.
  public var step = 0
  public var rate: Double
  /// What multiplies the rate of each parameter; nil for 1.
  public var scales: [Double]?
  /// Those over which gradients are averaged, where there are others.
  public var processes: Processes?
  /// How much of the running mean of gradients a step keeps.
  public var beta1: Double
  private let beta2: Double
  private let epsilon: Double

  public init(
    _ parameters: [Tensor], rate: Double, beta1: Double, beta2: Double, epsilon: Double = 1e-8
  ) {
    self.parameters = parameters
    self.rate = rate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    means = parameters.map { .zeros($0.shape, on: $0.device) }
    squares = parameters.map { .zeros($0.shape, on: $0.device) }
  }

  /// Differentiates `loss` and takes one step; what the loss does not depend on has gradient 0.
  ///
  /// Those that ask for no gradient at present are left out of the derivative, and stay.
  public func minimize(_ loss: Tensor) {
    let moving = parameters.indices.filter { parameters[$0].requiresGradient }
    var gradients: [Tensor?] = parameters.map { _ in nil }
    let found = Tensor.gradients(of: loss, with: moving.map { parameters[$0] })
    for (i, gradient) in zip(moving, found) { gradients[i] = gradient }
    update(zip(gradients, parameters).map { $0 ?? .zeros($1.shape, on: $1.device) })
  }

  /// Forgets all steps, as when other parameters begin to move.
  public func reset() {
    step = 0
    for tensor in means + squares { tensor.assign(.zeros(tensor.shape, on: tensor.device)) }
  }

  /// Takes one step against `gradients`, or their averages over all processes.
  public func update(_ gradients: [Tensor]) {
    precondition(gradients.count == parameters.count, "\(gradients.count) gradients")
    let gradients = processes?.averaged(gradients) ?? gradients
    step += 1
    Tensor.lend(parameters) { p in
      Tensor.lend(gradients) { g in
        Tensor.lend(means) { m in
          Tensor.lend(squares) { v in
            Failure.check(
              ct_adam(
                p, g, m, v, Int32(parameters.count), Int64(step), rate, scales, beta1, beta2,
                epsilon))
          }
        }
      }
    }
  }
}
