import Glibc

/// `base` to the `exponent`; here so that few files import Glibc.
func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }

/// The decimal logarithm.
func logarithm10(_ x: Double) -> Double { log10(x) }
