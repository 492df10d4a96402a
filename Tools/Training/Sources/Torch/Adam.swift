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
  /// Those over which gradients are averaged, where there are others.
  public var processes: Processes?
  private let beta1: Double
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
  public func minimize(_ loss: Tensor) {
    let gradients = zip(Tensor.gradients(of: loss, with: parameters), parameters).map {
      $0 ?? .zeros($1.shape, on: $1.device)
    }
    update(gradients)
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
                p, g, m, v, Int32(parameters.count), Int64(step), rate, beta1, beta2, epsilon))
          }
        }
      }
    }
  }
}
