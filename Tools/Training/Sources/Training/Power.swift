import Foundation

/// `base` to the `exponent`; here so that few files import Foundation.
func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
